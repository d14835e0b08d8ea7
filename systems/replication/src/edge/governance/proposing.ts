/**
 * How a program changes a running federation: it proposes the next configuration from the present one, each
 * administrator approves it once the changes have been read, and any member submits it. Until then it is only a record.
 */

import { RuntimeError } from '@concordat/runtime';
import { fromHex } from '@concordat/wire';
import type { FaultModel } from '../../fault-model.ts';
import { type Newcomer, nextConfiguration } from '../../governance/changes.ts';
import type { Reconfigure } from '../../governance/command.ts';
import type { Configuration } from '../../governance/configuration.ts';
import { changesIn } from '../../governance/judgement.ts';
import { type PresetName, presets } from '../../presets/index.ts';
import { clusterOf, type MemberCard, type Membership } from '../host/membership.ts';
import { type AdminIdentity, memberOfAdmin, withApproval } from './approving.ts';
import { contactIn, encodeContact, memberNamed, nameIn } from './contact.ts';

/** What is to be otherwise; members go by their names, keys are in hexadecimal. */
export interface Wish {
  /** Cards, with admin keys, of those that join. */
  readonly join?: readonly MemberCard[];
  readonly leave?: readonly string[];
  /** New keys of members, as `nextKey` of each tells them. */
  readonly keys?: Readonly<Record<string, string>>;
  /** New keys of their administrators. */
  readonly admins?: Readonly<Record<string, string>>;
  readonly faults?: FaultModel;
  /** How members agree then. Robustness policies stay what each operator has set. */
  readonly preset?: PresetName;
  /** Version of the service, once n - u members, or all executors but u, run programs that have it; there is no way back. */
  readonly version?: number;
  /** Canonical proof of misbehaviour of one that leaves: it is not asked. */
  readonly evidence?: Uint8Array;
}

const bad = (why: string): RuntimeError =>
  new RuntimeError('bad-configuration', `the federation cannot change so: ${why}`);

/**
 * The command that fulfils a wish, without approvals. Throws `bad-configuration` with the reason why there is none. Where
 * executors execute, `membership` says so: otherwise what does not suit them is refused only when it has been ordered.
 */
export function propose(
  present: Configuration,
  wish: Wish,
  { executors = [] }: Pick<Membership, 'executors'> = {},
): Reconfigure {
  const { join = [], leave = [], keys = {}, admins = {}, faults, preset, version, evidence } = wish;
  const idOf = (name: string): number => {
    const id = memberNamed(present, name);
    if (id === null) throw bad(`${name} is no member`);
    return id;
  };
  const byId = (named: Readonly<Record<string, string>>) =>
    new Map(Object.entries(named).map(([name, hex]) => [idOf(name), keyIn(hex, name)]));
  const pins = new Set(present.members.map(({ id }) => contactIn(present, id)?.pin));
  for (const { name, pin } of join) {
    if (memberNamed(present, name) !== null) throw bad(`${name} is a member`);
    if (!/^[0-9a-f]{64}$/.test(pin) || pins.has(pin))
      throw bad(`the pin of ${name} is another's, or not 64 hexadecimal digits`);
    pins.add(pin);
  }
  const next = nextConfiguration(present, {
    join: join.map(newcomerFrom),
    leave: leave.map(idOf),
    executors: executors.length,
    keys: byId(keys),
    admins: byId(admins),
    ...(faults && { faults }),
    ...(preset && { preset: presets[preset] }),
    ...(version !== undefined && { version }),
  });
  if ('problem' in next) throw bad(next.problem);
  return { next, approvals: [], proof: evidence ?? new Uint8Array(0) };
}

function keyIn(hex: string, name: string): Uint8Array {
  const key = fromHex(hex);
  if (key?.length !== 32) throw bad(`the key of ${name} is not 64 hexadecimal digits`);
  return key;
}

function newcomerFrom({ name, key, pin, host, port, clientPort, admin }: MemberCard): Newcomer {
  if (admin === undefined) throw bad(`the card of ${name} has no admin key`);
  const contact = { name, address: `${host}:${port}`, pin, ...(clientPort !== undefined && { clientPort }) };
  return { key: keyIn(key, name), admin: keyIn(admin, name), contact: encodeContact(contact) };
}

/** What a proposal changes, in words, for whoever is asked to approve it. */
export const changesOf = (present: Configuration, { next }: Reconfigure): string[] =>
  changesIn(present, next, nameIn);

/** The proposal with one more approval. Throws `bad-configuration` if the key is of no present member's administrators. */
export function approve(
  proposal: Reconfigure,
  present: Configuration,
  membership: Membership,
  admin: AdminIdentity,
): Reconfigure {
  const member = memberOfAdmin(present, admin.publicKey);
  if (member === null) throw bad('the admin key is of no present member');
  return withApproval(proposal, clusterOf(membership), member, admin);
}
