/**
 * A keeper's whole tree as of one moment, read a little at a time while it goes on changing: what a node was when the
 * gathering began is kept by the first change to it, unless it has been read already. Nothing is copied or sorted before,
 * so beginning costs nothing, and nobody waits for longer than one piece takes.
 *
 *   a piece: (text path | bytes node)*, in no order; `gathered` makes a first state of all of them
 *
 * Ephemeral nodes are left out and counted, and so is `/zookeeper/config`, which tells the members.
 */

import { createReader, createWriter, type Writer } from '@concordat/wire';
import type { Keeper } from '../keeper.ts';
import { CONFIG_PATH } from '../tree/paths.ts';
import { encodeZnode, isEphemeral, type Znode } from '../tree/znode.ts';
import type { Flaw } from './flaw.ts';
import { type Migrated, migratedFrom } from './genesis.ts';
import { MAX_NODE_BYTES, readNode, staysWhereItMust } from './state-file.ts';

/** Which moment. */
export interface Moment {
  /** Of the last transaction in it. */
  readonly zxid: number;
  /** Ordered time, in milliseconds. */
  readonly time: number;
  /** Open then; they are left out. */
  readonly sessions: number;
}

export interface Gathering {
  readonly moment: Moment;
  /** Nodes given so far. */
  readonly nodes: number;
  /** Left out so far. */
  readonly ephemerals: number;
  /** All of it has been given. */
  readonly isWhole: boolean;
  /** The next piece, of `enough` bytes or somewhat more; null after the last, and once it is given up. Good until the next call. */
  next(enough: number): Uint8Array | null;
}

export interface Gatherer {
  /** Begins with the tree as it is now, and gives up what was being gathered. */
  begin(): Gathering;
  /** Gives up what is being gathered. */
  end(): void;
}

interface Running {
  readonly pieces: Writer;
  readonly entries: Iterator<readonly [path: string, node: Znode]>;
  /** Paths that have been read, also those that came to be later. */
  readonly read: Set<string>;
  /** What changed before it was read, as it was; undefined where there was nothing. */
  readonly kept: Map<string, Znode | undefined>;
  /** Kept nodes that are gone from the tree: they come last. */
  gone: Iterator<readonly [path: string, node: Znode | undefined]> | null;
  nodes: number;
  ephemerals: number;
  isWhole: boolean;
}

/** Watches the keeper's tree from now on; one for each keeper, made before anything is gathered. */
export function createGatherer({ tree, meta, sessions }: Keeper): Gatherer {
  let running: Running | null = null;
  // Data are copied: they lie among the state's records, which may be written over once this one is gone.
  tree.nodes.observe((path, before) => {
    if (running !== null && !running.read.has(path) && !running.kept.has(path))
      running.kept.set(path, before && { ...before, data: before.data?.slice() ?? null });
  });
  return {
    begin: () => {
      const { zxid, time } = meta.get();
      const mine: Running = {
        pieces: createWriter(64 * 1024),
        entries: tree.nodes.entries()[Symbol.iterator](),
        read: new Set(),
        kept: new Map(),
        gone: null,
        nodes: 0,
        ephemerals: 0,
        isWhole: false,
      };
      running = mine;
      return {
        moment: { zxid, time, sessions: sessions.table.size },
        get nodes() {
          return mine.nodes;
        },
        get ephemerals() {
          return mine.ephemerals;
        },
        get isWhole() {
          return mine.isWhole;
        },
        next: (enough) => (running === mine ? nextPiece(mine, enough) : null),
      };
    },
    end: () => {
      running = null;
    },
  };
}

function nextPiece(running: Running, enough: number): Uint8Array | null {
  const { pieces } = running;
  let written = 0;
  while (written < enough) {
    const entry = nextEntry(running);
    if (entry === null) {
      running.isWhole = true;
      return written === 0 ? null : pieces.view();
    }
    const [path, node] = entry;
    if (path === CONFIG_PATH) continue;
    if (isEphemeral(node)) {
      running.ephemerals++;
      continue;
    }
    const bytes = encodeZnode(node);
    pieces.text(path);
    pieces.bytes(bytes);
    written += path.length + bytes.length;
    running.nodes++;
  }
  return pieces.view();
}

function nextEntry(running: Running): readonly [path: string, node: Znode] | null {
  const { entries, read, kept } = running;
  // The iterator is a map's own: it goes on through changes, and meets at its end what came to be meanwhile.
  for (let found = entries.next(); found.done !== true; found = entries.next()) {
    const [path, present] = found.value;
    if (read.has(path)) continue;
    read.add(path);
    const node = kept.has(path) ? kept.get(path) : present;
    if (node !== undefined) return [path, node];
  }
  running.gone ??= [...kept].filter(([path]) => !read.has(path))[Symbol.iterator]();
  for (let found = running.gone.next(); found.done !== true; found = running.gone.next()) {
    const [path, node] = found.value;
    read.add(path);
    if (node !== undefined) return [path, node];
  }
  return null;
}

const NOT_WHOLE: Flaw = { flaw: 'it is not whole', offset: 0 };

/**
 * All pieces, one after the other, as what a keeper can begin with. The use below quotas is counted anew: what
 * sessions owned is gone. A flaw if they are cut off or damaged.
 */
export function gathered(bytes: Uint8Array, moment: Moment, ephemerals: number): Migrated | Flaw {
  const reader = createReader(bytes);
  const nodes: (readonly [string, Znode])[] = [];
  while (reader.rest > 0) {
    const path = reader.text(MAX_NODE_BYTES);
    const node = readNode(createReader(reader.bytes(MAX_NODE_BYTES)));
    if (node === null || !staysWhereItMust(path, node)) return NOT_WHOLE;
    nodes.push([path, node]);
  }
  if (reader.finish(true) === null) return NOT_WHOLE;
  nodes.sort(([a], [b]) => (a < b ? -1 : 1));
  return migratedFrom(nodes, moment.zxid, { ephemerals, sessions: moment.sessions });
}
