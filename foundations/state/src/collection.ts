/**
 * A map of a service's state. Reading is a look-up and, where no value is at hand, decoding one; writing remembers what
 * the key held at the last mark (to return there) and that it differs from the tree. Nothing is hashed before a digest
 * is asked for.
 */

import { assert, type Mark } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { EntryCodec } from './codec.ts';
import { type Content, createContent, type Held, heldAt, remember, undoSince } from './content.ts';
import { nameBytes, type RawEntry } from './part.ts';
import {
  appendEntry,
  appendTombstone,
  keyBytes,
  NO_RECORD,
  type RecordId,
  type Records,
  seal,
  valueBytes,
} from './records.ts';

export type Observer<K, V> = (key: K, before: V | undefined, after: V | undefined) => void;

export interface StateMap<K extends string | number, V> {
  /** The value, which may hold views of bytes that never change. */
  get(key: K): V | undefined;
  has(key: K): boolean;
  /**
   * Values are immutable: setting the same object again changes nothing. A new key's value is encoded at once, any
   * other is kept as it is until the next digest.
   */
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
  /** Sealed records and tombstones of what may differ from the tree, which has them from now on. */
  takeDirty(changes: RecordId[]): void;
  /** The tree is known to hold the entries as they are. */
  dropDirty(): void;
  /** Undoes all changes after `mark`. */
  undoSince(mark: Mark): void;
  /** Forgets how to return to `mark` and earlier ones. */
  release(mark: Mark): void;
  /** Sealed records and tombstones of what changed after `mark`, as it was there; those made for it also go to `made`. */
  changedSince(mark: Mark, changes: RecordId[], made: RecordId[]): void;
  /** True unless an entry from outside is not exactly what this collection would have written. */
  isCanonical(raw: RawEntry): boolean;
  /** Forgets all entries and marks. */
  clear(): void;
  /** Takes a record of canonical bytes, of a key that it does not have. */
  insert(id: RecordId): void;
}

export interface CollectionContext {
  /** Where records are now; others after a restore. */
  readonly records: Records;
  /** The latest mark that is still open, 0 if there is none. */
  readonly openMark: Mark;
  /** Nothing but the present tree may show this record any more. */
  condemn(id: RecordId): void;
}

/** A map on its way between values and records. */
interface Shelf<K extends string | number, V> {
  readonly context: CollectionContext;
  readonly name: Uint8Array;
  readonly codec: EntryCodec<K, V>;
  /** The encoded value that stands for no entry at all (a cell that holds its initial value), or null. */
  readonly absent: Uint8Array | null;
  readonly content: Content<K, V>;
  readonly observers: Observer<K, V>[];
}

/** @param absent the encoded value that stands for no entry at all, or null */
export function createCollection<K extends string | number, V>(
  name: string,
  codec: EntryCodec<K, V>,
  context: CollectionContext,
  absent: Uint8Array | null = null,
): { map: StateMap<K, V>; collection: Collection } {
  const shelf: Shelf<K, V> = {
    context,
    name: nameBytes(name),
    codec,
    absent,
    content: createContent<K, V>(),
    observers: [],
  };
  return { map: mapOf(shelf), collection: collectionOf(shelf, name) };
}

function mapOf<K extends string | number, V>(shelf: Shelf<K, V>): StateMap<K, V> {
  const { slots } = shelf.content;
  return {
    get: (key) => known(shelf, slots.get(key)),
    has: (key) => slots.has(key),
    set: (key, value) => setValue(shelf, key, value),
    delete: (key) => deleteKey(shelf, key),
    get size() {
      return slots.size;
    },
    sortedKeys: () => [...slots.keys()].sort((a, b) => (a < b ? -1 : 1)),
    entries: function* () {
      for (const [key, held] of slots) yield [key, valueIn(shelf, held)] as const;
    },
    observe: (observer) => {
      shelf.observers.push(observer);
    },
  };
}

function valueIn<K extends string | number, V>(shelf: Shelf<K, V>, held: Held<V>): V {
  if (typeof held !== 'number') return held.value;
  const value = shelf.codec.decode(valueBytes(shelf.context.records, held));
  assert(value !== null, 'a codec decodes what it encoded');
  return value;
}

const known = <K extends string | number, V>(shelf: Shelf<K, V>, held: Held<V> | undefined): V | undefined =>
  held === undefined ? undefined : valueIn(shelf, held);

const encodedEntry = <K extends string | number, V>(shelf: Shelf<K, V>, key: K, value: V): RecordId =>
  appendEntry(shelf.context.records, shelf.name, shelf.codec.encodeKey(key), shelf.codec.encode(value));

function tell<K extends string | number, V>(
  { observers }: Shelf<K, V>,
  key: K,
  before: V | undefined,
  after: V | undefined,
): void {
  for (const observer of observers) observer(key, before, after);
}

function setValue<K extends string | number, V>(shelf: Shelf<K, V>, key: K, value: V): void {
  const { content, context } = shelf;
  const { slots, dirty } = content;
  const held = slots.get(key);
  const before = shelf.observers.length > 0 ? known(shelf, held) : undefined;
  if (held === undefined) {
    leave(shelf, key, held);
    slots.set(key, encodedEntry(shelf, key, value));
    dirty.add(key);
  } else if (typeof held === 'number') {
    leave(shelf, key, held);
    slots.set(key, { value, logged: context.openMark, origin: held });
    dirty.add(key);
  } else if (held.value === value) {
    return;
  } else if (held.logged === context.openMark) {
    held.value = value;
  } else {
    leave(shelf, key, held);
    slots.set(key, { value, logged: context.openMark, origin: held.origin });
  }
  tell(shelf, key, before, value);
}

/** What `key` holds is about to be replaced. */
function leave<K extends string | number, V>(
  { content, context }: Shelf<K, V>,
  key: K,
  held: Held<V> | undefined,
): void {
  if (context.openMark !== 0) remember(content, key, held, context.openMark);
  else if (typeof held === 'number') context.condemn(held);
}

function deleteKey<K extends string | number, V>(shelf: Shelf<K, V>, key: K): boolean {
  const { content, context } = shelf;
  const held = content.slots.get(key);
  if (held === undefined) return false;
  const before = shelf.observers.length > 0 ? known(shelf, held) : undefined;
  if (typeof held === 'number' || held.logged !== context.openMark) leave(shelf, key, held);
  content.slots.delete(key);
  content.dirty.add(key);
  tell(shelf, key, before, undefined);
  return true;
}

function collectionOf<K extends string | number, V>(shelf: Shelf<K, V>, name: string): Collection {
  const { content, context } = shelf;
  return {
    name,
    get isDirty() {
      return content.dirty.size > 0;
    },
    takeDirty: (changes) => takeDirty(shelf, changes),
    dropDirty: () => content.dirty.clear(),
    undoSince: (mark) =>
      undoSince(content, mark, (key, before, after) => {
        if (shelf.observers.length > 0) tell(shelf, key, known(shelf, before), known(shelf, after));
        if (typeof before === 'number') context.condemn(before);
      }),
    release: (mark) => release(shelf, mark),
    changedSince: (mark, changes, made) => changedSince(shelf, mark, changes, made),
    isCanonical: (raw) => isCanonical(shelf, raw),
    clear: () => {
      const former = [...content.slots];
      content.slots.clear();
      content.segments = [];
      content.dirty.clear();
      for (const [key, held] of former) tell(shelf, key, valueIn(shelf, held), undefined);
    },
    insert: (id) => {
      const key = shelf.codec.decodeKey(keyBytes(context.records, id));
      assert(key !== null, 'a codec decodes what it encoded');
      content.slots.set(key, id);
      if (shelf.observers.length > 0) tell(shelf, key, undefined, valueIn(shelf, id));
    },
  };
}

const isAbsent = <K extends string | number, V>({ absent }: Shelf<K, V>, value: Uint8Array): boolean =>
  absent !== null && equalBytes(value, absent);

function takeDirty<K extends string | number, V>(shelf: Shelf<K, V>, changes: RecordId[]): void {
  const { content, context } = shelf;
  for (const key of content.dirty) {
    let held = content.slots.get(key);
    if (typeof held === 'object') {
      const made = recordOf(shelf, key, held.value, held.origin);
      content.slots.set(key, made);
      held = made;
    }
    changes.push(changeOf(shelf, key, held, context.records));
  }
  content.dirty.clear();
}

/** A sealed record of a young value. */
function recordOf<K extends string | number, V>(
  shelf: Shelf<K, V>,
  key: K,
  value: V,
  origin: RecordId,
): RecordId {
  const made = encodedEntry(shelf, key, value);
  seal(shelf.context.records, made, origin);
  return made;
}

/** The record, sealed, or a tombstone where the tree has no entry. */
function changeOf<K extends string | number, V>(
  shelf: Shelf<K, V>,
  key: K,
  held: RecordId | undefined,
  records: Records,
): RecordId {
  if (held === undefined || isAbsent(shelf, valueBytes(records, held)))
    return appendTombstone(records, shelf.name, shelf.codec.encodeKey(key));
  seal(records, held);
  return held;
}

function release<K extends string | number, V>({ content, context }: Shelf<K, V>, mark: Mark): void {
  const kept = content.segments.findIndex((segment) => segment.mark > mark);
  const released = content.segments.splice(0, kept < 0 ? content.segments.length : kept);
  for (const segment of released)
    for (const held of segment.held) if (typeof held === 'number') context.condemn(held);
}

function changedSince<K extends string | number, V>(
  shelf: Shelf<K, V>,
  mark: Mark,
  changes: RecordId[],
  made: RecordId[],
): void {
  const { records } = shelf.context;
  for (const [key, held] of heldAt(shelf.content, mark)) {
    let was: RecordId | undefined;
    if (typeof held === 'object') {
      was = recordOf(shelf, key, held.value, NO_RECORD);
      made.push(was);
    } else was = held;
    changes.push(changeOf(shelf, key, was, records));
  }
}

function isCanonical<K extends string | number, V>({ codec, absent }: Shelf<K, V>, raw: RawEntry): boolean {
  const key = codec.decodeKey(raw.key);
  const value = codec.decode(raw.value);
  if (key === null || value === null || !equalBytes(codec.encodeKey(key), raw.key)) return false;
  return equalBytes(codec.encode(value), raw.value) && !(absent !== null && equalBytes(raw.value, absent));
}
