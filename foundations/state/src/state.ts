/**
 * The state of a service: named maps and cells, of which this package keeps an authenticated canonical form
 * (DESIGN section 9, rule 10: collision-resistant against chosen content). The same operations lead to the same digest
 * whoever executes them and whatever was looked at in between, and a rollback leaves no trace. The functions from
 * `digest` on are those of a kernel `Service`, which delegates to them.
 */

import type { Hash } from '@concordat/crypto';
import { assert, type Digest, type Mark, type Restore, type Snapshot } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type EntryCodec, numberKey, textKey, type ValueCodec } from './codec.ts';
import { type Collection, type CollectionContext, createCollection, type StateMap } from './collection.ts';
import { type Part, partBytes } from './part.ts';
import { type Birth, compact, createRecords, freeRecord, isTombstone, type RecordId } from './records.ts';
import { BIRTHS, createRestore, type RestoreTarget } from './restore.ts';
import { changed, countParts, emptyTree, partsOf, stateDigest, type Tree } from './tree.ts';

export interface StateOptions {
  readonly hash: Hash;
  /** Format that the state begins with; its digest commits to it. */
  readonly version: number;
  /** All that it can be of, ascending: what may be restored and switched to. `version` alone if absent. */
  readonly versions?: readonly number[];
}

/** One value, never absent. While it equals its initial value it takes no room in the state. */
export interface StateCell<V> {
  get(): V;
  set(value: V): void;
  /** Tells of every change, also by rollback and restore. */
  observe(observer: (before: V, after: V) => void): void;
}

/**
 * Collections of all versions are declared together, and one stands for one format: what a version keeps, it finds under
 * the same name; what it holds in another form has a collection of its own. So a migration is writing like any other, a
 * rollback takes it back, and an earlier mark's snapshot stays what it was.
 */
export interface State {
  /** Of the content as it is. */
  version(): number;
  readonly versions: readonly number[];
  /** The content is of this later version from here on: to be called with what was migrated, before the next mark. */
  switchTo(version: number): void;
  /** Declares a map; once per name (ASCII, at most 32 characters), before the first mark. */
  map<K extends string | number, V>(name: string, codec: EntryCodec<K, V>): StateMap<K, V>;
  /** Declares a cell, under the same rules. */
  cell<V>(name: string, codec: ValueCodec<V>, initial: V): StateCell<V>;
  digest(): Digest;
  mark(): Mark;
  rollback(mark: Mark): void;
  release(mark: Mark): void;
  snapshot(mark: Mark): Snapshot;
  restore(digest: Digest, partDigests: readonly Digest[]): Restore | null;
}

/** A mark, with the tree of that moment if it is known. */
interface OpenMark {
  readonly mark: Mark;
  readonly version: number;
  tree: Tree | null;
  /** Nothing differed from the tree. */
  readonly isClean: boolean;
  /** Records that were made for this tree alone. */
  readonly made: RecordId[];
}

interface Core extends CollectionContext {
  readonly hash: Hash;
  readonly versions: readonly number[];
  readonly collections: Map<string, Collection>;
  tree: Tree;
  /** Counts the keys that came to be; null only until it is declared. */
  births: StateCell<Birth> | null;
  /** Of the content as it is. */
  version: number;
  /** In ascending order. */
  open: OpenMark[];
  openMark: Mark;
  lastMark: Mark;
  /** Records that only `tree` may show, until it is brought up to date. */
  condemned: RecordId[];
}

function createCore({ hash, version, versions = [version] }: StateOptions): Core {
  assert(versions.includes(version), 'a state begins with a version that it can be of');
  const records = createRecords(hash);
  const core: Core = {
    hash,
    versions,
    version,
    collections: new Map(),
    records,
    tree: emptyTree(records),
    births: null,
    open: [],
    openMark: 0,
    lastMark: 0,
    condemned: [],
    condemn: (id) => {
      core.condemned.push(id);
    },
  };
  // The count is an entry like others, so that marks, digests and restores have it; the only one that it does not count.
  core.births = declareCell(core, BIRTHS, numberOfBirths, 1, () => 0);
  return core;
}

function countBirth(core: Core): Birth {
  const birth = nextBirth(core);
  core.births?.set(birth + 1);
  return birth;
}

function nextBirth({ births }: Core): Birth {
  assert(births !== null, 'births are counted from the beginning');
  return births.get();
}

export function createState(options: StateOptions): State {
  const core = createCore(options);
  return {
    version: () => core.version,
    versions: core.versions,
    switchTo: (version) => {
      assert(
        version > core.version && core.versions.includes(version),
        'a state switches to a later version',
      );
      core.version = version;
    },
    ...declarations(core),
    digest: () => digestOf(core),
    mark: () => openMark(core),
    rollback: (mark) => rollback(core, mark),
    release: (mark) => {
      keepOpen(core, (open) => open.mark > mark);
      for (const collection of core.collections.values()) collection.release(mark);
    },
    snapshot: (mark) => snapshotOf(core, mark),
    restore: (digest, partDigests) => createRestore(restoreTarget(core), digest, partDigests),
  };
}

const restoreTarget = (core: Core): RestoreTarget => ({
  hash: core.hash,
  versions: core.versions,
  collections: core.collections,
  records: core.records,
  nextBirth: () => nextBirth(core),
  presentTree: () => {
    if (isDirty(core)) settle(core);
    return core.tree;
  },
  dropMarks: () => {
    keepOpen(core, () => false);
    for (const collection of core.collections.values()) collection.release(core.lastMark);
  },
  replace: (tree, gone, version) => {
    core.version = version;
    core.tree = tree;
    for (const { records } of gone) for (const id of records) core.condemn(id);
    settle(core);
  },
});

/** Forgets the other marks. */
function keepOpen(core: Core, isKept: (open: OpenMark) => boolean): void {
  for (const open of core.open) if (!isKept(open)) for (const id of open.made) core.condemn(id);
  core.open = core.open.filter(isKept);
  core.openMark = core.open.at(-1)?.mark ?? 0;
}

const numberOfBirths: ValueCodec<Birth> = { encode: numberKey.encodeKey, decode: numberKey.decodeKey };

function declarations(core: Core): Pick<State, 'map' | 'cell'> {
  return {
    map: (name, codec) => addCollection(core, name, codec, null, () => countBirth(core)),
    cell: (name, codec, initial) => declareCell(core, name, codec, initial, () => countBirth(core)),
  };
}

function addCollection<K extends string | number, V>(
  core: Core,
  name: string,
  codec: EntryCodec<K, V>,
  absent: Uint8Array | null,
  nextBirth: () => Birth,
): StateMap<K, V> {
  assert(!core.collections.has(name), 'every collection has its own name');
  assert(core.lastMark === 0, 'collections are declared before the first mark');
  const { map, collection } = createCollection(name, codec, core, absent, nextBirth);
  core.collections.set(name, collection);
  return map;
}

function declareCell<V>(
  core: Core,
  name: string,
  codec: ValueCodec<V>,
  initial: V,
  nextBirth: () => Birth,
): StateCell<V> {
  const absent = codec.encode(initial).slice();
  const map = addCollection(core, name, withSoleKey(codec), absent, nextBirth);
  const isInitial = (value: V): boolean =>
    value === initial || (typeof value === 'object' && equalBytes(codec.encode(value), absent));
  return {
    get: () => map.get('') ?? initial,
    // A cell that holds its initial value has no entry: whoever restores the state knows nothing of another.
    set: (value) => {
      if (isInitial(value)) map.delete('');
      else map.set('', value);
    },
    observe: (observer) => map.observe((_, before, after) => observer(before ?? initial, after ?? initial)),
  };
}

/** A cell is a map with one key, the empty one. */
const withSoleKey = <V>(codec: ValueCodec<V>): EntryCodec<string, V> => ({
  encodeKey: textKey.encodeKey,
  decodeKey: (bytes) => (bytes.length === 0 ? '' : null),
  encode: (value) => codec.encode(value),
  decode: (bytes) => codec.decode(bytes),
});

/** Brings the tree up to date. */
function settle(core: Core): void {
  const changes: RecordId[] = [];
  for (const collection of core.collections.values()) {
    if (collection.isDirty) collection.takeDirty(changes);
  }
  core.tree = withChanges(core, changes);
  for (const id of core.condemned) freeRecord(core.records, id);
  core.condemned = [];
  compact(core.records);
}

/** The present tree with these changes made. */
function withChanges(core: Core, changes: RecordId[]): Tree {
  const tree = changed(core.records, core.tree, changes);
  for (const id of changes) if (isTombstone(core.records, id)) freeRecord(core.records, id);
  return tree;
}

function digestOf(core: Core): Digest {
  settle(core);
  return stateDigest(core.hash, core.version, core.tree).slice();
}

function isDirty(core: Core): boolean {
  for (const collection of core.collections.values()) if (collection.isDirty) return true;
  return false;
}

function openMark(core: Core): Mark {
  core.lastMark++;
  const isClean = !isDirty(core);
  const { lastMark: mark, version } = core;
  core.open.push({ mark, version, tree: isClean ? core.tree : null, isClean, made: [] });
  core.openMark = mark;
  return mark;
}

function findMark(core: Core, mark: Mark): OpenMark {
  const open = core.open.find((one) => one.mark === mark);
  assert(open !== undefined, 'a mark is used between its making and its release');
  return open;
}

function rollback(core: Core, mark: Mark): void {
  const { tree, isClean, version } = findMark(core, mark);
  core.version = version;
  keepOpen(core, (open) => open.mark <= mark);
  for (const collection of core.collections.values()) {
    collection.undoSince(mark);
    if (isClean) collection.dropDirty();
  }
  if (isClean && tree !== null) core.tree = tree;
}

/** The tree as of `mark`: today's, with what changed since set back. The entries themselves stay as they are. */
function treeAt(core: Core, mark: Mark): Tree {
  const open = findMark(core, mark);
  if (open.tree !== null) return open.tree;
  settle(core);
  const changes: RecordId[] = [];
  for (const collection of core.collections.values()) collection.changedSince(mark, changes, open.made);
  open.tree = withChanges(core, changes);
  return open.tree;
}

function snapshotOf(core: Core, mark: Mark): Snapshot {
  const { hash } = core;
  const { version } = findMark(core, mark);
  const tree = treeAt(core, mark);
  // Most snapshots are never read: a list of all parts is made for those that are.
  let list: Part[] | null = null;
  const at = (index: number): Part => {
    list ??= partsOf(tree);
    const part = list[index];
    assert(part !== undefined, 'a snapshot has the part that is asked for');
    return part;
  };
  return {
    digest: stateDigest(hash, version, tree),
    parts: countParts(tree),
    digestOf: (index) => at(index).digest.slice(),
    read: (index) => {
      findMark(core, mark);
      return partBytes(core.records, at(index));
    },
  };
}
