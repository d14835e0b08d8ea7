/**
 * What a collection holds: its keys with their records, what they held before each open mark (to return there), and
 * which births may differ from the tree. A value that replaces another stays as it is until the next digest, because
 * it is likely to be replaced again; a new key's is written into a record at once.
 */

import type { Mark } from '@concordat/kernel';
import type { Birth, RecordId } from './records.ts';

/** A value that has no record yet. */
export interface Young<V> {
  value: V;
  /** The mark after which the key was last logged, 0 if it was not. */
  readonly logged: Mark;
  readonly birth: Birth;
}

/** What a key holds: a record, or a value that will become one. */
export type Held<V> = RecordId | Young<V>;

/** What keys held before they changed after a mark, in order of the changes; undefined for nothing. */
export interface Segment<K, V> {
  readonly mark: Mark;
  readonly keys: K[];
  readonly held: (Held<V> | undefined)[];
}

export interface Content<K, V> {
  readonly slots: Map<K, Held<V>>;
  /** In ascending order of their marks; a mark without changes has none. */
  segments: Segment<K, V>[];
  /** What may differ from the tree, which includes all young values: keys, and the births in question. Some twice. */
  dirtyKeys: K[];
  dirtyBirths: Birth[];
}

export const createContent = <K, V>(): Content<K, V> => ({
  slots: new Map(),
  segments: [],
  dirtyKeys: [],
  dirtyBirths: [],
});

export function soil<K, V>(content: Content<K, V>, key: K, birth: Birth): void {
  content.dirtyKeys.push(key);
  content.dirtyBirths.push(birth);
}

export function wipe<K, V>(content: Content<K, V>): void {
  content.dirtyKeys = [];
  content.dirtyBirths = [];
}

/** Remembers what `key` holds before it changes. Only while a mark is open. */
export function remember<K, V>(content: Content<K, V>, key: K, held: Held<V> | undefined, mark: Mark): void {
  let segment = content.segments.at(-1);
  if (segment === undefined || segment.mark !== mark) {
    segment = { mark, keys: [], held: [] };
    content.segments.push(segment);
  }
  segment.keys.push(key);
  segment.held.push(held);
}

/** Undoes all changes after `mark`, the latest first, telling `visit` of each: what was held, and is again. */
export function undoSince<K, V>(
  content: Content<K, V>,
  mark: Mark,
  visit: (key: K, before: Held<V> | undefined, after: Held<V> | undefined) => void,
): void {
  const { segments, slots } = content;
  for (let last = segments.at(-1); last !== undefined && last.mark >= mark; last = segments.at(-1)) {
    segments.pop();
    for (let i = last.keys.length - 1; i >= 0; i--) {
      const [key, held] = [last.keys[i] as K, last.held[i]];
      const before = slots.get(key);
      if (held === undefined) slots.delete(key);
      else slots.set(key, held);
      visit(key, before, held);
    }
  }
}

/** What each key that changed after `mark` held there. */
export function heldAt<K, V>(content: Content<K, V>, mark: Mark): Map<K, Held<V> | undefined> {
  const first = new Map<K, Held<V> | undefined>();
  for (const segment of content.segments) {
    if (segment.mark < mark) continue;
    for (const [i, key] of segment.keys.entries()) if (!first.has(key)) first.set(key, segment.held[i]);
  }
  return first;
}
