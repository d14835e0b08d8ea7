/**
 * What a collection holds: its slots, what they were before each open mark (to return there), and which of them may
 * differ from the tree (to re-hash them at the next digest).
 */

import type { Mark } from '@concordat/kernel';
import type { Place } from './part.ts';

/** A present key. */
export interface Slot<V> {
  value: V;
  /** The mark after which the slot was last logged, 0 if it was not. */
  logged: Mark;
  isDirty: boolean;
  /** Where the entry belongs, once somebody needed to know. */
  place: Place | null;
}

/** What a key held before its first change after a mark: no slot means that it was absent. */
export interface Former<K, V> {
  readonly key: K;
  readonly slot: Slot<V> | undefined;
  readonly value: V | undefined;
}

interface Segment<K, V> {
  readonly mark: Mark;
  readonly formers: Former<K, V>[];
}

export interface Content<K, V> {
  readonly slots: Map<K, Slot<V>>;
  /** In ascending order of their marks; a mark without changes has none. */
  segments: Segment<K, V>[];
  /** May name a key more than once. */
  dirty: K[];
  readonly observers: ((key: K, before: V | undefined, after: V | undefined) => void)[];
}

export const createContent = <K, V>(): Content<K, V> => ({
  slots: new Map(),
  segments: [],
  dirty: [],
  observers: [],
});

export function tell<K, V>(
  content: Content<K, V>,
  key: K,
  before: V | undefined,
  after: V | undefined,
): void {
  for (const observer of content.observers) observer(key, before, after);
}

/** Remembers what `key` holds before it changes, unless that is known for the open mark already. */
export function remember<K, V>(content: Content<K, V>, key: K, slot: Slot<V> | undefined, mark: Mark): void {
  if (mark === 0 || slot?.logged === mark) return;
  let segment = content.segments.at(-1);
  if (segment === undefined || segment.mark !== mark) {
    segment = { mark, formers: [] };
    content.segments.push(segment);
  }
  segment.formers.push({ key, slot, value: slot?.value });
}

/** Undoes all changes after `mark`, the latest first. */
export function undoSince<K, V>(content: Content<K, V>, mark: Mark): void {
  for (
    let last = content.segments.at(-1);
    last !== undefined && last.mark >= mark;
    last = content.segments.at(-1)
  ) {
    content.segments.pop();
    for (let i = last.formers.length - 1; i >= 0; i--) undo(content, last.formers[i] as Former<K, V>);
  }
}

function undo<K, V>(content: Content<K, V>, { key, slot, value }: Former<K, V>): void {
  const before = content.slots.get(key)?.value;
  content.dirty.push(key);
  if (slot === undefined || value === undefined) {
    content.slots.delete(key);
  } else {
    slot.value = value;
    slot.logged = 0;
    slot.isDirty = true;
    content.slots.set(key, slot);
  }
  tell(content, key, before, value);
}

/** The first former of each key that changed after `mark`: what it held there. */
export function formersSince<K, V>(content: Content<K, V>, mark: Mark): Iterable<Former<K, V>> {
  const first = new Map<K, Former<K, V>>();
  for (const segment of content.segments) {
    if (segment.mark < mark) continue;
    for (const former of segment.formers) if (!first.has(former.key)) first.set(former.key, former);
  }
  return first.values();
}

/** Empties the list of dirty keys, calling `visit` once for each key with its slot. */
export function takeDirty<K, V>(
  content: Content<K, V>,
  visit: (key: K, slot: Slot<V> | undefined) => void,
): void {
  const gone = new Set<K>();
  for (const key of content.dirty) {
    const slot = content.slots.get(key);
    if (slot === undefined ? gone.has(key) : !slot.isDirty) continue;
    if (slot === undefined) gone.add(key);
    else slot.isDirty = false;
    visit(key, slot);
  }
  content.dirty = [];
}
