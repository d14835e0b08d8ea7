/**
 * The state of a service as its author sees it: maps and cells of @concordat/state whose writes can be taken back. An
 * operation that is refused or throws leaves nothing behind; one that answers keeps what it wrote. Values that would
 * not come back as they were are refused when they are written, not when a digest or a restore meets them.
 */

import { assert } from '@concordat/kernel';
import { MAX_ENTRY_BYTES, type State, type ValueCodec } from '@concordat/state';
import { createReader, createWriter, toHex } from '@concordat/wire';
import type { Codec } from './codecs.ts';

/** A map of the state. Values are replaced, never changed in place. */
export interface Table<K extends string | number, V> {
  get(key: K): V | undefined;
  has(key: K): boolean;
  /** Throws for a key or value that their codecs do not accept. */
  set(key: K, value: V): void;
  /** True if the key was there. */
  delete(key: K): boolean;
  readonly size: number;
  /** All keys in ascending order. Costs a sort. */
  sortedKeys(): K[];
}

/** One value of the state, never absent. */
export interface Cell<V> {
  get(): V;
  /** Throws for a value that its codec does not accept. */
  set(value: V): void;
}

/**
 * How a service declares what its state consists of; names are ASCII of at most 32 characters, each used once. Under a name
 * that the former version has, too, it goes on with what is there; what is held in another form gets another name.
 */
export interface Declare {
  table<K extends string | number, V>(name: string, key: Codec<K>, value: Codec<V>): Table<K, V>;
  cell<V>(name: string, value: Codec<V>, initial: V): Cell<V>;
}

/** What was written since the last `begin`, so that it can be taken back. */
export interface WriteBook {
  begin(): void;
  /** As `begin`, of what is never taken back: it may be all of the state. */
  beginForGood(): void;
  /** Keeps what was written. */
  keep(): void;
  /** Takes back what was written. */
  undo(): void;
}

/** A value that the state could not give back, or a write where only reading is allowed. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
}

interface OpenBook extends WriteBook {
  /** Throws unless a write may happen now; `undo` would take it back. */
  noteWrite(undo: () => void): void;
}

function createBook(): OpenBook {
  const undos: (() => void)[] = [];
  let isOpen = false;
  let isForGood = false;
  return {
    begin: () => {
      isOpen = true;
      isForGood = false;
    },
    beginForGood: () => {
      isOpen = true;
      isForGood = true;
    },
    keep: () => {
      isOpen = false;
      undos.length = 0;
    },
    undo: () => {
      isOpen = false;
      for (let undo = undos.pop(); undo !== undefined; undo = undos.pop()) undo();
    },
    noteWrite: (undo) => {
      if (!isOpen) throw new WriteError('the state is written by operations only, while they execute');
      if (!isForGood) undos.push(undo);
    },
  };
}

const writer = createWriter(256);

function bytesOf<T>(codec: Codec<T>): ValueCodec<T> {
  return {
    encode: (value) => {
      codec.write(writer, value);
      return writer.finish();
    },
    decode: (bytes) => {
      const reader = createReader(bytes);
      const value = codec.read(reader);
      return reader.finish(value);
    },
  };
}

/** A key, its value, and the name of their collection must fit into one entry of the state. */
const NAME_ROOM_BYTES = 64;

/** What all versions of a service hold. */
export interface Collections {
  readonly book: WriteBook;
  /** Begins to declare what one version holds. A name that another version has declared is the same collection. */
  stage(): Stage;
  /** Empties what has these names. */
  clear(names: Iterable<string>): void;
}

export interface Stage {
  readonly declare: Declare;
  readonly names: ReadonlySet<string>;
}

interface Made<T> {
  readonly collection: T;
  clear(): void;
}

/** Finds or makes the collection with a name, whose bytes this format names. */
type Find = <T>(name: string, format: string, make: () => Made<T>) => T;

export function createCollections(state: State): Collections {
  const book = createBook();
  const all = new Map<string, Made<unknown> & { readonly format: string }>();
  const finder =
    (names: Set<string>): Find =>
    <T>(name: string, format: string, make: () => Made<T>): T => {
      assert(!names.has(name), `'${name}' is declared once`);
      names.add(name);
      const known = all.get(name);
      if (known === undefined) {
        const made = make();
        all.set(name, { ...made, format });
        return made.collection;
      }
      assert(
        known.format === format,
        `'${name}' keeps its form: what another version holds otherwise has another name`,
      );
      return known.collection as T;
    };
  return {
    book,
    stage: () => {
      const names = new Set<string>();
      const find = finder(names);
      return {
        declare: { table: declareTable(state, book, find), cell: declareCell(state, book, find) },
        names,
      };
    },
    clear: (names) => {
      for (const name of names) all.get(name)?.clear();
    },
  };
}

function declareTable(state: State, book: OpenBook, find: Find): Declare['table'] {
  return <K extends string | number, V>(name: string, key: Codec<K>, value: Codec<V>): Table<K, V> => {
    assert(
      key.maxBytes + value.maxBytes + NAME_ROOM_BYTES <= MAX_ENTRY_BYTES,
      `an entry of '${name}' fits into the state`,
    );
    const keys = bytesOf(key);
    const map = find(name, `table(${key.format},${value.format})`, () => {
      const collection = state.map<K, V>(name, {
        encodeKey: keys.encode,
        decodeKey: keys.decode,
        ...bytesOf(value),
      });
      const clear = (): void => {
        for (const at of collection.sortedKeys()) collection.delete(at);
      };
      return { collection, clear };
    });
    const put = (at: K, content: V | undefined): void => {
      if (content === undefined) map.delete(at);
      else map.set(at, content);
    };
    return {
      get: (at) => map.get(at),
      has: (at) => map.has(at),
      set: (at, content) => {
        if (!key.accepts(at)) throw new WriteError(`'${name}' cannot hold this key`);
        if (!value.accepts(content)) throw new WriteError(`'${name}' cannot hold this value`);
        const before = map.get(at);
        book.noteWrite(() => put(at, before));
        map.set(at, content);
      },
      delete: (at) => {
        const before = map.get(at);
        if (before === undefined) return false;
        book.noteWrite(() => put(at, before));
        return map.delete(at);
      },
      get size() {
        return map.size;
      },
      sortedKeys: () => map.sortedKeys(),
    };
  };
}

function declareCell(state: State, book: OpenBook, find: Find): Declare['cell'] {
  return <V>(name: string, value: Codec<V>, initial: V): Cell<V> => {
    assert(value.maxBytes + NAME_ROOM_BYTES <= MAX_ENTRY_BYTES, `'${name}' fits into the state`);
    assert(value.accepts(initial), `the initial value of '${name}' is one of its values`);
    const codec = bytesOf(value);
    const cell = find(name, `cell(${value.format},${toHex(codec.encode(initial))})`, () => {
      const collection = state.cell(name, codec, initial);
      return { collection, clear: () => collection.set(initial) };
    });
    return {
      get: () => cell.get(),
      set: (content) => {
        if (!value.accepts(content)) throw new WriteError(`'${name}' cannot hold this value`);
        const before = cell.get();
        book.noteWrite(() => cell.set(before));
        cell.set(content);
      },
    };
  };
}
