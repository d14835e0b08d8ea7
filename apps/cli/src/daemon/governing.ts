/**
 * The daemon's part in governance: what it shares with members of the library is in `@concordat/replication/edge`; here it
 * answers its operator's commands, and remembers what became of them.
 */

import type { NodeId, Note } from '@concordat/kernel';
import {
  type Configuration,
  configurationOf,
  decodeReconfigure,
  encodeChain,
  encodeConfiguration,
  type Governed,
  linksAfter,
  memberIds,
} from '@concordat/replication';
import {
  type CommandEnd,
  createCommands,
  followAssociates,
  followMembers,
  governedBy,
  keyringIn,
  nameIn,
} from '@concordat/replication/edge';
import type { Host, Logger, PeerAddress } from '@concordat/runtime';
import { fromHex, toHex } from '@concordat/wire';
import type { DomainMessage, DomainState } from '../domain/domain.ts';

type DomainHost = Host<DomainState, DomainMessage>;

/** The own keys, past and coming, are in the daemon's directory. */
export const governedIn = (directory: string, name: string, self: NodeId, genesis: Configuration): Governed =>
  governedBy(genesis, self, keyringIn(directory, name));

/** Links to whoever the present configuration names, or the federation file. */
export const linkMembers = (
  host: DomainHost,
  addressOf: (id: NodeId) => PeerAddress | null,
  logger: Logger,
): void => {
  const onProblem = (member: NodeId, why: string): void => logger.error('cannot-link', { member, why });
  followMembers(host, host.state.replica, null, addressOf, onProblem);
  followAssociates(host, configurationOf(host.state.replica), onProblem);
};

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
  const commands = createCommands();
  /** By ticket; without an entry none has come yet. */
  const ends = new Map<string, CommandEnd>();
  let asked = 0;
  const submit = (host: DomainHost, hex: string): unknown => {
    const command = decodeReconfigure(fromHex(hex) ?? new Uint8Array(0));
    if (command === null) return { error: 'this is no command' };
    const ticket = `${++asked}`;
    host.inject((s, env) =>
      commands.submit(s.replica, env, command, (end) => {
        ends.set(ticket, end);
        const [oldest] = ends.keys();
        if (ends.size > MAX_VERDICTS && oldest !== undefined) ends.delete(oldest);
      }),
    );
    return { ticket };
  };
  const verdictOn = (ticket: string): unknown => {
    const end = ends.get(ticket) ?? null;
    if (end === 'refused-here')
      return { refused: 'this daemon is no member now, or waits for other verdicts' };
    return end === 'left' ? { refused: 'this daemon has left' } : { verdict: end };
  };
  return {
    onNote: commands.onNote,
    answer: (host, request) => {
      const [verb, argument = ''] = request.split(' ');
      if (verb === 'governance') return governanceOf(host);
      if (verb === 'submit') return submit(host, argument);
      if (verb === 'chain') return chainOf(host, Number(argument));
      return verb === 'verdict' ? verdictOn(argument) : undefined;
    },
  };
}

/** Links after an epoch, a few at a time: who asks again gets the next. */
const chainOf = ({ state: { replica } }: DomainHost, epoch: number): { readonly links: string } => ({
  links: toHex(encodeChain(linksAfter(replica, epoch))),
});

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
