/**
 * What two servers name differently and must use alike. Their zxids correspond by a relation that grows with every
 * message and keeps equality and order; session ids by one that keeps equality; a transaction's time must be the same
 * in every answer of one server. Relating is all or nothing: a message that does not fit leaves no trace.
 */

import type { Field, Message } from './messages.ts';

type Pair = readonly [left: bigint, right: bigint];

/** No session, and the owner of containers: the same everywhere. */
const OWNERS_IN_COMMON: readonly bigint[] = [0n, -(2n ** 63n)];

export interface Correspondence {
  /** Ascending on both sides. */
  readonly zxids: Pair[];
  readonly sessions: Map<bigint, bigint>;
  readonly sessionsBack: Map<bigint, bigint>;
  /** Time by zxid, on either side. */
  readonly times: readonly [Map<bigint, bigint>, Map<bigint, bigint>];
}

export const createCorrespondence = (): Correspondence => ({
  zxids: [],
  sessions: new Map(),
  sessionsBack: new Map(),
  times: [new Map(), new Map()],
});

/** Undoes what was learnt, newest first. */
type Undo = (() => void)[];

/** Where `left` is, or would be. */
function placeOf(zxids: readonly Pair[], left: bigint): number {
  let [low, high] = [0, zxids.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (zxids[middle]![0] < left) low = middle + 1;
    else high = middle;
  }
  return low;
}

function relateZxids(to: Correspondence, left: bigint, right: bigint, undo: Undo): boolean {
  // "None" and "before everything" are not transactions.
  if (left <= 0n || right <= 0n) return left === right;
  const at = placeOf(to.zxids, left);
  const found = to.zxids[at];
  if (found?.[0] === left) return found[1] === right;
  const before = to.zxids[at - 1];
  if (before !== undefined && before[1] >= right) return false;
  if (found !== undefined && found[1] <= right) return false;
  to.zxids.splice(at, 0, [left, right]);
  undo.push(() => to.zxids.splice(placeOf(to.zxids, left), 1));
  return true;
}

function relateSessions(to: Correspondence, left: bigint, right: bigint, undo: Undo): boolean {
  if (OWNERS_IN_COMMON.includes(left) || OWNERS_IN_COMMON.includes(right)) return left === right;
  const [known, back] = [to.sessions.get(left), to.sessionsBack.get(right)];
  if (known !== undefined || back !== undefined) return known === right && back === left;
  to.sessions.set(left, right);
  to.sessionsBack.set(right, left);
  undo.push(() => [to.sessions.delete(left), to.sessionsBack.delete(right)]);
  return true;
}

function holdsTime(times: Map<bigint, bigint>, zxid: bigint, time: bigint, undo: Undo): boolean {
  const known = times.get(zxid);
  if (known !== undefined) return known === time;
  times.set(zxid, time);
  undo.push(() => times.delete(zxid));
  return true;
}

/** A field beside its fellow; `zxids` are the transactions of the fields before them, if they name one. */
function relateFields(
  to: Correspondence,
  [left, right]: readonly [Field, Field],
  zxids: readonly [Field | undefined, Field | undefined],
  undo: Undo,
): boolean {
  if (left.name !== right.name || left.kind !== right.kind) return false;
  if (left.kind === 'plain' || typeof left.value !== 'bigint' || typeof right.value !== 'bigint')
    return left.value === right.value;
  if (left.kind === 'zxid') return relateZxids(to, left.value, right.value, undo);
  if (left.kind === 'session') return relateSessions(to, left.value, right.value, undo);
  const [first, second] = [zxids[0]?.value, zxids[1]?.value];
  if (typeof first !== 'bigint' || typeof second !== 'bigint') return false;
  if (first === 0n) return left.value === right.value;
  return holdsTime(to.times[0], first, left.value, undo) && holdsTime(to.times[1], second, right.value, undo);
}

function relateMessages(to: Correspondence, left: Message, right: Message, undo: Undo): string | null {
  if (left.kind !== right.kind) return `${left.kind} and ${right.kind}`;
  for (let i = 0; i < Math.max(left.fields.length, right.fields.length); i++) {
    const [a, b] = [left.fields[i], right.fields[i]];
    if (a === undefined || b === undefined) return `one has a field ${(a ?? b)?.name} more`;
    if (!relateFields(to, [a, b], [left.fields[i - 1], right.fields[i - 1]], undo)) return a.name;
  }
  return null;
}

/** Null if what both servers sent is the same thing said twice; otherwise where it first is not. */
export function relate(
  to: Correspondence,
  left: readonly Message[],
  right: readonly Message[],
): string | null {
  const undo: Undo = [];
  let why = left.length === right.length ? null : `${left.length} messages and ${right.length}`;
  for (let i = 0; i < Math.min(left.length, right.length) && why === null; i++)
    why = relateMessages(to, left[i]!, right[i]!, undo);
  if (why !== null) while (undo.length > 0) undo.pop()?.();
  return why;
}
