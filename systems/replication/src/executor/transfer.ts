/**
 * Fetching a proven state from another holder, part by part (UpRight's FetchCP and AppState), and serving one's own. The
 * certificate fixes the state's digest, the digest the manifest, the manifest each part: a lying holder wastes one message
 * at a time. Parts that the present state has already are not fetched.
 */

import { DIGEST_BYTES } from '@concordat/crypto';
import {
  type Digest,
  type Env,
  FIRST_CONNECTION,
  type Millis,
  type NodeId,
  PART_BYTES,
  type Snapshot,
} from '@concordat/kernel';
import { checkpointed, type Rebuild, rebuild, rootsOf } from '../execution/execution.ts';
import { CREDIT_BYTES } from '../replica/catch-up.ts';
import type { FetchManifest, FetchPart, Manifest, Message, Part } from '../replica/messages.ts';
import type { Stable } from '../replica/state.ts';
import { keepOnly } from './checkpoints.ts';
import { beginSnapshot } from './journal.ts';
import { learnFrom } from './learn.ts';
import type { LearnerState } from './state.ts';
import { exposeOwn } from './submit.ts';

export interface Transfer {
  readonly target: Stable;
  /** The holder that is being asked. */
  holder: NodeId;
  askedAt: Millis;
  /** Holders asked in vain since the last part came. */
  silent: number;
  rebuild: Rebuild | null;
  /** Parts asked for and not here yet, with the time of asking, the oldest first. */
  readonly asked: Map<number, Millis>;
}

/** Parts asked for at a time: about 1 MiB under way, since most parts are a quarter of `PART_BYTES`. */
const MAX_ASKED = (4 * 1024 * 1024) / PART_BYTES;

/** A checkpoint is held for whoever fetches it, but not longer than this. */
const SERVE_MS = 60_000;
const SERVE_IDLE_MS = 5_000;

/** Begins to fetch the certified state; what is under way goes on, although it may no longer be the latest. */
export function startTransfer(l: LearnerState, env: Env<Message>): void {
  if (l.transfer !== null || l.certified.slot === 0) return;
  const holder = env.random.pick(others(l));
  l.transfer = { target: l.certified, holder, askedAt: env.now, silent: 0, rebuild: null, asked: new Map() };
  env.note({ kind: 'state-transfer', slot: l.certified.slot, peer: holder });
  env.send(holder, { type: 'fetch-manifest', slot: l.certified.slot });
}

const others = ({ config }: LearnerState): NodeId[] => config.holders.filter((id) => id !== config.self);

function tryNextHolder(l: LearnerState, env: Env<Message>, transfer: Transfer): void {
  const holders = others(l);
  transfer.holder = holders[(holders.indexOf(transfer.holder) + 1) % holders.length] as NodeId;
  transfer.askedAt = env.now;
  transfer.silent++;
  transfer.asked.clear();
  if (transfer.rebuild !== null) askForParts(l, env, transfer, transfer.rebuild);
  else env.send(transfer.holder, { type: 'fetch-manifest', slot: transfer.target.slot });
}

/** Asks again, or somebody else, for what does not come. Called on every tick. */
export function tickTransfer(l: LearnerState, env: Env<Message>): void {
  l.served.clear();
  const { transfer, serving } = l;
  if (transfer !== null && env.now - transfer.askedAt >= 2 * l.config.retransmitMs) {
    // Holders keep the certified state, and the one they are serving; an older target may be gone for good.
    const isGone = transfer.rebuild === null || transfer.silent > l.config.holders.length;
    if (isGone && transfer.target.slot < l.certified.slot) {
      l.transfer = null;
      startTransfer(l, env);
    } else tryNextHolder(l, env, transfer);
  } else if (transfer?.rebuild) askAgain(l, env, transfer, transfer.rebuild);
  if (serving !== null && (env.now - serving.at > SERVE_IDLE_MS || env.now - serving.since > SERVE_MS)) {
    l.serving = null;
    keepOnly(l, l.certified.slot);
  }
}

/** Asks again for what does not come, because the holder has given others their share first. */
function askAgain(l: LearnerState, env: Env<Message>, transfer: Transfer, built: Rebuild): void {
  const late = [...transfer.asked].filter(([, at]) => env.now - at >= l.config.retransmitMs);
  for (const [part] of late) transfer.asked.delete(part);
  if (late.length > 0) askForParts(l, env, transfer, built);
}

const digestsOf = (snapshot: Snapshot): Digest[] =>
  Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));

/** Sends what a configured node asked for, unless it has had its share; it will ask again. */
function serve(l: LearnerState, env: Env<Message>, to: NodeId, message: Message, sizeBytes: number): void {
  const served = l.served.get(to) ?? 0;
  if (to >= FIRST_CONNECTION || served >= CREDIT_BYTES) return;
  l.served.set(to, served + sizeBytes);
  env.send(to, message);
}

export function onFetchManifest(l: LearnerState, env: Env<Message>, from: NodeId, m: FetchManifest): void {
  const own = l.own.find(({ slot }) => slot === m.slot);
  if (own === undefined) return;
  if (l.serving === null) l.serving = { slot: m.slot, since: env.now, at: env.now };
  const manifest: Manifest = {
    type: 'manifest',
    slot: m.slot,
    roots: rootsOf(own),
    parts: { core: digestsOf(own.core), service: digestsOf(own.service) },
  };
  serve(l, env, from, manifest, DIGEST_BYTES * (own.core.parts + own.service.parts));
}

export function onFetchPart(l: LearnerState, env: Env<Message>, from: NodeId, m: FetchPart): void {
  const own = l.own.find(({ slot }) => slot === m.slot);
  if (own === undefined || m.part >= own.core.parts + own.service.parts) return;
  if (l.serving?.slot === m.slot) l.serving.at = env.now;
  const part = m.part < own.core.parts ? own.core.read(m.part) : own.service.read(m.part - own.core.parts);
  // A message may wait, what is read may not.
  const bytes = part.slice();
  serve(l, env, from, { type: 'part', slot: m.slot, part: m.part, bytes }, bytes.length);
}

export function onManifest(l: LearnerState, env: Env<Message>, from: NodeId, m: Manifest): void {
  const { transfer } = l;
  if (transfer === null || transfer.holder !== from || transfer.target.slot !== m.slot) return;
  if (transfer.rebuild !== null) return;
  const built = rebuild(l.execution, l.keys.hash, transfer.target.state, m.parts, m.roots);
  if (built === null) {
    env.note({ kind: 'strike', peer: from, why: 'false manifest' });
    tryNextHolder(l, env, transfer);
    return;
  }
  transfer.rebuild = built;
  askForParts(l, env, transfer, built);
}

function askForParts(l: LearnerState, env: Env<Message>, transfer: Transfer, built: Rebuild): void {
  const missing = built.missing(MAX_ASKED);
  if (missing.length === 0) {
    finishTransfer(l, env, transfer, built);
    return;
  }
  for (const part of missing) {
    if (transfer.asked.size >= MAX_ASKED) return;
    if (transfer.asked.has(part)) continue;
    transfer.asked.set(part, env.now);
    env.send(transfer.holder, { type: 'fetch-part', slot: transfer.target.slot, part });
  }
}

export function onPart(l: LearnerState, env: Env<Message>, from: NodeId, m: Part): void {
  const { transfer } = l;
  if (transfer === null || transfer.holder !== from || transfer.target.slot !== m.slot) return;
  if (transfer.rebuild === null || !transfer.asked.delete(m.part)) return;
  if (!transfer.rebuild.offer(m.part, m.bytes)) {
    env.note({ kind: 'strike', peer: from, why: 'false part' });
    tryNextHolder(l, env, transfer);
    return;
  }
  transfer.askedAt = env.now;
  transfer.silent = 0;
  askForParts(l, env, transfer, transfer.rebuild);
}

function finishTransfer(l: LearnerState, env: Env<Message>, { target }: Transfer, built: Rebuild): void {
  built.finish();
  l.execution.executed = target.slot;
  l.execution.history = target.history;
  l.transfer = null;
  // Restoring dropped all marks.
  l.serving = null;
  l.journal.positions.clear();
  const own = { ...checkpointed(l.execution), history: target.history, state: target.state };
  l.own = [own];
  l.progressAt = env.now;
  learnFrom(l, { slot: target.slot, history: target.history });
  l.exposed.push({ slot: target.slot, time: l.execution.core.time.get() });
  exposeOwn(l);
  env.note({ kind: 'state-transferred', slot: target.slot });
  // What the journal holds leads to the state that was given up.
  beginSnapshot(l, env, own);
}
