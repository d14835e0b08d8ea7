/**
 * From the journal back to the state: promises first, then as much of the log as is known to be final. What was open
 * is open again, exactly as promised; peers supply what happened meanwhile. A replica that led its view does not
 * propose in it again, because early proposals may have left before they were durable (DESIGN section 9, rule 6).
 */

import type { Digest, Position, Recovered, Steps } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type Batch, nextHistory } from '../batch.ts';
import { executeBatch, type Rebuild, rebuild } from '../execution/execution.ts';
import { createMeasure } from '../execution/snapshot-writing.ts';
import { dropKept, keepBatch, resumeFeed } from '../executor/retention.ts';
import { isChange } from '../governance/announcement.ts';
import { adopt } from '../governance/epochs.ts';
import type { Link } from '../governance/link.ts';
import { epochOf } from '../governance/views.ts';
import { trimCertificate } from '../order/speculative/certificate.ts';
import type { Request } from '../request.ts';
import { withVouch } from './acceptance.ts';
import { stableOf } from './checkpoint.ts';
import { amnesia } from './incarnation.ts';
import type { Certificate, PrePrepare, Vouch } from './messages.ts';
import { decodeRecord, isAbout, type Record } from './records.ts';
import { executable } from './references.ts';
import type { Content } from './slot.ts';
import { isPrimary, type ReplicaState, type Stable, slotAt } from './state.ts';
import { selectFrom } from './view-change.ts';

/** What the journal tells of one slot. */
interface Trace {
  accepted: Vouch[];
  prepared: Vouch | null;
  contents: Content[];
  proposal: PrePrepare | null;
  readonly position: Position;
}

/** A batch that is final, with what the configuration of its time executes of it. */
interface Final {
  readonly batch: Batch;
  readonly requests: readonly Request[];
  readonly history: Digest;
}

/** A snapshot that is being read. */
interface Reading {
  readonly stable: Stable;
  readonly rebuild: Rebuild;
  /** What became final while it was written: it follows on its state, and up to `end`. */
  readonly following: Final[];
  end: Point;
}

interface Recovery {
  readonly s: ReplicaState;
  readonly traces: Map<number, Trace>;
  snapshot: Reading | null;
  /** What follows on a snapshot that was just read. */
  due: readonly Final[];
  prepared: { view: number; slot: number };
}

/** A point of the agreed log. */
interface Point {
  readonly slot: number;
  readonly history: Digest;
}

/** The losses that the journal's records already answer: with amnesia, or the incarnation after it. */
export function knownLosses({ records }: Recovered): number {
  let losses = 0;
  for (const bytes of records) {
    if (!isAbout(bytes, 'amnesia') && !isAbout(bytes, 'incarnation')) continue;
    const record = decodeRecord(bytes);
    if (record?.type === 'amnesia' || record?.type === 'incarnation')
      losses = Math.max(losses, record.losses);
  }
  return losses;
}

/** What follows the last amnesia: everything before it is void. */
function sinceAmnesia({ records, first }: Recovered): {
  readonly records: readonly Uint8Array[];
  first: number;
} {
  const last = records.findLastIndex((bytes) => isAbout(bytes, 'amnesia'));
  return last < 0 ? { records, first } : { records: records.slice(last), first: first + last };
}

/** What executors have signed last: from there on the log is kept for them. */
function lastDelivered(records: readonly Uint8Array[]): Stable | null {
  const last = records.findLast((bytes) => isAbout(bytes, 'delivered'));
  const record = last === undefined ? null : decodeRecord(last);
  return record?.type === 'delivered' ? stableOf(record.certificate) : null;
}

/** Of records between two steps, or batches: a twentieth of a second's work, more or less. */
const STEP_BYTES = 1024 * 1024;
const STEP_BATCHES = 32;

/**
 * Applies the journal to a fresh state, and tells how many of its bytes are done. Records that no version wrote are skipped: the
 * journal vouches for bytes.
 */
export function* recover(s: ReplicaState, recovered: Recovered): Steps<void> {
  const { records, first } = sinceAmnesia(recovered);
  s.feed.delivered = lastDelivered(records) ?? s.feed.delivered;
  const prepared = { view: 0, slot: 0 };
  const recovery: Recovery = { s, traces: new Map(), snapshot: null, due: [], prepared };
  const measure = createMeasure();
  const total = records.reduce((sum, bytes) => sum + bytes.length, 0);
  let [done, told] = [0, 0];
  for (const [i, bytes] of records.entries()) {
    const record = decodeRecord(bytes);
    measure.count(bytes.length, record);
    if (record !== null) apply(recovery, record, first + i);
    done += bytes.length;
    for (let at = 0; at < recovery.due.length; at += STEP_BATCHES) {
      if (at > 0) yield { done, total };
      for (const batch of recovery.due.slice(at, at + STEP_BATCHES)) execute(s, batch);
    }
    recovery.due = [];
    if (done - told < STEP_BYTES && done < total) continue;
    told = done;
    yield { done, total };
  }
  const { bytes: journalBytes, snapshotBytes } = measure.size();
  Object.assign(s, { journalBytes, snapshotBytes });
  // An unfinished change is over once its view, or a higher one, was entered.
  if (s.changingTo !== null && s.changingTo <= s.view) s.changingTo = null;
  s.mayPropose = !isPrimary(s);
  restoreSelection(s);
  restoreLog(recovery);
}

/**
 * True for what another epoch has promised. It is repeated behind that epoch's link, unless a disk that lied has lost the
 * link: then it is of no use here.
 */
const isForeign = (s: ReplicaState, view: number): boolean => epochOf(view) !== s.config.epoch;

function apply(recovery: Recovery, record: Record, position: Position): void {
  const { s } = recovery;
  if ('view' in record && record.type !== 'accept' && isForeign(s, record.view)) return;
  switch (record.type) {
    case 'view':
      s.view = record.view;
      s.newView = record.newView;
      return;
    case 'change':
      s.changingTo = record.view;
      return;
    case 'accept':
      applyAccept(recovery, record, position);
      return;
    case 'prepared':
      applyPrepared(recovery, record);
      return;
    case 'certificate':
      s.certificate = record.certificate;
      return;
    case 'stable':
      applyStable(recovery, record.certificate);
      return;
    case 'delivered':
      return;
    case 'epoch':
      applyEpoch(recovery, record.link);
      return;
    case 'amnesia':
      s.incarnation = amnesia(record.losses);
      return;
    case 'incarnation':
      s.incarnation = { ...amnesia(record.losses), number: record.number, mayVote: record.mayVote };
      return;
    default:
      applySnapshot(recovery, record);
  }
}

function applyAccept({ traces }: Recovery, record: Record & { type: 'accept' }, position: Position): void {
  let trace = traces.get(record.slot);
  if (trace === undefined) {
    trace = { accepted: [], prepared: null, contents: [], proposal: null, position };
    traces.set(record.slot, trace);
  }
  const vouch = { view: record.view, digest: record.digest };
  trace.accepted = withVouch(trace.accepted, vouch);
  trace.proposal = record.proposal;
  if (record.content !== null) trace.contents.push({ digest: record.digest, ...record.content });
}

function applyPrepared(recovery: Recovery, record: Record & { type: 'prepared' }): void {
  recovery.prepared = record;
  for (const [slot, trace] of recovery.traces) {
    const [latest] = trace.accepted;
    if (slot <= record.slot && latest?.view === record.view) trace.prepared = latest;
  }
}

/** What a certificate covers is final: it can be executed, if the journal has all of it. */
function applyStable(recovery: Recovery, certificate: Certificate): void {
  const { s, traces } = recovery;
  const stable = stableOf(certificate);
  if (stable === null || stable.slot <= s.stable.slot || certificate[0]?.epoch !== s.config.epoch) return;
  const before = s.stable;
  s.stable = stable;
  trimCertificate(s, before);
  executeTo(recovery, stable);
  keepTo(recovery, before, stable);
  dropKept(s);
  for (const slot of traces.keys()) if (slot <= stable.slot) traces.delete(slot);
}

/** Another epoch's views, and a log that goes on after the base. A snapshot repeats all links, also those that are known. */
function applyEpoch(recovery: Recovery, link: Link): void {
  const { s, traces } = recovery;
  if (link.command.next.epoch !== s.config.epoch + 1) return;
  applyStable(recovery, link.certificate);
  adopt(s, link);
  recovery.prepared = { view: s.view, slot: s.genesis.slot };
  for (const [slot, trace] of traces) {
    if (slot <= s.genesis.slot) continue;
    // What was promised in this epoch or in a later one stays: a snapshot repeats all links after it, and may have released the
    // first ones.
    const isKept = ({ view }: Vouch): boolean => epochOf(view) >= s.config.epoch;
    trace.accepted = trace.accepted.filter(isKept);
    if (trace.prepared !== null && !isKept(trace.prepared)) trace.prepared = null;
    if (trace.accepted.length === 0) traces.delete(slot);
  }
}

/** Executes what leads to a stable checkpoint; or keeps it, until the snapshot is whole on which it follows. */
function executeTo(recovery: Recovery, stable: Stable): void {
  const { s, snapshot } = recovery;
  const { executed: slot, history } = s.execution;
  const steps = stepsTo(recovery, snapshot?.end ?? { slot, history }, stable);
  if (steps === null) return;
  for (const { content, history } of steps) {
    const final = { batch: content.batch, requests: executable(s, content), history };
    if (snapshot === null) execute(s, final);
    else snapshot.following.push(final);
  }
  if (snapshot !== null) snapshot.end = stable;
}

const execute = ({ execution }: ReplicaState, { batch, requests, history }: Final): void =>
  void executeBatch(execution, batch, requests, history);

interface Step {
  readonly content: Content;
  readonly before: Digest;
  readonly history: Digest;
  readonly position: Position;
}

/** The batches that lead from one point of the agreed log to another, or null if the journal does not hold them all. */
function stepsTo({ s, traces }: Recovery, from: Point, stable: Stable): Step[] | null {
  const steps: Step[] = [];
  let before = from.history;
  for (let slot = from.slot + 1; slot <= stable.slot; slot++) {
    const trace = traces.get(slot);
    const digest = trace?.accepted[0]?.digest;
    const content = trace?.contents.find((known) => digest !== undefined && equalBytes(known.digest, digest));
    if (trace === undefined || content === undefined) return null;
    const history = nextHistory(s.keys.hash, before, content.digest);
    steps.push({ content, before, history, position: trace.position });
    before = history;
  }
  return equalBytes(before, stable.history) ? steps : null;
}

/** Keeps for executors again what they may still need: from the stable checkpoint before, or from what they have. */
function keepTo(recovery: Recovery, before: Stable, stable: Stable): void {
  const { delivered } = recovery.s.feed;
  for (const from of [before, delivered]) {
    const steps = from.slot < stable.slot ? stepsTo(recovery, from, stable) : null;
    if (steps === null) continue;
    for (const [i, step] of steps.entries())
      keepBatch(recovery.s, from.slot + 1 + i, step.before, step.history, step.content, step.position);
    return;
  }
}

function applySnapshot(
  recovery: Recovery,
  record: Record & { type: 'snapshot' | 'part' | 'snapshot-end' },
): void {
  const { s } = recovery;
  if (record.type === 'snapshot') {
    const stable = stableOf(record.certificate);
    if (stable === null || stable.slot <= s.execution.executed) return;
    const built = rebuild(s.execution, s.keys.hash, stable.state, record.parts, record.roots);
    recovery.snapshot = built && { stable, rebuild: built, following: [], end: stable };
    return;
  }
  const { snapshot } = recovery;
  if (snapshot === null) return;
  if (record.type === 'part') {
    snapshot.rebuild.offer(record.part, record.bytes);
    return;
  }
  recovery.snapshot = null;
  // The links to its epoch may be lost: its certificate comes behind them.
  if (snapshot.rebuild.missing(1).length > 0 || s.stable.slot < snapshot.stable.slot) return;
  snapshot.rebuild.finish();
  s.execution.executed = snapshot.stable.slot;
  s.execution.history = snapshot.stable.history;
  recovery.due = snapshot.following;
}

function restoreSelection(s: ReplicaState): void {
  if (s.newView === null) return;
  s.selection = selectFrom(s, s.newView.changes);
}

/** Puts what is still open into the log: all promises, and the current view's accepted prefix. */
function restoreLog({ s, traces, prepared }: Recovery): void {
  const start = s.stable.slot;
  s.committed = start;
  s.accepted = start;
  let { history } = s.stable;
  for (let number = start + 1; number <= start + s.config.window; number++) {
    const trace = traces.get(number);
    if (trace === undefined || trace.accepted.some(({ view }) => isForeign(s, view))) continue;
    const slot = slotAt(s, number);
    Object.assign(slot, {
      accepted: trace.accepted,
      prepared: trace.prepared,
      contents: trace.contents,
      stored: [...trace.contents],
      position: trace.position,
    });
    const [latest] = trace.accepted;
    const content = trace.contents.find(
      ({ digest }) => latest !== undefined && equalBytes(digest, latest.digest),
    );
    if (latest?.view !== s.view || content === undefined || s.accepted !== number - 1) continue;
    history = nextHistory(s.keys.hash, history, content.digest);
    const hasCommand = content.requests.some(isChange);
    Object.assign(slot, { content, history, hasCommand, acceptedView: s.view, proposal: trace.proposal });
    s.accepted = number;
  }
  s.prepared = prepared.view === s.view ? Math.min(Math.max(prepared.slot, start), s.accepted) : start;
  s.preparedSent = start;
  s.committedSent = start;
  resumeFeed(s);
}
