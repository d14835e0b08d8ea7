/**
 * Runs A and B (arXiv 1712.01367), step by step, against the real replicas: members 1 to 3 are correct, member 0 lies and
 * says what the script has it say. Run A breaks Zyzzyva's view change when certificates go before votes, run B when votes go
 * before certificates; the correct rule comes through both.
 */

import { createModelKeys, modelHash } from '@concordat/crypto';
import type { Digest, NodeId } from '@concordat/kernel';
import { strategyOf, twistEnv } from '@concordat/sim';
import { equalBytes, utf8 } from '@concordat/wire';
import { type Batch, batchDigest, genesisHistory, nextHistory } from '../batch.ts';
import { type SlotRule, selectBy } from '../order/speculative/select.ts';
import { presets } from '../presets/index.ts';
import type { Acknowledge, CommitCertificate, Message, ViewChange } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { signAcknowledge, signPrePrepare, signViewChange } from '../replica/statements.ts';
import { resumeChange } from '../replica/view-change.ts';
import type { Variant } from './broken.ts';
import { type Cluster, createCluster, type ReplicaStrategy } from './cluster.ts';
import { objectionOf } from './storm.ts';

const SEED = 1;
const CLUSTER = modelHash(utf8('compliance'));
const LIAR: NodeId = 0;
const NEVER_MS = 1e9;

/** Replicas that select by another rule. */
export const selectingBy =
  (rule: SlotRule): Variant =>
  (honest) => ({
    ...honest,
    start: (env, recovered) => {
      const s = honest.start(env, recovered);
      const order = {
        ...s.order,
        select: (question: Parameters<typeof s.order.select>[0]) => selectBy(rule, question),
      };
      return Object.assign(s, { order });
    },
  });

interface Stage {
  readonly cluster: Cluster;
  /** What members acknowledged, as the liar heard it. */
  readonly heard: { readonly from: NodeId; readonly m: Acknowledge }[];
  /** What correct members do not get to say, while it is so. */
  isSilenced: (from: NodeId, to: NodeId, m: Message) => boolean;
  /** The liar says something to some. */
  say(to: readonly NodeId[], message: Message): void;
  changeTo(view: number, members: readonly NodeId[]): void;
}

/** The liar's own replica hears and says nothing. */
const puppet = (heard: Stage['heard']): ReplicaStrategy =>
  strategyOf((env) => ({
    env: twistEnv(env, { send: () => {}, sendEarly: () => {} }),
    receive: (from, m) => {
      if (m.type === 'acknowledge') heard.push({ from, m });
      return false;
    },
  }));

function createStage(variant: Variant | undefined): Stage {
  const heard: Stage['heard'] = [];
  const silenced: Variant = strategyOf((env) => ({
    env,
    receive: (from, m) => !stage.isSilenced(from, env.self, m),
  }));
  const cluster = createCluster({
    seed: SEED,
    faults: { u: 1, r: 1 },
    network: { latencyMs: 0.5, jitterMs: 0 },
    disk: { syncMs: 0, jitterMs: 0 },
    adversaries: new Map([[LIAR, puppet(heard)]]),
    settings: {
      ...presets.zyzzyva.settings,
      heartbeatMs: NEVER_MS / 2,
      viewTimeoutMs: NEVER_MS,
      brokenLinkTimeoutMs: NEVER_MS,
    },
    variant: (honest) => silenced(variant === undefined ? honest : variant(honest)),
  });
  const stage: Stage = {
    cluster,
    heard,
    isSilenced: () => false,
    say: (to, message) =>
      cluster.world.call(LIAR, (_s: ReplicaState, env) => {
        for (const peer of to) env.send(peer, message);
      }),
    changeTo: (view, members) => {
      for (const member of members)
        cluster.call(member, (s, env) => {
          s.changingTo = view;
          resumeChange(s, env);
        });
    },
  };
  cluster.world.run(10);
  return stage;
}

const keys = createModelKeys(4, SEED)(LIAR);

/** A value of slot 1: the two differ in nothing but their time. */
interface Value {
  readonly batch: Batch;
  readonly digest: Digest;
  readonly history: Digest;
}

function valueAt(time: number): Value {
  const batch: Batch = { time, refs: [] };
  const digest = batchDigest(keys.hash, batch);
  return { batch, digest, history: nextHistory(keys.hash, genesisHistory(), digest) };
}

const proposalOf = ({ batch, history }: Value): Message =>
  signPrePrepare(keys, CLUSTER, { view: 0, slot: 1, history, incarnation: 0, batch });

const voteFor = (view: number, history: Digest): Acknowledge =>
  signAcknowledge(keys, CLUSTER, { view, slot: 1, history, incarnation: 0 });

/** The liar's VIEW-CHANGE: its latest vote, and the certificate it shows. */
const changeOf = (view: number, digest: Digest, certificate: CommitCertificate | null): ViewChange =>
  signViewChange(keys, CLUSTER, {
    view,
    sender: LIAR,
    incarnation: 0,
    stable: [],
    claims: [{ slot: 1, prepared: null, accepted: [{ view: 0, digest }] }],
    certificate,
  });

/** Everyone who acknowledged this value in view 0, and the liar. */
function certificateFor({ heard }: Stage, { digest, history }: Value): CommitCertificate {
  const votes = heard.filter(({ m }) => m.view === 0 && equalBytes(m.history, history));
  const acknowledgements = [{ from: LIAR, m: voteFor(0, history) }, ...votes]
    .sort((a, b) => a.from - b.from)
    .map(({ from: sender, m: { incarnation, slot, signature } }) => ({
      sender,
      incarnation,
      slot,
      signature,
    }));
  return { view: 0, digests: [digest], acknowledgements };
}

/** Run A: what completed by all votes in view 1 is forgotten for a certificate of view 0. */
export function runA(variant?: Variant): string | null {
  const stage = createStage(variant);
  const { cluster, say } = stage;
  return objectionOf(cluster, () => {
    const a = valueAt(10);
    // 1. Members 2 and 3 get a, member 1 nothing; the liar keeps the certificate for a to itself.
    say([2, 3], proposalOf(a));
    cluster.world.run(5);
    // 2. Member 1 begins view 1 with what it, member 3 and the liar say: nothing is selected.
    stage.isSilenced = (from, to, m) => m.type === 'view-change' && from === 2 && to === 1;
    stage.changeTo(1, [1, 2, 3]);
    say([1], changeOf(1, valueAt(99).digest, null));
    cluster.world.run(5);
    // 3. Its proposal b is accepted by all: complete, and shown at member 1.
    const b = stage.cluster.stateOf(1).slots[1]?.history ?? null;
    if (b === null || cluster.stateOf(1).view !== 1) return 'script: view 1 does not begin';
    say([1], voteFor(1, b));
    cluster.world.run(3);
    if (cluster.stateOf(1).committed !== 1) return 'script: b does not complete';
    // 4. Member 2 begins view 2 with what it, member 3 and the liar say.
    stage.isSilenced = (from, to) => from === 1 && to === 2;
    stage.changeTo(2, [2, 3]);
    say([2], changeOf(2, a.digest, certificateFor(stage, a)));
    cluster.world.run(5);
    if (cluster.stateOf(2).view !== 2) return 'script: view 2 does not begin';
    // 5. What it begins with completes by a certificate.
    const selected = cluster.stateOf(2).slots[1]?.history ?? a.history;
    say([2, 3], voteFor(2, selected));
    cluster.world.run(200);
    say([2, 3], { type: 'commit', view: 2, slot: 1, history: selected });
    cluster.world.run(50);
    return cluster.stateOf(2).committed >= 1 ? null : 'script: nothing completes in view 2';
  });
}

/** Run B: what completed by a certificate in view 0 is forgotten for votes of the same view. */
export function runB(variant?: Variant): string | null {
  const stage = createStage(variant);
  const { cluster, say } = stage;
  return objectionOf(cluster, () => {
    const [a, b] = [valueAt(10), valueAt(11)];
    // Correct members do not get to show each other the two proposals.
    stage.isSilenced = (from, _to, m) => from !== LIAR && m.type === 'pre-prepare';
    // 1. Members 1 and 2 get a, member 3 gets b; a completes by the certificate that members 1 and 2 keep.
    say([1, 2], proposalOf(a));
    say([3], proposalOf(b));
    say([1, 2], voteFor(0, a.history));
    cluster.world.run(200);
    say([1, 2], { type: 'commit', view: 0, slot: 1, history: a.history });
    cluster.world.run(5);
    if (cluster.stateOf(1).committed !== 1) return 'script: a does not complete';
    // 2. Member 1 begins view 1 with what it, member 3 and the liar say; the liar claims b.
    stage.isSilenced = (from, to, m) => m.type === 'view-change' && from === 2 && to === 1;
    stage.changeTo(1, [1, 2, 3]);
    say([1], changeOf(1, b.digest, null));
    cluster.world.run(5);
    if (cluster.stateOf(1).view !== 1) return 'script: view 1 does not begin';
    // Who lacks what is selected fetches it; the liar votes for it, too.
    cluster.world.run(1000);
    say([1, 2, 3], voteFor(1, cluster.stateOf(3).slots[1]?.history ?? b.history));
    cluster.world.run(200);
    return cluster.stateOf(3).committed >= 1 ? null : 'script: nothing completes in view 1';
  });
}
