/**
 * A map of a service's state. Reading is a look-up and, where no value is at hand, decoding one; writing remembers what
 * the key held at the last mark (to return there) and that it differs from the tree. Nothing is hashed before a digest
 * is asked for.
 */

import { assert, type Mark } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { EntryCodec } from './codec.ts';
import {
  type Content,
  createContent,
  type Held,
  heldAt,
  remember,
  soil,
  undoSince,
  wipe,
} from './content.ts';
import { nameBytes, type Part, type RawEntry } from './part.ts';
import {
  appendEntry,
  appendTombstone,
  type Birth,
  birthOf,
  isNamed,
  keyBytes,
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
  /** Begins to collect entries from outside. */
  stage(): Staging;
}

/** Entries that may become those of a collection. */
export interface Staging {
  /**
   * The number of the claim if an entry is exactly what this collection would have written and its key is free, else NO_CLAIM.
   * @param isKept tells whether a record of the collection stays
   */
  claim(raw: RawEntry, isKept: (id: RecordId) => boolean): Claim;
  /** Takes that back. */
  drop(claim: Claim): void;
  /** Takes all keys of these parts, which go, out of the collection, except those that are claimed. */
  begin(gone: readonly Part[]): void;
  /** Makes a claimed entry, which is this record now, one of the collection. */
  insert(claim: Claim, id: RecordId): void;
}

/** Number of a claim of a staging. */
export type Claim = number;

export const NO_CLAIM: Claim = -1;

export interface CollectionContext {
  /** Where all entries are. */
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
  /** A value that no entry may have: a cell that holds its initial value has none. Null for none. */
  readonly absent: Uint8Array | null;
  readonly nextBirth: () => Birth;
  readonly content: Content<K, V>;
  readonly observers: Observer<K, V>[];
}

/**
 * @param absent the encoded value that no entry may have, or null
 * @param nextBirth counts one more key of the state
 */
export function createCollection<K extends string | number, V>(
  name: string,
  codec: EntryCodec<K, V>,
  context: CollectionContext,
  absent: Uint8Array | null,
  nextBirth: () => Birth,
): { map: StateMap<K, V>; collection: Collection } {
  const shelf: Shelf<K, V> = {
    context,
    name: nameBytes(name),
    codec,
    absent,
    nextBirth,
    content: createContent<K, V>(),
    observers: [],
  };
  return { map: mapOf(shelf), collection: collectionOf(shelf) };
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

const birthIn = <K extends string | number, V>({ context }: Shelf<K, V>, held: Held<V>): Birth =>
  typeof held === 'number' ? birthOf(context.records, held) : held.birth;

const recordOf = <K extends string | number, V>(
  { context, name, codec }: Shelf<K, V>,
  birth: Birth,
  key: K,
  value: V,
): RecordId => appendEntry(context.records, birth, name, codec.encodeKey(key), codec.encode(value));

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
  const { slots } = content;
  const held = slots.get(key);
  const before = shelf.observers.length > 0 ? known(shelf, held) : undefined;
  if (held === undefined) {
    leave(shelf, key, held);
    const birth = shelf.nextBirth();
    slots.set(key, recordOf(shelf, birth, key, value));
    soil(content, key, birth);
  } else if (typeof held === 'number') {
    leave(shelf, key, held);
    const birth = birthOf(context.records, held);
    slots.set(key, { value, logged: context.openMark, birth });
    soil(content, key, birth);
  } else if (held.value === value) {
    return;
  } else if (held.logged === context.openMark) {
    held.value = value;
  } else {
    leave(shelf, key, held);
    slots.set(key, { value, logged: context.openMark, birth: held.birth });
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
  soil(content, key, birthIn(shelf, held));
  tell(shelf, key, before, undefined);
  return true;
}

function collectionOf<K extends string | number, V>(shelf: Shelf<K, V>): Collection {
  const { content, context } = shelf;
  return {
    get isDirty() {
      return content.dirtyKeys.length > 0;
    },
    takeDirty: (changes) => takeDirty(shelf, changes),
    dropDirty: () => wipe(content),
    undoSince: (mark) =>
      undoSince(content, mark, (key, before, after) => {
        if (shelf.observers.length > 0) tell(shelf, key, known(shelf, before), known(shelf, after));
        for (const held of [before, after]) if (held !== undefined) soil(content, key, birthIn(shelf, held));
        if (typeof before === 'number') context.condemn(before);
      }),
    release: (mark) => release(shelf, mark),
    changedSince: (mark, changes, made) => changedSince(shelf, mark, changes, made),
    stage: () => stage(shelf),
  };
}

function takeDirty<K extends string | number, V>(shelf: Shelf<K, V>, changes: RecordId[]): void {
  const { content, context } = shelf;
  for (const [i, key] of content.dirtyKeys.entries()) {
    let held = content.slots.get(key);
    if (typeof held === 'object') {
      held = recordOf(shelf, held.birth, key, held.value);
      content.slots.set(key, held);
    }
    changes.push(changeOf(context.records, content.dirtyBirths[i] as Birth, held));
  }
  wipe(content);
}

/** The record, sealed, or a tombstone where the tree has no entry of that birth. */
function changeOf(records: Records, birth: Birth, held: RecordId | undefined): RecordId {
  if (held === undefined || birthOf(records, held) !== birth) return appendTombstone(records, birth);
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
  const { content, context } = shelf;
  const { records } = context;
  for (const [key, held] of heldAt(content, mark)) {
    const present = content.slots.get(key);
    if (present !== undefined && (held === undefined || birthIn(shelf, present) !== birthIn(shelf, held)))
      changes.push(appendTombstone(records, birthIn(shelf, present)));
    if (held === undefined) continue;
    const birth = birthIn(shelf, held);
    const was = typeof held === 'number' ? held : recordOf(shelf, birth, key, held.value);
    if (was !== held) made.push(was);
    changes.push(changeOf(records, birth, was));
  }
}

/** The key of an entry that is exactly what this collection would have written, or null. */
function keyOfCanonical<K extends string | number, V>(
  { codec, absent }: Shelf<K, V>,
  raw: RawEntry,
): K | null {
  const key = codec.decodeKey(raw.key);
  const value = codec.decode(raw.value);
  if (key === null || value === null || !equalBytes(codec.encodeKey(key), raw.key)) return null;
  const isWritten = equalBytes(codec.encode(value), raw.value);
  return isWritten && !(absent !== null && equalBytes(raw.value, absent)) ? key : null;
}

function stage<K extends string | number, V>(shelf: Shelf<K, V>): Staging {
  const { content, context, name } = shelf;
  const claimed = new Set<K>();
  /** By the number of their claim. PERF: decoded once, and cheaper to keep than entries. */
  const keys: K[] = [];
  return {
    claim: (raw, isKept) => {
      const key = keyOfCanonical(shelf, raw);
      if (key === null || claimed.has(key)) return NO_CLAIM;
      const held = content.slots.get(key);
      if (typeof held === 'number' && isKept(held)) return NO_CLAIM;
      claimed.add(key);
      return keys.push(key) - 1;
    },
    drop: (claim) => {
      claimed.delete(keys[claim] as K);
    },
    begin: (gone) => {
      for (const { records } of gone)
        for (const id of records) if (isNamed(context.records, id, name)) remove(shelf, id, claimed);
    },
    insert: (claim, id) => {
      const key = keys[claim] as K;
      const before = shelf.observers.length > 0 ? known(shelf, content.slots.get(key)) : undefined;
      content.slots.set(key, id);
      if (shelf.observers.length > 0) tell(shelf, key, before, valueIn(shelf, id));
    },
  };
}

function remove<K extends string | number, V>(
  shelf: Shelf<K, V>,
  id: RecordId,
  claimed: ReadonlySet<K>,
): void {
  const key = shelf.codec.decodeKey(keyBytes(shelf.context.records, id));
  assert(key !== null, 'a codec decodes what it encoded');
  if (claimed.has(key)) return;
  const before = shelf.observers.length > 0 ? valueIn(shelf, id) : undefined;
  shelf.content.slots.delete(key);
  tell(shelf, key, before, undefined);
}
