/**
 * From a learner's journal back to its state: the last complete snapshot, and the batches that follow on it. A learner has
 * promised nothing but to hold what it signed, so whoever lost its journal begins with nothing and fetches what is proven.
 */

import type { Position, Recovered } from '@concordat/kernel';
import { equalBytes, toHex } from '@concordat/wire';
import { batchDigest, nextHistory } from '../batch.ts';
import { checkpointed, rebuild } from '../execution/execution.ts';
import { createMeasure, type JournalSize } from '../execution/snapshot-writing.ts';
import { carried } from '../replica/references.ts';
import { type Request, requestDigest } from '../request.ts';
import { adoptLink, enterExposed } from './epochs.ts';
import { execute } from './execute.ts';
import { learnFrom } from './learn.ts';
import { type BatchRecord, decodeLearnerRecord, type LearnerRecord, type SnapshotRecord } from './records.ts';
import type { Ahead, LearnerState } from './state.ts';

interface Placed<R> {
  readonly record: R;
  readonly position: Position;
}

/** The losses that the journal's records answer already. */
export function knownLosses(recovered: Recovered): number {
  return decoded(recovered).reduce(
    (losses, { record }) => (record.type === 'begin' ? Math.max(losses, record.losses) : losses),
    0,
  );
}

/** Records that no version wrote are skipped: the journal vouches for bytes. */
function decoded({ records, first }: Recovered): Placed<LearnerRecord>[] {
  return records.flatMap((bytes, i) => {
    const record = decodeLearnerRecord(bytes);
    return record === null ? [] : [{ record, position: first + i }];
  });
}

function sizeOf({ records }: Recovered): JournalSize {
  const measure = createMeasure();
  for (const bytes of records) measure.count(bytes.length, decodeLearnerRecord(bytes));
  return measure.size();
}

/** Applies the journal, since its last beginning, to a fresh state. */
export function recover(l: LearnerState, recovered: Recovered): void {
  const all = decoded(recovered);
  const records = all.slice(all.findLastIndex(({ record }) => record.type === 'begin') + 1);
  const batches = new Map<number, Placed<BatchRecord>>();
  let bodies: Placed<Request>[] = [];
  const links: Ahead[] = [];
  let open: { readonly snapshot: SnapshotRecord; readonly parts: Map<number, Uint8Array> } | null = null;
  for (const { record, position } of records) {
    if (record.type === 'body') bodies.push({ record: record.request, position });
    else if (record.type === 'batch') {
      batches.set(record.slot, withBodies(l, { record, position }, bodies));
      bodies = [];
    } else if (record.type === 'snapshot') open = { snapshot: record, parts: new Map() };
    else if (record.type === 'epoch') links.push({ link: record.link, position });
    else if (record.type === 'part') open?.parts.set(record.part, record.bytes);
    else if (record.type === 'snapshot-end' && open !== null) {
      applySnapshot(l, open.snapshot, open.parts);
      open = null;
    }
  }
  executeLogged(l, batches);
  Object.assign(l.journal, sizeOf(recovered));
  const { executed: slot, history } = l.execution;
  learnFrom(l, { slot, history });
  enterExposed(l);
  for (const link of links) adoptLink(l, link);
}

/** The record with the large bodies that were logged before it. */
function withBodies(
  l: LearnerState,
  { record, position }: Placed<BatchRecord>,
  bodies: readonly Placed<Request>[],
): Placed<BatchRecord> {
  const [first] = bodies;
  if (first === undefined) return { record, position };
  const byDigest = new Map(
    bodies.map((body) => [toHex(requestDigest(l.keys, l.config.cluster, body.record)), body.record]),
  );
  const found = carried(l.keys, l.config.cluster, record) ?? [];
  const requests = record.batch.refs.flatMap((ref, i) => found[i] ?? byDigest.get(toHex(ref.digest)) ?? []);
  return { record: { ...record, requests }, position: first.position };
}

function applySnapshot(
  l: LearnerState,
  snapshot: SnapshotRecord,
  parts: ReadonlyMap<number, Uint8Array>,
): void {
  const built = rebuild(l.execution, l.keys.hash, snapshot.state, snapshot.parts, snapshot.roots);
  if (built === null) return;
  for (const [part, bytes] of parts) built.offer(part, bytes);
  if (built.missing(1).length > 0) return;
  built.finish();
  const { slot, history, state } = snapshot;
  l.execution.executed = slot;
  l.execution.history = history;
  l.own = [{ ...checkpointed(l.execution), history, state }];
}

/** Executes what follows on the state, as far as it chains. */
function executeLogged(l: LearnerState, batches: ReadonlyMap<number, Placed<BatchRecord>>): void {
  for (;;) {
    const slot = l.execution.executed + 1;
    const logged = batches.get(slot);
    if (logged === undefined) return;
    const { batch, requests, history } = logged.record;
    const digest = batchDigest(l.keys.hash, batch);
    if (!equalBytes(nextHistory(l.keys.hash, l.execution.history, digest), history)) return;
    execute(l, { digest, batch, requests }, { history });
    l.journal.positions.set(slot, logged.position);
  }
}
