/**
 * Which nodes end by themselves, and when: a TTL node when nobody has written to it for longer than its TTL, a container
 * that has had children at once, either only while it has no children. All of it is derived from the nodes, and the order
 * is total, so a replica that restored a snapshot removes the same nodes in the same order as one that executed all.
 *
 * Nodes that may go wait in a binary heap that knows where each of them stands: the next to go is looked up, nothing is
 * searched, and a node that is written to again leaves nothing behind.
 */

import { isTtl, ttlOf, type Znode } from './znode.ts';

interface Candidate {
  readonly path: string;
  /** The node may go when ordered time is beyond this. */
  readonly end: number;
}

export interface Lifetimes {
  /** The ends of all nodes that have one, with children or without. */
  readonly ends: Map<string, number>;
  /** Those without children, each after the one above it. */
  readonly heap: Candidate[];
  readonly places: Map<string, number>;
}

export const createLifetimes = (): Lifetimes => ({ ends: new Map(), heap: [], places: new Map() });

/** Undefined for a node that stays: also a container without children to this day, which has just been made for some. */
export function endOf(node: Znode): number | undefined {
  if (isTtl(node)) return node.mtime + ttlOf(node);
  return node.cversion > 0 ? 0 : undefined;
}

/** The node at `path` ends then, or no longer by itself. */
export function setEnd(
  lifetimes: Lifetimes,
  path: string,
  end: number | undefined,
  hasChildren: boolean,
): void {
  if (end === undefined) lifetimes.ends.delete(path);
  else lifetimes.ends.set(path, end);
  review(lifetimes, path, hasChildren);
}

/** To be told when a node gets its first child or loses its last. */
export function review(lifetimes: Lifetimes, path: string, hasChildren: boolean): void {
  const end = lifetimes.ends.get(path);
  if (end === undefined || hasChildren) leave(lifetimes, path);
  else enter(lifetimes, { path, end });
}

/** The node that goes first, if there is one whose end lies before `time`. */
export function firstEnded({ heap }: Lifetimes, time: number): string | undefined {
  const first = heap[0];
  return first !== undefined && first.end < time ? first.path : undefined;
}

const isBefore = (a: Candidate, b: Candidate): boolean =>
  a.end < b.end || (a.end === b.end && a.path < b.path);

function enter(lifetimes: Lifetimes, candidate: Candidate): void {
  const { heap, places } = lifetimes;
  const place = places.get(candidate.path);
  if (place === undefined) rise(lifetimes, heap.length, candidate);
  else if (heap[place]!.end !== candidate.end) settle(lifetimes, place, candidate);
}

function leave(lifetimes: Lifetimes, path: string): void {
  const { heap, places } = lifetimes;
  const place = places.get(path);
  if (place === undefined) return;
  places.delete(path);
  const last = heap.pop()!;
  if (place < heap.length) settle(lifetimes, place, last);
}

function stand({ heap, places }: Lifetimes, place: number, candidate: Candidate): void {
  heap[place] = candidate;
  places.set(candidate.path, place);
}

/** Puts the candidate at a free place or where it belongs instead. */
function settle(lifetimes: Lifetimes, place: number, candidate: Candidate): void {
  const above = lifetimes.heap[(place - 1) >> 1];
  if (place > 0 && isBefore(candidate, above!)) rise(lifetimes, place, candidate);
  else sink(lifetimes, place, candidate);
}

function rise(lifetimes: Lifetimes, from: number, candidate: Candidate): void {
  let place = from;
  while (place > 0) {
    const above = (place - 1) >> 1;
    const other = lifetimes.heap[above]!;
    if (!isBefore(candidate, other)) break;
    stand(lifetimes, place, other);
    place = above;
  }
  stand(lifetimes, place, candidate);
}

function sink(lifetimes: Lifetimes, from: number, candidate: Candidate): void {
  const { heap } = lifetimes;
  let place = from;
  for (let below = 2 * place + 1; below < heap.length; below = 2 * place + 1) {
    const isRight = below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!);
    if (isRight) below++;
    const other = heap[below]!;
    if (!isBefore(other, candidate)) break;
    stand(lifetimes, place, other);
    place = below;
  }
  stand(lifetimes, place, candidate);
}
