/**
 * State transfer of a replica that lags behind a stable checkpoint, has diverged from it or was wiped: a certificate says
 * which state is fetched (`../execution/fetching.ts` says how), and the log goes on from there.
 */

import { DIGEST_BYTES } from '@concordat/crypto';
import type { Env, NodeId } from '@concordat/kernel';
import { checkpointed } from '../execution/execution.ts';
import {
  adopt,
  beginFetching,
  countParts,
  type Fetcher,
  type Fetching,
  isLost,
  isServed,
  manifestOf,
  partMessage,
  takeManifest,
  takePart,
  urge,
} from '../execution/fetching.ts';
import { serve } from './catch-up.ts';
import { keepOnly } from './checkpoint.ts';
import { exposeJump } from './execute.ts';
import type { FetchManifest, FetchPart, Manifest, Message, Part } from './messages.ts';
import { beginSnapshot } from './snapshotting.ts';
import { others, type ReplicaState, type Stable } from './state.ts';

const fetcherOf = (s: ReplicaState): Fetcher => ({
  execution: s.execution,
  hash: s.keys.hash,
  sources: sources(s),
  retransmitMs: s.config.retransmitMs,
});

/**
 * Begins to fetch the state of a stable checkpoint. One that is under way goes on, although its target is no longer the
 * latest: what it brings is most of that, and the rest is fetched next. Begun anew with every checkpoint, it would never
 * end while the others are busy.
 */
export function startTransfer(s: ReplicaState, env: Env<Message>, target: Stable): void {
  if (s.transfer !== null) return;
  const all = sources(s);
  const candidates = all.filter((id) => s.peers[id]?.isUp);
  s.transfer = beginFetching(env, target, env.random.pick(candidates.length > 0 ? candidates : all));
}

/** Who may have the state of a stable checkpoint: also the members before, where the present ones began with it. */
function sources(s: ReplicaState): NodeId[] {
  const before = s.stable.slot === s.genesis.slot ? (s.chain.at(-1)?.certificate ?? []) : [];
  const ids = new Set([...others(s), ...before.map(({ sender }) => sender)]);
  ids.delete(s.config.self);
  return [...ids].sort((a, b) => a - b);
}

/** Moves on to another peer when one does not answer. Called on every tick. */
export function tickTransfer(s: ReplicaState, env: Env<Message>): void {
  const { transfer, serving } = s;
  if (transfer !== null) {
    const by = fetcherOf(s);
    if (transfer.target.slot < s.stable.slot && isLost(transfer, by, env.now)) {
      s.transfer = null;
      startTransfer(s, env, s.stable);
    } else if (urge(transfer, by, env)) finishTransfer(s, env, transfer);
  }
  if (serving !== null && !isServed(serving, env.now)) {
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
  serve(s, env, from, manifestOf(own), DIGEST_BYTES * countParts(own));
}

export function onFetchPart(s: ReplicaState, env: Env<Message>, from: NodeId, m: FetchPart): void {
  const own = s.own.find(({ slot }) => slot === m.slot);
  const part = own === undefined ? null : partMessage(own, m.part);
  if (part === null) return;
  if (s.serving?.slot === m.slot) s.serving.at = env.now;
  serve(s, env, from, part, part.bytes.length);
}

export function onManifest(s: ReplicaState, env: Env<Message>, from: NodeId, m: Manifest): void {
  const { transfer } = s;
  if (transfer !== null && takeManifest(transfer, fetcherOf(s), env, from, m))
    finishTransfer(s, env, transfer);
}

export function onPart(s: ReplicaState, env: Env<Message>, from: NodeId, m: Part): void {
  const { transfer } = s;
  if (transfer !== null && takePart(transfer, fetcherOf(s), env, from, m)) finishTransfer(s, env, transfer);
}

function finishTransfer(s: ReplicaState, env: Env<Message>, transfer: Fetching): void {
  const { target } = transfer;
  adopt(fetcherOf(s), transfer);
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
