/**
 * The daemon's part in governance: it gives its replica the keys that a rotation brings into force, links to whoever the
 * present configuration names, passes commands on, and remembers what became of them.
 */

import type { Note } from '@concordat/kernel';
import {
  type Configuration,
  configurationOf,
  decodeReconfigure,
  encodeConfiguration,
  type Governed,
  memberIds,
  submitCommand,
} from '@concordat/replication';
import {
  createKeys,
  createSignatures,
  type Host,
  loadIdentity,
  type NamedIdentity,
} from '@concordat/runtime';
import { equalBytes, fromHex, toHex } from '@concordat/wire';
import { hostAndPort } from '../config/federation.ts';
import { identitiesIn } from '../config/organisation.ts';
import type { DomainMessage, DomainState } from '../domain/domain.ts';
import { decodeContact, nameIn } from '../governance/genesis.ts';

type DomainHost = Host<DomainState, DomainMessage>;

/** What a replica must know to be governed: the own keys, past and coming, are in the daemon's directory. */
export const governedBy = (directory: string, self: number, genesis: Configuration): Governed => ({
  genesis,
  verifyWith: createSignatures().verifyWith,
  keysOf: (publicKey) => {
    const found = identitiesIn(directory)
      .map(identityAt)
      .find((one) => one !== null && equalBytes(one.publicKey, publicKey));
    return found == null ? null : createKeys({ self, seed: found.seed, publicKeys: new Map() });
  },
});

function identityAt(file: string): NamedIdentity | null {
  try {
    return loadIdentity(file);
  } catch {
    return null;
  }
}

/** Links to all members of the present configuration; those who have left stay linked, for they may lag. */
export function linkMembers(host: DomainHost): void {
  for (const { id, contact } of configurationOf(host.state.replica).members) {
    const card = decodeContact(contact);
    if (card !== null) host.addMember(id, { ...hostAndPort(card.address), pin: card.pin });
  }
}

export interface GovernanceStatus {
  readonly epoch: number;
  /** The present configuration's bytes, in hexadecimal. */
  readonly configuration: string;
  readonly isMember: boolean;
  readonly members: readonly {
    readonly id: number;
    readonly name: string;
    /** Of the service, that its binary can run, as it has announced them or by what the federation began with. */
    readonly versions: readonly number[];
  }[];
}

/** Outcomes of commands that operators may still ask about. */
const MAX_VERDICTS = 64;

export interface Governing {
  /** Hears of verdicts. */
  onNote(note: Note): void;
  /** Answers control requests about governance; undefined for all others. */
  answer(host: DomainHost, request: string): unknown;
}

export function createGoverning(): Governing {
  const verdicts = new Map<string, unknown>();
  let asked = 0;
  const started = new Map<string, number | null>();
  const submit = (host: DomainHost, hex: string): unknown => {
    const command = decodeReconfigure(fromHex(hex) ?? new Uint8Array(0));
    if (command === null) return { error: 'this is no command' };
    const ticket = `${++asked}`;
    host.inject((s, env) => void started.set(ticket, submitCommand(s.replica, env, command)));
    return { ticket };
  };
  const verdictOn = (ticket: string): unknown => {
    const client = started.get(ticket);
    if (client === null) return { refused: 'this daemon is no member now, or waits for other verdicts' };
    return { verdict: verdicts.get(`${client}`) ?? null };
  };
  return {
    onNote: ({ kind, client, ...verdict }) => {
      if (kind !== 'verdict') return;
      verdicts.set(`${client}`, verdict);
      const [oldest] = verdicts.keys();
      if (verdicts.size > MAX_VERDICTS && oldest !== undefined) verdicts.delete(oldest);
    },
    answer: (host, request) => {
      const [verb, argument = ''] = request.split(' ');
      if (verb === 'governance') return governanceOf(host);
      if (verb === 'submit') return submit(host, argument);
      return verb === 'verdict' ? verdictOn(argument) : undefined;
    },
  };
}

function governanceOf({ state: { replica } }: DomainHost): GovernanceStatus {
  const configuration = configurationOf(replica);
  const { announced } = replica.execution.core.governance;
  const { version } = replica.governance.genesis;
  return {
    epoch: configuration.epoch,
    configuration: toHex(encodeConfiguration(configuration)),
    isMember: replica.isSeated,
    members: memberIds(configuration).map((id) => ({
      id,
      name: nameIn(configuration, id),
      versions: announced.get(id) ?? [version],
    })),
  };
}
