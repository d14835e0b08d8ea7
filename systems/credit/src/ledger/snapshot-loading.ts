/**
 * A ledger from the records of a snapshot, one after the other. Whatever is not a whole snapshot of a sound network gives null:
 * rows in order, every link with its two ends alike, nothing negative, no reservation twice.
 */

import { createReader, type Reader } from '@concordat/wire';
import { createCuts } from '../network/cuts.ts';
import { createHolds, type Hold } from '../network/holds.ts';
import { type CreditNetwork, type ParkedLink, pairKey, placeBetween } from '../network/network.ts';
import { createSearch } from '../network/search.ts';
import type { LinkPolicy } from '../policies/policy.ts';
import { readHold } from './change-codec.ts';
import { createLedger, isName, type Ledger, NAME_MAX } from './ledger.ts';
import { decodePolicy } from './policy-codec.ts';
import { ITEMS_MAX, SNAPSHOT_FORMAT, SNAPSHOT_KINDS } from './snapshot-codec.ts';

const POLICY_BYTES_MAX = 4096;
const ARC_BYTES = 20;
const PARKED_BYTES = 28;
const HOLD_BYTES = 32;

interface First {
  readonly policy: LinkPolicy;
  readonly nodeCount: number;
  readonly period: number;
  readonly nextToken: number;
  readonly lastExpiryMs: number;
}

/** Columns of arcs as they come; `count` of them are in use. */
interface Arcs {
  sources: Uint32Array;
  targets: Uint32Array;
  out: Int32Array;
  base: Int32Array;
  stamps: Uint32Array;
  count: number;
}

export interface SnapshotLoading {
  first: First | null;
  readonly names: string[];
  readonly arcs: Arcs;
  readonly parked: Map<string, ParkedLink>;
  readonly holds: Hold[];
  records: number;
  isWhole: boolean;
}

export const startLoading = (): SnapshotLoading => ({
  first: null,
  names: [],
  arcs: {
    sources: new Uint32Array(1024),
    targets: new Uint32Array(1024),
    out: new Int32Array(1024),
    base: new Int32Array(1024),
    stamps: new Uint32Array(1024),
    count: 0,
  },
  parked: new Map(),
  holds: [],
  records: 0,
  isWhole: false,
});

/** Takes the next record; false if it is none. */
export function loadRecord(loading: SnapshotLoading, bytes: Uint8Array): boolean {
  const reader = createReader(bytes);
  const kind = reader.u8();
  if (loading.isWhole || (loading.first === null) !== (kind === SNAPSHOT_KINDS.first)) return false;
  if (kind === SNAPSHOT_KINDS.first) loading.first = readFirst(reader);
  else if (kind === SNAPSHOT_KINDS.names)
    loading.names.push(...reader.list(ITEMS_MAX, 4, () => reader.text(3 * NAME_MAX)));
  else if (kind === SNAPSHOT_KINDS.arcs)
    reader.list(ITEMS_MAX, ARC_BYTES, () => readArc(reader, loading.arcs));
  else if (kind === SNAPSHOT_KINDS.parked)
    reader.list(ITEMS_MAX, PARKED_BYTES, () => readParked(reader, loading.parked));
  else if (kind === SNAPSHOT_KINDS.holds)
    loading.holds.push(...reader.list(ITEMS_MAX, HOLD_BYTES, () => readHold(reader)));
  else if (kind === SNAPSHOT_KINDS.last) loading.isWhole = reader.u53() === loading.records;
  else return false;
  loading.records += 1;
  return reader.finish(true) === true && loading.first !== null;
}

function readFirst(reader: Reader): First | null {
  if (reader.u32() !== SNAPSHOT_FORMAT) return null;
  const policy = decodePolicy(reader.text(POLICY_BYTES_MAX));
  const [nodeCount, period] = [reader.u32(), reader.u32()];
  const [nextToken, lastExpiryMs] = [reader.u53(), reader.u53()];
  return policy === null ? null : { policy, nodeCount, period, nextToken, lastExpiryMs };
}

function readArc(reader: Reader, arcs: Arcs): void {
  if (arcs.count === arcs.sources.length) grow(arcs);
  arcs.sources[arcs.count] = reader.u32();
  arcs.targets[arcs.count] = reader.u32();
  arcs.out[arcs.count] = reader.i32();
  arcs.base[arcs.count] = reader.i32();
  arcs.stamps[arcs.count] = reader.u32();
  arcs.count += 1;
}

function grow(arcs: Arcs): void {
  const larger = <T extends Uint32Array | Int32Array>(from: T, to: T): T => {
    to.set(from);
    return to;
  };
  const room = 2 * arcs.sources.length;
  arcs.sources = larger(arcs.sources, new Uint32Array(room));
  arcs.targets = larger(arcs.targets, new Uint32Array(room));
  arcs.out = larger(arcs.out, new Int32Array(room));
  arcs.base = larger(arcs.base, new Int32Array(room));
  arcs.stamps = larger(arcs.stamps, new Uint32Array(room));
}

function readParked(reader: Reader, parked: Map<string, ParkedLink>): void {
  const [a, b] = [reader.u32(), reader.u32()];
  const low: [number, number] = [reader.i32(), reader.i32()];
  const high: [number, number] = [reader.i32(), reader.i32()];
  const period = reader.u32();
  if (a >= b || parked.has(pairKey(a, b)) || Math.min(...low, ...high) < 0) reader.fail();
  else parked.set(pairKey(a, b), { low, high, period });
}

/** The ledger, once its last record was taken; null if it is not whole or not sound. */
export function finishLoading(loading: SnapshotLoading): Ledger | null {
  const { first, names, arcs, parked, holds } = loading;
  if (!loading.isWhole || first === null || names.length !== first.nodeCount) return null;
  if (!names.every(isName) || new Set(names).size !== names.length) return null;
  const network = networkOf(first, arcs, parked);
  if (network === null) return null;
  for (const hold of holds) {
    if (hold.token >= first.nextToken || network.holds.byToken.has(hold.token)) return null;
    network.holds.byToken.set(hold.token, hold);
  }
  return createLedger(network, names);
}

function networkOf(first: First, arcs: Arcs, parked: Map<string, ParkedLink>): CreditNetwork | null {
  const { nodeCount, period, policy } = first;
  const offsets = rowsOf(arcs, nodeCount);
  if (offsets === null) return null;
  const { count } = arcs;
  const network: CreditNetwork = {
    policy,
    nodeCount,
    linkCount: count / 2,
    starts: offsets.slice(0, nodeCount),
    ends: offsets.slice(1),
    rooms: offsets.slice(1),
    targets: arcs.targets.slice(0, count),
    out: arcs.out.slice(0, count),
    back: new Int32Array(count),
    base: arcs.base.slice(0, count),
    stamps: arcs.stamps.slice(0, count),
    filled: count,
    wasted: 0,
    period,
    holds: createHolds(),
    parked,
    search: createSearch(nodeCount),
    cuts: createCuts(nodeCount),
  };
  network.holds.nextToken = first.nextToken;
  network.holds.lastExpiryMs = first.lastExpiryMs;
  return mirrorAll(network, arcs.sources) ? network : null;
}

/** Where each account's arcs begin; null unless arcs are in order and their ends are accounts. */
function rowsOf({ sources, targets, out, base, stamps, count }: Arcs, nodeCount: number): Uint32Array | null {
  const offsets = new Uint32Array(nodeCount + 1);
  let [source, target] = [0, -1];
  for (let at = 0; at < count; at += 1) {
    const [a, b] = [sources[at] as number, targets[at] as number];
    if (a >= nodeCount || b >= nodeCount || a === b || a < source || (a === source && b <= target))
      return null;
    if ((out[at] as number) < 0 || (base[at] as number) < 0 || stamps[at] === undefined) return null;
    [source, target] = [a, b];
    offsets[a + 1]! += 1;
  }
  for (let node = 0; node < nodeCount; node += 1) offsets[node + 1]! += offsets[node] as number;
  return offsets;
}

/** Copies what each end can pay to the other end; false if some link has one end alone. */
function mirrorAll(network: CreditNetwork, sources: Uint32Array): boolean {
  for (let at = 0; at < network.filled; at += 1) {
    const twin = placeBetween(network, network.targets[at] as number, sources[at] as number);
    if (twin < 0 || network.stamps[twin] !== network.stamps[at]) return false;
    network.back[twin] = network.out[at] as number;
  }
  return network.filled % 2 === 0;
}
