/**
 * A ledger as a row of records, each small enough to be written and checked by itself:
 *
 *   u8 1 | u32 format | text policy | u32 accounts | u32 period | u53 next token | u53 last expiry     first
 *   u8 2 | list of text                                                       names of accounts, in order
 *   u8 3 | list of (u32 account | u32 other | i32 out | i32 base | u32 stamp)     links from both ends, in order
 *   u8 4 | list of (u32 low | u32 high | i32 x 4 | u32 period)                links put by
 *   u8 5 | list of hold                                                       reservations, in order
 *   u8 6 | u53 records                                                        last: how many came before
 *
 * Encoding works on a copy made at once, so that payments go on while the records are written.
 */

import { createWriter, type Writer } from '@concordat/wire';
import type { Hold } from '../network/holds.ts';
import type { ParkedLink } from '../network/network.ts';
import { writeHold } from './change-codec.ts';
import type { Ledger } from './ledger.ts';
import { encodePolicy } from './policy-codec.ts';

export const SNAPSHOT_FORMAT = 1;
/** Names, arcs or reservations in one record. */
export const ITEMS_MAX = 8192;
export const SNAPSHOT_KINDS = { first: 1, names: 2, arcs: 3, parked: 4, holds: 5, last: 6 } as const;

/** All that a snapshot shows, apart from the ledger as it goes on. */
interface Frozen {
  readonly policy: string;
  readonly nodeCount: number;
  readonly period: number;
  readonly nextToken: number;
  readonly lastExpiryMs: number;
  /** Shared with the ledger: names are only ever added behind those that count here. */
  readonly names: readonly string[];
  readonly starts: Uint32Array;
  readonly ends: Uint32Array;
  readonly targets: Uint32Array;
  readonly out: Int32Array;
  readonly base: Int32Array;
  readonly stamps: Uint32Array;
  readonly holds: readonly Hold[];
  readonly parked: readonly (readonly [string, ParkedLink])[];
}

function freeze({ network, names }: Ledger): Frozen {
  const { nodeCount, filled, period, holds } = network;
  return {
    policy: encodePolicy(network.policy),
    nodeCount,
    period,
    nextToken: holds.nextToken,
    lastExpiryMs: holds.lastExpiryMs,
    names,
    starts: network.starts.slice(0, nodeCount),
    ends: network.ends.slice(0, nodeCount),
    targets: network.targets.slice(0, filled),
    out: network.out.slice(0, filled),
    base: network.base.slice(0, filled),
    stamps: network.stamps.slice(0, filled),
    holds: [...holds.byToken.values()],
    parked: [...network.parked],
  };
}

/** The records of the ledger as it is now, whenever they are asked for. */
export const snapshotRecords = (ledger: Ledger): Iterable<Uint8Array> => recordsOf(freeze(ledger));

function* recordsOf(frozen: Frozen): Generator<Uint8Array> {
  const writer = createWriter(1 << 16);
  let count = 0;
  for (const record of bodyOf(frozen, writer)) {
    count += 1;
    yield record;
  }
  writer.u8(SNAPSHOT_KINDS.last);
  writer.u53(count);
  yield writer.finish();
}

function* bodyOf(frozen: Frozen, writer: Writer): Generator<Uint8Array> {
  writer.u8(SNAPSHOT_KINDS.first);
  writer.u32(SNAPSHOT_FORMAT);
  writer.text(frozen.policy);
  writer.u32(frozen.nodeCount);
  writer.u32(frozen.period);
  writer.u53(frozen.nextToken);
  writer.u53(frozen.lastExpiryMs);
  yield writer.finish();
  for (let at = 0; at < frozen.nodeCount; at += ITEMS_MAX) {
    writer.u8(SNAPSHOT_KINDS.names);
    const names = frozen.names.slice(at, Math.min(at + ITEMS_MAX, frozen.nodeCount));
    writer.list(names, (name) => writer.text(name));
    yield writer.finish();
  }
  yield* arcRecords(frozen, writer);
  for (let at = 0; at < frozen.parked.length; at += ITEMS_MAX) {
    writer.u8(SNAPSHOT_KINDS.parked);
    writer.list(frozen.parked.slice(at, at + ITEMS_MAX), ([pair, { low, high, period }]) => {
      for (const node of pair.split(',')) writer.u32(Number(node));
      for (const value of [...low, ...high]) writer.i32(value);
      writer.u32(period);
    });
    yield writer.finish();
  }
  for (let at = 0; at < frozen.holds.length; at += ITEMS_MAX) {
    writer.u8(SNAPSHOT_KINDS.holds);
    writer.list(frozen.holds.slice(at, at + ITEMS_MAX), (hold) => writeHold(writer, hold));
    yield writer.finish();
  }
}

function* arcRecords(frozen: Frozen, writer: Writer): Generator<Uint8Array> {
  const { starts, ends, targets, out, base, stamps, nodeCount } = frozen;
  /** Pairs of account and place. */
  let pending: number[] = [];
  const finish = (): Uint8Array => {
    writer.u8(SNAPSHOT_KINDS.arcs);
    writer.u32(pending.length / 2);
    for (let i = 0; i < pending.length; i += 2) {
      const place = pending[i + 1] as number;
      writer.u32(pending[i] as number);
      writer.u32(targets[place] as number);
      writer.i32(out[place] as number);
      writer.i32(base[place] as number);
      writer.u32(stamps[place] as number);
    }
    pending = [];
    return writer.finish();
  };
  for (let node = 0; node < nodeCount; node += 1)
    for (let place = starts[node] as number; place < (ends[node] as number); place += 1) {
      pending.push(node, place);
      if (pending.length === 2 * ITEMS_MAX) yield finish();
    }
  if (pending.length > 0) yield finish();
}
