/**
 * Remembers what each transaction does to the tree, for whoever keeps a log of it (`stretch.ts`). It stands around the
 * service, because what is executed may be taken back: that is forgotten with it, and only what its host says is final is given.
 * Invariant kept: what is given joins on what was given before, or says by its `from` where it does not.
 */

import type { Mark, Restore } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { KeeperService } from '../service.ts';
import { CONFIG_PATH, quotaNode, statsPath } from '../tree/paths.ts';
import { countersOf, draftOf, isEphemeral, type Znode } from '../tree/znode.ts';
import { type Change, type Point, STRETCH_BYTES, type Stretch } from './stretch.ts';

/** What is given at a time. */
export interface Taken extends Stretch {
  /** Nothing that is final is left. */
  readonly isAll: boolean;
}

export interface Recorder {
  /** To be executed in place of the service that it was made for. */
  readonly service: KeeperService;
  readonly isOn: boolean;
  /** From the present state on. */
  begin(): void;
  /** Forgets all that it has. */
  end(): void;
  /**
   * What is final and was not given yet, or the first megabyte of it: up to the state at a mark, or everything. Null if it is
   * off, or that state is not known to come after what it began with.
   */
  take(end: Mark | null): Taken | null;
}

/** What a transaction did to one node. */
interface Touched {
  /** It was there before the transaction. */
  readonly existed: boolean;
  readonly after: Znode | undefined;
  /** What it is now differs in counters alone. */
  readonly isCounters: boolean;
}

interface Pending extends Point {
  readonly touched: Map<string, Touched>;
  bytes: number;
}

interface Recording {
  readonly inner: KeeperService;
  isOn: boolean;
  /** What is given next begins here. */
  base: Point;
  /** Later transactions up to here are known to who asks. */
  known: number;
  pending: Pending[];
  bytes: number;
  /** Ascending. */
  marks: { readonly mark: Mark; readonly point: Point }[];
  /** All is put back, or put in another's place: these are no transactions. */
  isDeaf: boolean;
}

/** If nobody takes it for long, it is given up rather than kept: a gap is told, memory that is full is not. */
const MAX_PENDING_BYTES = 64 * STRETCH_BYTES;
const TRANSACTION_BYTES = 64;
const NODE_BYTES = 256;

/**
 * One for each service, made before anything is executed.
 * @param known what is stored already, by an earlier life: it goes on from there, and is on from the beginning; otherwise off
 */
export function createRecorder(inner: KeeperService, known: Point | null): Recorder {
  const recording: Recording = {
    inner,
    isOn: known !== null,
    base: presentPoint(inner),
    known: known?.zxid ?? 0,
    pending: [],
    bytes: 0,
    marks: [],
    isDeaf: false,
  };
  inner.keeper.meta.observe((before, { zxid, time }) => {
    if (isListening(recording) && zxid !== before.zxid) open(recording, { zxid, time });
  });
  inner.keeper.tree.nodes.observe((path, before, after) => {
    if (isListening(recording)) touch(recording, path, lasting(before), lasting(after));
  });
  return {
    service: recorded(recording),
    get isOn() {
      return recording.isOn;
    },
    begin: () => {
      recording.isOn = true;
      recording.known = 0;
      restart(recording);
    },
    end: () => {
      recording.isOn = false;
      restart(recording);
    },
    take: (end) => take(recording, end),
  };
}

const isListening = ({ isOn, isDeaf }: Recording): boolean => isOn && !isDeaf;

const lasting = (node: Znode | undefined): Znode | undefined =>
  node === undefined || isEphemeral(node) ? undefined : node;

function presentPoint({ keeper }: KeeperService): Point {
  const { zxid, time } = keeper.meta.get();
  return { zxid, time };
}

function restart(recording: Recording): void {
  recording.base = presentPoint(recording.inner);
  recording.pending = [];
  recording.bytes = 0;
  recording.marks = [];
}

function recorded(recording: Recording): KeeperService {
  const { inner } = recording;
  return {
    ...inner,
    mark: () => {
      const mark = inner.mark();
      if (recording.isOn) recording.marks.push({ mark, point: presentPoint(inner) });
      return mark;
    },
    rollback: (mark) => {
      recording.isDeaf = true;
      inner.rollback(mark);
      recording.isDeaf = false;
      forgetAfter(recording, mark);
    },
    restore: (digest, partDigests) => {
      const restore = inner.restore(digest, partDigests);
      return restore === null ? null : restoring(recording, restore);
    },
  };
}

/** Nothing leads from what there was to what is there now. */
const restoring = (recording: Recording, restore: Restore): Restore => ({
  ...restore,
  finish: () => {
    recording.isDeaf = true;
    restore.finish();
    recording.isDeaf = false;
    restart(recording);
  },
});

/** What was executed after the mark has not happened. */
function forgetAfter(recording: Recording, mark: Mark): void {
  const now = presentPoint(recording.inner);
  const { pending } = recording;
  while ((pending.at(-1)?.zxid ?? 0) > now.zxid) recording.bytes -= pending.pop()?.bytes ?? 0;
  recording.marks = recording.marks.filter((one) => one.mark <= mark);
  // It began with a state that was taken back.
  if (recording.base.zxid > now.zxid || recording.base.time > now.time) recording.base = now;
}

function open(recording: Recording, point: Point): void {
  if (point.zxid <= recording.known && recording.pending.length === 0) {
    recording.base = point;
    return;
  }
  recording.pending.push({ ...point, touched: new Map(), bytes: TRANSACTION_BYTES });
  recording.bytes += TRANSACTION_BYTES;
  if (recording.bytes <= MAX_PENDING_BYTES) return;
  recording.pending = [];
  recording.bytes = 0;
  recording.base = point;
}

/** Something happens to a node: whose transaction it is stands in the state already. */
function touch(
  recording: Recording,
  path: string,
  before: Znode | undefined,
  after: Znode | undefined,
): void {
  const transaction = recording.pending.at(-1);
  if (path === CONFIG_PATH || transaction === undefined || (before === undefined && after === undefined))
    return;
  const known = transaction.touched.get(path);
  const isCounters = known?.isCounters !== false && isSameButCounters(before, after);
  const existed = known?.existed ?? before !== undefined;
  put(recording, transaction, path, { existed, after, isCounters });
  const quota = after === undefined ? quotaNode(path) : null;
  if (quota?.kind !== 'limits') return;
  // The use is not counted from now on: with limits a first state has what can be counted, without them what was there last.
  const stats = statsPath(quota.of);
  const used = recording.inner.keeper.tree.nodes.get(stats);
  if (used === undefined) return;
  const hadUse = transaction.touched.get(stats)?.existed ?? true;
  put(recording, transaction, stats, { existed: hadUse, after: used, isCounters: false });
}

/** Data are copied: they lie among the state's records, which may be written over. */
function put(
  recording: Recording,
  transaction: Pending,
  path: string,
  { existed, after, isCounters }: Touched,
): void {
  const data = isCounters ? null : (after?.data?.slice() ?? null);
  const kept = after && draftOf(after);
  if (kept !== undefined) kept.data = data;
  transaction.touched.set(path, { existed, after: kept, isCounters });
  const bytes = NODE_BYTES + path.length + (data?.length ?? 0);
  transaction.bytes += bytes;
  recording.bytes += bytes;
}

const isSameButCounters = (before: Znode | undefined, after: Znode | undefined): boolean =>
  before !== undefined && after !== undefined && hasSameData(before, after) && hasSameList(before, after);

const hasSameData = ({ data: a }: Znode, { data: b }: Znode): boolean =>
  a === b || (a !== null && b !== null && equalBytes(a, b));

const hasSameList = ({ acl: a }: Znode, { acl: b }: Znode): boolean =>
  a === b ||
  (a.length === b.length &&
    a.every(
      ({ perms, scheme, id }, i) => perms === b[i]?.perms && scheme === b[i]?.scheme && id === b[i]?.id,
    ));

function take(recording: Recording, mark: Mark | null): Taken | null {
  const { base, pending } = recording;
  const end =
    mark === null ? presentPoint(recording.inner) : recording.marks.find((one) => one.mark === mark)?.point;
  recording.marks = mark === null ? [] : recording.marks.filter((one) => one.mark >= mark);
  if (!recording.isOn || end === undefined || end.zxid < base.zxid || end.time < base.time) return null;
  const taken: Pending[] = [];
  let bytes = 0;
  for (const transaction of pending) {
    if (transaction.zxid > end.zxid || bytes >= STRETCH_BYTES) break;
    taken.push(transaction);
    bytes += transaction.bytes;
  }
  pending.splice(0, taken.length);
  recording.bytes -= bytes;
  const last = taken.at(-1);
  const isAll = last === undefined || last.zxid === end.zxid;
  recording.base = isAll ? end : { zxid: last.zxid, time: last.time };
  return {
    from: base,
    end: recording.base,
    transactions: taken.map(({ zxid, time, touched }) => ({ zxid, time, changes: changesOf(touched) })),
    isAll,
  };
}

/** What came and went within the transaction was never there. */
const changesOf = (touched: ReadonlyMap<string, Touched>): Change[] =>
  [...touched]
    .filter(([, { existed, after }]) => existed || after !== undefined)
    .map(([path, what]) => changeOf(path, what))
    .sort((a, b) => (a.path < b.path ? -1 : 1));

function changeOf(path: string, { after, isCounters }: Touched): Change {
  if (after === undefined) return { path, kind: 'gone' };
  return isCounters
    ? { path, kind: 'counters', node: countersOf(after) }
    : { path, kind: 'node', node: after };
}
