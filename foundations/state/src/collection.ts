/**
 * A map of a service's state. Reading is a look-up in a plain Map; writing remembers what the entry was at the last
 * mark (to return there) and that it differs from the tree (to re-hash it at the next digest). Nothing is encoded or
 * hashed before a digest is asked for.
 */

import type { Hash } from '@concordat/crypto';
import type { Mark } from '@concordat/kernel';
import type { EntryCodec } from './codec.ts';
import {
  type Content,
  createContent,
  formersSince,
  remember,
  type Slot,
  takeDirty,
  tell,
  undoSince,
} from './content.ts';
import { type Change, createEncoder, type Entry, type EntryEncoder } from './entry.ts';
import { nameBytes, type RawEntry } from './part.ts';

export type Observer<K, V> = (key: K, before: V | undefined, after: V | undefined) => void;

export interface StateMap<K extends string | number, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  /** Values are immutable: setting the same object again changes nothing. */
  set(key: K, value: V): void;
  /** True if the key was there. */
  delete(key: K): boolean;
  readonly size: number;
  /** All keys in ascending order, the same at every replica. Costs a sort. */
  sortedKeys(): K[];
  /** In no particular order, which may differ between replicas: nothing of the state or a reply may depend on it. */
  entries(): Iterable<readonly [K, V]>;
  /**
   * Tells of every change of an entry, also by rollback and restore, so that derived indexes stay right. The observer
   * must depend on its arguments only: other collections may not be back in step yet.
   */
  observe(observer: Observer<K, V>): void;
}

/** What the state does with its collections, whatever they hold. */
export interface Collection {
  readonly name: string;
  /** True if an entry may differ from the tree. */
  readonly isDirty: boolean;
  /** The entries that may differ from the tree, which has them from now on. */
  takeDirty(): Change[];
  /** The tree is known to hold the entries as they are. */
  dropDirty(): void;
  /** Undoes all changes after `mark`. */
  undoSince(mark: Mark): void;
  /** Forgets how to return to `mark` and earlier ones. */
  release(mark: Mark): void;
  /** Entries changed after `mark`, as they were there. */
  changedSince(mark: Mark): Change[];
  /** An entry from outside, ready to insert; null unless its bytes are canonical. */
  stage(raw: RawEntry): Staged | null;
  /** Forgets all entries and marks. */
  clear(): void;
}

export interface Staged {
  readonly entry: Entry;
  /** Puts the entry into the collection that staged it, which has none of that key. */
  insert(): void;
}

export interface CollectionContext {
  readonly hash: Hash;
  /** The latest mark that is still open, 0 if there is none. */
  openMark(): Mark;
}

/** `absent`: the encoded value that stands for no entry at all, as in `createEncoder`. */
export function createCollection<K extends string | number, V>(
  name: string,
  codec: EntryCodec<K, V>,
  context: CollectionContext,
  absent: Uint8Array | null = null,
): { map: StateMap<K, V>; collection: Collection } {
  const content = createContent<K, V>();
  const encoder = createEncoder(context.hash, nameBytes(name), codec, absent);
  return { map: mapOf(content, context), collection: collectionOf(name, content, encoder) };
}

function mapOf<K extends string | number, V>(
  content: Content<K, V>,
  context: CollectionContext,
): StateMap<K, V> {
  const { slots } = content;
  return {
    get: (key) => slots.get(key)?.value,
    has: (key) => slots.has(key),
    set: (key, value) => setValue(content, key, value, context.openMark()),
    delete: (key) => deleteKey(content, key, context.openMark()),
    get size() {
      return slots.size;
    },
    sortedKeys: () => [...slots.keys()].sort((a, b) => (a < b ? -1 : 1)),
    entries: function* () {
      for (const [key, slot] of slots) yield [key, slot.value] as const;
    },
    observe: (observer) => {
      content.observers.push(observer);
    },
  };
}

function setValue<K, V>(content: Content<K, V>, key: K, value: V, mark: Mark): void {
  const slot = content.slots.get(key);
  const before = slot?.value;
  if (slot !== undefined && before === value) return;
  remember(content, key, slot, mark);
  if (slot === undefined) {
    content.slots.set(key, { value, logged: mark, isDirty: true, place: null });
    content.dirty.push(key);
  } else {
    if (!slot.isDirty) content.dirty.push(key);
    slot.isDirty = true;
    slot.logged = mark;
    slot.value = value;
  }
  tell(content, key, before, value);
}

function deleteKey<K, V>(content: Content<K, V>, key: K, mark: Mark): boolean {
  const slot = content.slots.get(key);
  if (slot === undefined) return false;
  remember(content, key, slot, mark);
  content.slots.delete(key);
  content.dirty.push(key);
  tell(content, key, slot.value, undefined);
  return true;
}

function collectionOf<K, V>(name: string, content: Content<K, V>, encoder: EntryEncoder<K, V>): Collection {
  const change = (key: K, slot: Slot<V> | undefined, value: V | undefined): Change => {
    const made = encoder.change(key, value, slot?.place ?? null);
    if (slot !== undefined) slot.place = made.place;
    return made;
  };
  return {
    name,
    get isDirty() {
      return content.dirty.length > 0;
    },
    takeDirty: () => {
      const changes: Change[] = [];
      takeDirty(content, (key, slot) => changes.push(change(key, slot, slot?.value)));
      return changes;
    },
    dropDirty: () => takeDirty(content, () => {}),
    undoSince: (mark) => undoSince(content, mark),
    release: (mark) => {
      content.segments = content.segments.filter((segment) => segment.mark > mark);
    },
    changedSince: (mark) =>
      Array.from(formersSince(content, mark), ({ key, slot, value }) => change(key, slot, value)),
    stage: (raw) => stage(content, encoder, raw),
    clear: () => {
      const former = [...content.slots];
      content.slots.clear();
      content.segments = [];
      content.dirty = [];
      for (const [key, slot] of former) tell(content, key, slot.value, undefined);
    },
  };
}

function stage<K, V>(content: Content<K, V>, encoder: EntryEncoder<K, V>, raw: RawEntry): Staged | null {
  const entry = encoder.decode(raw);
  if (entry === null) return null;
  const { key, value, place } = entry;
  return {
    entry,
    insert: () => {
      content.slots.set(key, { value, logged: 0, isDirty: false, place });
      tell(content, key, undefined, value);
    },
  };
}
