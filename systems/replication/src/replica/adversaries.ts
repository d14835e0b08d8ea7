/**
 * Attacks that know the protocol: what a lying member tells a peer instead of what an honest one would. They are pure;
 * a world puts them around an honest replica (`onSend` in a simulation, the demo federation's `attack` in a daemon).
 * A liar has its own keys and nobody else's, so everything it forges is signed as itself.
 */

import type { Keys } from '@concordat/crypto';
import type { Digest, NodeId, Prng } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { type Batch, batchDigest, genesisHistory, nextHistory } from '../batch.ts';
import { primaryOf } from '../config.ts';
import type { Quorums } from '../fault-model.ts';
import { signRequest } from '../request.ts';
import type { SpecResponse } from './client-messages.ts';
import type {
  Acknowledge,
  Certificate,
  Checkpoint,
  Commit,
  Message,
  NewView,
  PrePrepare,
  Prepare,
  ViewChange,
} from './messages.ts';
import {
  signAcknowledge,
  signCheckpoint,
  signNewView,
  signPrePrepare,
  signViewChange,
} from './statements.ts';

/** What `to` is told instead of `message`: nothing, something else, or more than one thing. */
export type Attack = (message: Message, to: NodeId, random: Prng) => readonly Message[];

export interface Liar {
  readonly self: NodeId;
  readonly cluster: Digest;
  readonly members: readonly NodeId[];
  readonly quorums: Quorums;
  readonly keys: Keys;
}

/** Begins an attack; it remembers what it told, so each liar needs its own. */
export type Attacker = (liar: Liar) => Attack;

/** Slots that a liar remembers; older ones are settled. */
const MEMORY = 4096;

/** Slots above its checkpoint about which a forger makes claims. */
const FORGED_SLOTS = 8;

/** How often a beggar asks for the same in one breath. */
const BEGGED = 4;

const isVictim = (to: NodeId): boolean => to % 2 === 1;

const other = (digest: Digest): Digest => digest.map((byte) => byte ^ 0xff);

const arbitraryDigest = (random: Prng): Digest => Uint8Array.from({ length: 32 }, () => random.below(256));

function remember<K, V>(memory: Map<K, V>, key: K, value: V): V {
  memory.set(key, value);
  if (memory.size > MEMORY) {
    const [oldest] = memory.keys();
    if (oldest !== undefined) memory.delete(oldest);
  }
  return value;
}

/**
 * A second log beside the true one: proposals with rewritten batches, validly signed, and votes for the histories that
 * follow from them. What the liar cannot continue (it knows no history before the slot) stays true.
 */
function forkedLog(liar: Liar, rewrite: (batch: Batch) => Batch): (message: Message) => Message {
  const truth = new Map<string, Digest>();
  const told = new Map<string, PrePrepare>();
  const at = (view: number, slot: number): string => `${view}/${slot}`;
  const before = (view: number, slot: number): Digest | null => {
    const key = at(view, slot - 1);
    return told.get(key)?.history ?? truth.get(key) ?? (slot === 1 ? genesisHistory() : null);
  };
  const fork = (m: PrePrepare): PrePrepare => {
    const known = told.get(at(m.view, m.slot));
    const previous = before(m.view, m.slot);
    if (known !== undefined || previous === null) return known ?? m;
    const batch = rewrite(m.batch);
    const history = nextHistory(liar.keys.hash, previous, batchDigest(liar.keys.hash, batch));
    const { view, slot, incarnation } = m;
    const forked = signPrePrepare(liar.keys, liar.cluster, { view, slot, history, incarnation, batch });
    return remember(told, at(m.view, m.slot), forked);
  };
  return (m) => {
    if (!isAboutLog(m)) return m;
    const key = at(m.view, m.slot);
    remember(truth, key, m.history);
    const isOwn = primaryOf(liar.members, m.view) === liar.self;
    if (m.type === 'pre-prepare') return isOwn ? fork(m) : m;
    const lie = told.get(key);
    return lie === undefined ? m : votedFor(liar, m, lie);
  };
}

type AboutLog = PrePrepare | Prepare | Commit | Acknowledge | SpecResponse;

const isAboutLog = (m: Message): m is AboutLog =>
  m.type === 'pre-prepare' ||
  m.type === 'prepare' ||
  m.type === 'commit' ||
  m.type === 'acknowledge' ||
  m.type === 'spec-response';

/** The vote as it would be had the liar accepted what it told. */
function votedFor(
  liar: Liar,
  m: Exclude<AboutLog, PrePrepare>,
  { history, batch, incarnation, signature }: PrePrepare,
): Message {
  if (m.type === 'prepare' || m.type === 'commit') return { ...m, history };
  const { view, slot } = m;
  const vote = signAcknowledge(liar.keys, liar.cluster, { view, slot, history, incarnation: m.incarnation });
  if (m.type === 'acknowledge') return vote;
  const order = { incarnation, batch: batchDigest(liar.keys.hash, batch), signature };
  return { ...m, history, signature: vote.signature, order };
}

/** Two logs: members with odd numbers are led along one, all others along the other. */
const equivocate =
  (rewrite: (batch: Batch) => Batch): Attacker =>
  (liar) => {
    const forked = forkedLog(liar, rewrite);
    return (m, to) => {
      const lie = forked(m);
      if (!isVictim(to)) return [m];
      // Its own CHECKPOINTs are about the other log.
      return m.type === 'checkpoint' ? [] : [lie];
    };
  };

/** Everyone gets two proposals for each slot. */
const proposeTwice: Attacker = (liar) => {
  const forked = forkedLog(liar, ({ time, refs }) => ({ time: time + 1, refs }));
  return (m) => (m.type === 'pre-prepare' ? [m, forked(m)] : [m]);
};

/** Proposes, but keeps the bodies of requests and batches from some. */
const withhold: Attacker = () => (m, to) =>
  isVictim(to) && (m.type === 'request' || m.type === 'batch') ? [] : [m];

/** Leads some, and leaves the others to find out. */
const proposeToSome: Attacker = () => (m, to) =>
  isVictim(to) && (m.type === 'pre-prepare' || m.type === 'new-view') ? [] : [m];

/** Asks different members for different things under one number. */
const splitRequests: Attacker = (liar) => (m, to) => {
  if (m.type !== 'request' || m.request.domain !== liar.self || !isVictim(to)) return [m];
  const body = Uint8Array.from([...m.request.body, 0]);
  return [{ type: 'request', request: signRequest(liar.keys, liar.cluster, { ...m.request, body }).request }];
};

/** Shows its requests to some members, with signatures that convince nobody else, and orders them. */
const unprovableRequests: Attacker = (liar) => (m, to) => {
  if (m.type !== 'request' || m.request.domain !== liar.self) return [m];
  const request = { ...m.request, signature: other(m.request.signature) };
  return isVictim(to) ? [] : [{ type: 'request', request }];
};

/** Never orders what one member asks for. */
const starve =
  (domain: number): Attacker =>
  (liar) => {
    const forked = forkedLog(liar, ({ time, refs }) => ({
      time,
      refs: refs.filter((ref) => ref.domain !== domain),
    }));
    return (m) => [forked(m)];
  };

/** Orders one request at a time. */
const tinyBatches: Attacker = (liar) => {
  const forked = forkedLog(liar, ({ time, refs }) => ({ time, refs: refs.slice(0, 1) }));
  return (m) => [forked(m)];
};

/** Proposes a time that is far from everyone's. */
const untimely =
  (byMs: number): Attacker =>
  (liar) => {
    const forked = forkedLog(liar, ({ time, refs }) => ({ time: Math.max(1, time + byMs), refs }));
    return (m) => [forked(m)];
  };

/** Orders, beside what others ask for, what nobody asked for: its body is nowhere. */
const invent: Attacker = (liar) => {
  const domain = liar.members[0] ?? liar.self;
  const phantom = { domain, client: 999_999, seq: 1, digest: liar.keys.hash(utf8('nobody asked')) };
  const forked = forkedLog(liar, ({ time, refs }) => ({ time, refs: [...refs.slice(0, 400), phantom] }));
  return (m) => [forked(m)];
};

/** Orders every request again and again. */
const repeat: Attacker = (liar) => {
  const forked = forkedLog(liar, ({ time, refs }) => ({ time, refs: [...refs, ...refs].slice(0, 500) }));
  return (m) => [forked(m)];
};

/** Claims to have prepared, in the view just left, what nobody proposed. */
function forgedChange(liar: Liar, m: ViewChange): ViewChange {
  const base = m.stable[0]?.slot ?? 0;
  const claims = Array.from({ length: FORGED_SLOTS }, (_, i) => {
    const slot = base + 1 + i;
    const vouch = { view: m.view - 1, digest: liar.keys.hash(utf8(`forged ${m.view} ${slot}`)) };
    return { slot, prepared: vouch, accepted: [vouch] };
  });
  return signViewChange(liar.keys, liar.cluster, { ...m, claims });
}

const ownChange =
  (lie: (liar: Liar, m: ViewChange) => ViewChange): Attacker =>
  (liar) =>
  (m) =>
    m.type === 'view-change' && m.sender === liar.self ? [lie(liar, m)] : [m];

/** Claims to have promised nothing. */
const forgetClaims = ownChange((liar, m) => signViewChange(liar.keys, liar.cluster, { ...m, claims: [] }));

/** Claims to know of no checkpoint, and shows everyone old ones. */
const stale: Attacker = (liar) => {
  let certificate: Certificate | null = null;
  let checkpoint: Checkpoint | null = null;
  return (m) => {
    if (m.type === 'stable') {
      certificate ??= m.certificate;
      return [{ type: 'stable', certificate }];
    }
    if (m.type === 'checkpoint') {
      checkpoint ??= m;
      return [checkpoint];
    }
    if (m.type !== 'view-change' || m.sender !== liar.self) return [m];
    return [signViewChange(liar.keys, liar.cluster, { ...m, stable: [], claims: [] })];
  };
};

/** Damages whatever others would build their state from. */
const falseState: Attacker = (liar) => (m) => {
  switch (m.type) {
    case 'checkpoint':
      return [signCheckpoint(liar.keys, liar.cluster, { ...m, state: other(m.state) })];
    case 'manifest': {
      const [first, ...rest] = m.parts.service;
      const service = first === undefined ? [] : [other(first), ...rest];
      return [{ ...m, parts: { core: m.parts.core, service } }];
    }
    case 'part':
      return [{ ...m, bytes: m.bytes.map((byte, i) => (i === 0 ? byte ^ 1 : byte)) }];
    case 'batch':
      return [{ ...m, requests: m.requests.slice().reverse() }];
    case 'stable':
      return [{ ...m, certificate: m.certificate.slice(0, liar.quorums.u) }];
    default:
      return [m];
  }
};

/** Promises parts of another state than the agreed one, consistently: only the certificate tells. */
const falseManifest: Attacker = () => (m) =>
  m.type === 'manifest' ? [{ ...m, roots: { ...m.roots, service: other(m.roots.service) } }] : [m];

/** Votes for logs that do not exist, also far ahead and in views to come. */
const arbitraryVotes: Attacker = () => (m, _to, random) => {
  if (m.type !== 'prepare' && m.type !== 'commit') return [m];
  const vote = { ...m, history: arbitraryDigest(random) };
  return [vote, { ...vote, slot: m.slot + random.below(64) }, { ...vote, view: m.view + random.below(3) }];
};

/** Proposes, and begins views, in the place of the primary, signed as itself. */
const usurp: Attacker = (liar) => (m, _to, random) => {
  if (m.type !== 'prepare') return [m];
  const { view, slot } = m;
  const batch = { time: 0, refs: [] };
  const content = { view, slot: slot + 1, history: arbitraryDigest(random), incarnation: 0, batch };
  const newView = signNewView(liar.keys, liar.cluster, { view: view + 1, incarnation: 0, changes: [] });
  return [m, signPrePrepare(liar.keys, liar.cluster, content), newView];
};

/** The NEW-VIEW with its leader's own VIEW-CHANGE exchanged: valid, and perhaps with another selection. */
function forgedNewView(liar: Liar, m: NewView): NewView {
  const changes = m.changes.map((change) =>
    change.sender === liar.self ? forgedChange(liar, change) : change,
  );
  return signNewView(liar.keys, liar.cluster, { ...m, changes });
}

const ownNewView =
  (lie: (liar: Liar, m: NewView, to: NodeId) => readonly Message[]): Attacker =>
  (liar) =>
  (m, to) =>
    m.type === 'new-view' && primaryOf(liar.members, m.view) === liar.self ? lie(liar, m, to) : [m];

/** Begins its view with fewer messages than decide anything. */
const incompleteNewView = ownNewView((liar, m) => [
  signNewView(liar.keys, liar.cluster, { ...m, changes: m.changes.slice(1) }),
]);

/** Asks everyone for everything, as if it had nothing, with each vote and status: storms of statuses and of fetches. */
const beg: Attacker = () => {
  let checkpoint = 0;
  return (m) => {
    if (m.type === 'checkpoint') checkpoint = m.slot;
    if (m.type !== 'status' && m.type !== 'prepare' && m.type !== 'acknowledge') return [m];
    const { view } = m;
    const status: Message = {
      type: 'status',
      view,
      changingTo: view,
      stable: 0,
      accepted: 0,
      prepared: 0,
      committed: 0,
      wishes: true,
    };
    const fetches: Message[] = [
      { type: 'fetch-manifest', slot: checkpoint },
      { type: 'fetch-part', slot: checkpoint, part: 0 },
    ];
    return [m, ...Array.from({ length: BEGGED }, () => [status, ...fetches]).flat()];
  };
};

/** By name: every attack that the suites try. */
export const attackers = {
  equivocate: equivocate(({ time, refs }) => ({ time: time + 1, refs: refs.slice(0, -1) })),
  'equivocate-time': equivocate(({ time, refs }) => ({ time: time + 1, refs })),
  'propose-twice': proposeTwice,
  withhold,
  'propose-to-some': proposeToSome,
  'split-requests': splitRequests,
  'unprovable-requests': unprovableRequests,
  starve: starve(1),
  'tiny-batches': tinyBatches,
  'time-ahead': untimely(60_000),
  'time-behind': untimely(-60_000),
  repeat,
  'forge-claims': ownChange(forgedChange),
  'forget-claims': forgetClaims,
  stale,
  'false-state': falseState,
  'false-manifest': falseManifest,
  'arbitrary-votes': arbitraryVotes,
  usurp,
  'another-new-view': ownNewView((liar, m) => [forgedNewView(liar, m)]),
  'two-new-views': ownNewView((liar, m) => [m, forgedNewView(liar, m)]),
  'split-new-view': ownNewView((liar, m, to) => [isVictim(to) ? forgedNewView(liar, m) : m]),
  'incomplete-new-view': incompleteNewView,
  beg,
  invent,
} as const satisfies Record<string, Attacker>;

export type AttackName = keyof typeof attackers;
