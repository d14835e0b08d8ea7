/**
 * Verified state transfer: a replica that lags behind a stable checkpoint, has diverged from it or was wiped fetches
 * that state part by part. The certificate fixes the state's digest, the digest fixes the manifest, the manifest each
 * part, so a lying peer can waste one message at a time. Parts that the present state already has are not fetched.
 */

import { DIGEST_BYTES } from '@concordat/crypto';
import { type Digest, type Env, type NodeId, PART_BYTES } from '@concordat/kernel';
import { checkpointed, type Rebuild, rebuild, rootsOf } from '../execution/execution.ts';
import { serve } from './catch-up.ts';
import { keepOnly } from './checkpoint.ts';
import { exposeJump } from './execute.ts';
import type { FetchManifest, FetchPart, Manifest, Message, Part } from './messages.ts';
import { beginSnapshot } from './snapshotting.ts';
import { others, type ReplicaState, type Stable } from './state.ts';

export interface Transfer {
  readonly target: Stable;
  /** The member being asked. */
  peer: NodeId;
  askedAt: number;
  /** Members asked in vain since the last part came. */
  silent: number;
  rebuild: Rebuild | null;
  /** Parts asked for and not yet here, with the time of asking, the oldest first. */
  readonly asked: Map<number, number>;
}

/** Parts asked for at a time: about 1 MiB under way, since most parts are a quarter of `PART_BYTES`. */
const MAX_ASKED = (4 * 1024 * 1024) / PART_BYTES;

/** A peer may make us hold an old checkpoint for it while it keeps fetching, but not longer than this in all. */
const SERVE_MS = 60_000;
const SERVE_IDLE_MS = 5_000;

/**
 * Begins to fetch the state of a stable checkpoint. One that is under way goes on, although its target is no longer the
 * latest: what it brings is most of that, and the rest is fetched next. Begun anew with every checkpoint, it would never
 * end while the others are busy.
 */
export function startTransfer(s: ReplicaState, env: Env<Message>, target: Stable): void {
  if (s.transfer !== null) return;
  const all = sources(s);
  const candidates = all.filter((id) => s.peers[id]?.isUp);
  const peer = env.random.pick(candidates.length > 0 ? candidates : all);
  s.transfer = { target, peer, askedAt: env.now, silent: 0, rebuild: null, asked: new Map() };
  env.note({ kind: 'state-transfer', slot: target.slot, peer });
  env.send(peer, { type: 'fetch-manifest', slot: target.slot });
}

/** Who may have the state of a stable checkpoint: also the members before, where the present ones began with it. */
function sources(s: ReplicaState): NodeId[] {
  const before = s.stable.slot === s.genesis.slot ? (s.chain.at(-1)?.certificate ?? []) : [];
  const ids = new Set([...others(s), ...before.map(({ sender }) => sender)]);
  ids.delete(s.config.self);
  return [...ids].sort((a, b) => a - b);
}

function tryNextPeer(s: ReplicaState, env: Env<Message>, transfer: Transfer): void {
  const peers = sources(s);
  transfer.peer = peers.find((id) => id > transfer.peer) ?? (peers[0] as NodeId);
  transfer.askedAt = env.now;
  transfer.silent++;
  transfer.asked.clear();
  if (transfer.rebuild === null)
    env.send(transfer.peer, { type: 'fetch-manifest', slot: transfer.target.slot });
  else askForParts(s, env, transfer, transfer.rebuild);
}

/** Moves on to another peer when one does not answer. Called on every tick. */
export function tickTransfer(s: ReplicaState, env: Env<Message>): void {
  const { transfer, serving } = s;
  if (transfer !== null && env.now - transfer.askedAt >= s.config.retransmitMs * 2) {
    // Peers keep the latest stable checkpoint, and the one they are serving; an older target may be gone for good.
    const isGone = transfer.rebuild === null || transfer.silent >= sources(s).length;
    if (transfer.target.slot < s.stable.slot && isGone) {
      s.transfer = null;
      startTransfer(s, env, s.stable);
    } else tryNextPeer(s, env, transfer);
  } else if (transfer?.rebuild) askAgain(s, env, transfer, transfer.rebuild);
  if (serving !== null && (env.now - serving.at > SERVE_IDLE_MS || env.now - serving.since > SERVE_MS)) {
    s.serving = null;
    keepOnly(s, s.stable.slot);
  }
}

export function onFetchManifest(s: ReplicaState, env: Env<Message>, from: NodeId, m: FetchManifest): void {
  const own = s.own.find(({ slot }) => slot === m.slot);
  if (own === undefined) {
    if (s.stable.slot > m.slot) env.send(from, { type: 'stable', certificate: s.stable.certificate });
    return;
  }
  if (s.serving === null) s.serving = { slot: m.slot, since: env.now, at: env.now };
  const digests = (snapshot: typeof own.core): Digest[] =>
    Array.from({ length: snapshot.parts }, (_, part) => snapshot.digestOf(part));
  const manifest: Manifest = {
    type: 'manifest',
    slot: m.slot,
    roots: rootsOf(own),
    parts: { core: digests(own.core), service: digests(own.service) },
  };
  serve(s, env, from, manifest, DIGEST_BYTES * (own.core.parts + own.service.parts));
}

export function onManifest(s: ReplicaState, env: Env<Message>, from: NodeId, m: Manifest): void {
  const { transfer } = s;
  if (transfer === null || transfer.peer !== from || transfer.target.slot !== m.slot) return;
  if (transfer.rebuild !== null) return;
  const built = rebuild(s.execution, s.keys.hash, transfer.target.state, m.parts, m.roots);
  if (built === null) {
    env.note({ kind: 'strike', peer: from, why: 'false manifest' });
    tryNextPeer(s, env, transfer);
    return;
  }
  transfer.rebuild = built;
  askForParts(s, env, transfer, built);
}

/** Asks again for what does not come, because its peer has given others their share first. */
function askAgain(s: ReplicaState, env: Env<Message>, transfer: Transfer, built: Rebuild): void {
  let late = 0;
  for (const [part, at] of transfer.asked) {
    if (env.now - at < s.config.retransmitMs) break;
    transfer.asked.delete(part);
    late++;
  }
  if (late > 0) askForParts(s, env, transfer, built);
}

function askForParts(s: ReplicaState, env: Env<Message>, transfer: Transfer, built: Rebuild): void {
  const missing = built.missing(MAX_ASKED);
  if (missing.length === 0) {
    finishTransfer(s, env, transfer, built);
    return;
  }
  for (const part of missing) {
    if (transfer.asked.size >= MAX_ASKED) return;
    if (transfer.asked.has(part)) continue;
    transfer.asked.set(part, env.now);
    env.send(transfer.peer, { type: 'fetch-part', slot: transfer.target.slot, part });
  }
}

export function onFetchPart(s: ReplicaState, env: Env<Message>, from: NodeId, m: FetchPart): void {
  const own = s.own.find(({ slot }) => slot === m.slot);
  if (own === undefined || m.part >= own.core.parts + own.service.parts) return;
  if (s.serving?.slot === m.slot) s.serving.at = env.now;
  const part = m.part < own.core.parts ? own.core.read(m.part) : own.service.read(m.part - own.core.parts);
  // A message may wait, what is read may not.
  const bytes = part.slice();
  serve(s, env, from, { type: 'part', slot: m.slot, part: m.part, bytes }, bytes.length);
}

export function onPart(s: ReplicaState, env: Env<Message>, from: NodeId, m: Part): void {
  const { transfer } = s;
  if (transfer === null || transfer.peer !== from || transfer.target.slot !== m.slot) return;
  if (transfer.rebuild === null || !transfer.asked.delete(m.part)) return;
  if (!transfer.rebuild.offer(m.part, m.bytes)) {
    env.note({ kind: 'strike', peer: from, why: 'false part' });
    tryNextPeer(s, env, transfer);
    return;
  }
  transfer.askedAt = env.now;
  transfer.silent = 0;
  askForParts(s, env, transfer, transfer.rebuild);
}

function finishTransfer(s: ReplicaState, env: Env<Message>, transfer: Transfer, built: Rebuild): void {
  built.finish();
  const { target } = transfer;
  s.execution.executed = target.slot;
  s.execution.history = target.history;
  s.transfer = null;
  s.transferredAt = env.now;
  // Restoring dropped all marks.
  s.serving = null;
  s.snapshotting = null;
  s.speculated = [];
  s.own = [{ ...checkpointed(s.execution), history: target.history, state: target.state }];
  s.committed = Math.max(s.committed, target.slot);
  env.note({ kind: 'state-transferred', slot: target.slot });
  exposeJump(s, env);
  const [own] = s.own;
  if (target.slot === s.stable.slot && own !== undefined) beginSnapshot(s, env, own);
  else startTransfer(s, env, s.stable);
}
