/**
 * What organisations have signed about the whole replicated state: every member signs its digest after each interval of
 * the log. A daemon shows the statements that made its last checkpoint final, and whoever has the federation file checks
 * them without believing anybody.
 */

import {
  type Checkpoint,
  type Configuration,
  checkpointCheck,
  decodeMessage,
  encodeMessage,
  memberIds,
  quorumsOf,
  type ReplicaState,
} from '@concordat/replication';
import { nameIn } from '@concordat/replication/edge';
import { createSignatures } from '@concordat/runtime';
import { equalBytes, fromHex, toHex } from '@concordat/wire';
import * as z from 'zod';
import { type Federation, publicKeysOf } from '../config/federation.ts';
import { placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import { CommandError } from '../errors.ts';
import { chainAt } from '../governance/asking.ts';
import { provenHistory } from '../governance/history.ts';

/** As a daemon answers `checkpoint`: statements in hexadecimal, and the digest of the own state there if it still has it. */
export interface ShownCheckpoint {
  readonly statements: readonly string[];
  readonly own: string | null;
}

export function shownCheckpoint({ stable, own }: ReplicaState): ShownCheckpoint {
  const kept = own.find(({ slot }) => slot === stable.slot);
  return {
    statements: stable.certificate.map((statement) => toHex(encodeMessage(statement))),
    own: kept === undefined ? null : toHex(kept.state),
  };
}

export interface ProvenCheckpoint {
  readonly slot: number;
  readonly epoch: number;
  /** Digest of the whole state, in hexadecimal. */
  readonly state: string;
  /** Names of the members that signed it, and of those whose statement was not needed. */
  readonly signed: readonly string[];
  readonly missing: readonly string[];
  /** Whether the daemon's own state has this digest; null if it has none to show. */
  readonly isOwn: boolean | null;
}

interface Signers {
  readonly nameOf: (id: number) => string;
  readonly keyOf: (id: number) => Uint8Array | null;
  readonly ids: readonly number[];
  /** So many make a checkpoint final. */
  readonly enough: number;
}

const schema = z.object({ statements: z.array(z.string()), own: z.nullable(z.string()) });

/** Asks the daemon of a directory; null before there is a checkpoint. A `CommandError` if its answer proves nothing. */
export async function checkpointAt(
  directory: string,
  federation: Federation,
): Promise<ProvenCheckpoint | null> {
  const answer = schema.safeParse(await ask(placesIn(directory).control, 'checkpoint'));
  if (!answer.success) throw refusedBy(directory)('it is of another version');
  return provenCheckpoint(directory, answer.data, federation);
}

const refusedBy =
  (directory: string) =>
  (why: string): CommandError =>
    new CommandError('no-proof', `the daemon of ${directory} proves nothing about its state: ${why}`);

/** What the daemon of a directory has shown, checked; signers of later epochs are those that its chain proves. */
export async function provenCheckpoint(
  directory: string,
  shown: ShownCheckpoint,
  federation: Federation,
): Promise<ProvenCheckpoint | null> {
  const refused = refusedBy(directory);
  const statements = shown.statements.map((hex) => decodeMessage(fromHex(hex) ?? new Uint8Array(0)));
  const [first] = statements;
  if (first === undefined) return null;
  if (first?.type !== 'checkpoint') throw refused('it shows what is no checkpoint');
  const signers = await signersOf(directory, federation, first.epoch);
  if ('reason' in signers) throw refused(signers.reason);
  const signed = new Set<number>();
  for (const statement of statements) {
    if (statement?.type !== 'checkpoint' || !saysSame(statement, first))
      throw refused('its statements are not about one state');
    if (!isSigned(federation, signers, statement)) throw refused('a signature does not hold');
    signed.add(statement.sender);
  }
  if (signed.size < signers.enough) throw refused('too few members have signed');
  const state = toHex(first.state);
  return {
    slot: first.slot,
    epoch: first.epoch,
    state,
    signed: signers.ids.filter((id) => signed.has(id)).map(signers.nameOf),
    missing: signers.ids.filter((id) => !signed.has(id)).map(signers.nameOf),
    isOwn: shown.own === null ? null : shown.own === state,
  };
}

const saysSame = (a: Checkpoint, b: Checkpoint): boolean =>
  a.slot === b.slot &&
  a.epoch === b.epoch &&
  equalBytes(a.state, b.state) &&
  equalBytes(a.history, b.history);

function isSigned({ id }: Federation, { keyOf }: Signers, statement: Checkpoint): boolean {
  const { signer, bytes, signature } = checkpointCheck(id, statement);
  const key = keyOf(signer);
  return key !== null && createSignatures().verifyWith(key, bytes, signature);
}

/** Whose signatures count in an epoch: later ones than the file's are proven by the daemon's chain. */
async function signersOf(
  directory: string,
  federation: Federation,
  epoch: number,
): Promise<Signers | { readonly reason: string }> {
  if (epoch === 0) {
    const keys = publicKeysOf(federation);
    return {
      ids: federation.members.map((_, id) => id),
      nameOf: (id) => federation.members[id]?.name ?? `${id}`,
      keyOf: (id) => keys.get(id) ?? null,
      enough: quorumsOf(federation).agreement,
    };
  }
  const history = provenHistory(federation, await chainAt(directory));
  if ('reason' in history) return history;
  const then = history.find((configuration) => configuration.epoch === epoch);
  return then === undefined ? { reason: `it does not prove epoch ${epoch}` } : signersIn(then);
}

const signersIn = (then: Configuration): Signers => ({
  ids: memberIds(then),
  nameOf: (id) => nameIn(then, id),
  keyOf: (id) => then.members.find((member) => member.id === id)?.key ?? null,
  enough: quorumsOf(then.faults).agreement,
});
