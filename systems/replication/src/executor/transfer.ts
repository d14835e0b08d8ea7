/**
 * A learner's state transfer: certified tokens say which state is fetched (`../execution/fetching.ts` says how), from other
 * holders of the state; and one's own is served to whoever is configured.
 */

import { DIGEST_BYTES } from '@concordat/crypto';
import { type Env, FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
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
import { CREDIT_BYTES } from '../replica/catch-up.ts';
import type { FetchManifest, FetchPart, Manifest, Message, Part } from '../replica/messages.ts';
import { keepOnly } from './checkpoints.ts';
import { beginSnapshot } from './journal.ts';
import { learnFrom } from './learn.ts';
import type { LearnerState } from './state.ts';
import { exposeOwn } from './submit.ts';

const fetcherOf = ({ execution, keys, config }: LearnerState): Fetcher => ({
  execution,
  hash: keys.hash,
  sources: config.holders.filter((id) => id !== config.self),
  retransmitMs: config.retransmitMs,
});

/** Begins to fetch the certified state; what is under way goes on, although it may no longer be the latest. */
export function startTransfer(l: LearnerState, env: Env<Message>): void {
  if (l.transfer !== null || l.certified.slot === 0) return;
  l.transfer = beginFetching(env, l.certified, env.random.pick(fetcherOf(l).sources));
}

/** Asks again, or somebody else, for what does not come. Called on every tick. */
export function tickTransfer(l: LearnerState, env: Env<Message>): void {
  l.served.clear();
  const { transfer, serving } = l;
  if (transfer !== null) {
    const by = fetcherOf(l);
    if (transfer.target.slot < l.certified.slot && isLost(transfer, by, env.now)) {
      l.transfer = null;
      startTransfer(l, env);
    } else if (urge(transfer, by, env)) finishTransfer(l, env, transfer);
  }
  if (serving !== null && !isServed(serving, env.now)) {
    l.serving = null;
    keepOnly(l, l.certified.slot);
  }
}

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
  serve(l, env, from, manifestOf(own), DIGEST_BYTES * countParts(own));
}

export function onFetchPart(l: LearnerState, env: Env<Message>, from: NodeId, m: FetchPart): void {
  const own = l.own.find(({ slot }) => slot === m.slot);
  const part = own === undefined ? null : partMessage(own, m.part);
  if (part === null) return;
  if (l.serving?.slot === m.slot) l.serving.at = env.now;
  serve(l, env, from, part, part.bytes.length);
}

export function onManifest(l: LearnerState, env: Env<Message>, from: NodeId, m: Manifest): void {
  const { transfer } = l;
  if (transfer !== null && takeManifest(transfer, fetcherOf(l), env, from, m))
    finishTransfer(l, env, transfer);
}

export function onPart(l: LearnerState, env: Env<Message>, from: NodeId, m: Part): void {
  const { transfer } = l;
  if (transfer !== null && takePart(transfer, fetcherOf(l), env, from, m)) finishTransfer(l, env, transfer);
}

function finishTransfer(l: LearnerState, env: Env<Message>, transfer: Fetching): void {
  const { target } = transfer;
  adopt(fetcherOf(l), transfer);
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
