/**
 * The state of a learner: what the order replicas say, what is proven of the log, and how far it is executed. A learner shows
 * nothing beyond what is proven, whatever it has executed (DESIGN section 9, rule 1).
 */

import type { Keys } from '@concordat/crypto';
import {
  assert,
  type ExposedBatch,
  type ExposedSnapshot,
  type Millis,
  type NodeId,
  type Position,
} from '@concordat/kernel';
import type { ClientRoute } from '../client/client.ts';
import type { Execution, ExecutionMark } from '../execution/execution.ts';
import type { Fetching, Serving } from '../execution/fetching.ts';
import type { Link } from '../governance/link.ts';
import { epochOf } from '../governance/views.ts';
import type { OwnCheckpoint } from '../replica/checkpoint.ts';
import type { Certificate } from '../replica/messages.ts';
import type { Content } from '../replica/slot.ts';
import type { Stable } from '../replica/state.ts';
import { createSubmission, type Submission } from '../submission.ts';
import { type Bodies, createBodies } from './bodies.ts';
import type { LearnerConfig } from './config.ts';
import type { Gathered } from './contents.ts';
import type { Journalled } from './journal.ts';
import { type Claim, createSource, type Point, type Source } from './source.ts';

/** A slot that is executed and not proven. */
export interface Speculated extends Point {
  readonly content: Content;
  readonly exposed: ExposedBatch;
  /** The state before it. */
  readonly before: ExecutionMark;
}

/** A link that is in the journal. */
export interface Ahead {
  readonly link: Link;
  readonly position: Position;
}

export interface LearnerState {
  /** What it goes by in the present epoch. */
  config: LearnerConfig;
  readonly keys: Keys;
  readonly execution: Execution;
  /** The present order replicas, in the order of `config.members`. */
  sources: readonly Source[];
  /** Those that left with an epoch whose log is not exposed to its end: asked for the rest of it, and believed in nothing. */
  former: readonly Source[];
  /** The members of the epoch before: they may need what executors sign in order to end it. */
  before: readonly NodeId[];
  /** What proves those epochs that begin beyond what is exposed, by ascending epoch. */
  ahead: readonly Ahead[];
  /** Links whose signatures are being checked, by ticket. */
  readonly following: Map<number, { readonly from: NodeId; readonly links: readonly Link[] }>;
  /** When each node's links were last looked at. */
  readonly chainsAt: Map<NodeId, Millis>;
  /** The log up to here cannot be another. */
  proven: Point;
  /** What is proven and not exposed yet, by slot. */
  readonly learned: Map<number, Claim>;
  /** Contents for what is not exposed yet, by slot. */
  readonly contents: Map<number, Gathered[]>;
  /** What filter nodes have sent, where order replicas do not have it. */
  readonly bodies: Bodies;
  speculated: Speculated[];
  /** How often something executed ahead was taken back. */
  retractions: number;
  /** The order replica that sends contents unasked. */
  supplier: NodeId;
  /** Since when the next proven batch lacks its content, or null. */
  missingSince: Millis | null;
  /** The own checkpoints from the last certified one on, by ascending slot. */
  own: OwnCheckpoint[];
  /** States that enough holders have signed, above the certified one, by ascending slot. */
  signed: Stable[];
  /** The latest such state of which so many order replicas hold the proof that whoever asks them gets it, or a later one. */
  certified: Stable;
  /** Certificates whose signatures are being checked, by ticket. */
  readonly verifying: Map<number, { readonly from: NodeId; readonly certificate: Certificate }>;
  nextTicket: number;
  transfer: Fetching | null;
  /** The own checkpoint that somebody is fetching. */
  serving: Serving | null;
  /** Bytes that each node may still fetch before the next tick. */
  readonly served: Map<NodeId, number>;
  readonly journal: Journalled;
  /** How own requests reach order replicas. */
  readonly route: ClientRoute;
  readonly submission: Submission;
  exposed: (ExposedBatch | ExposedSnapshot)[];
  progressAt: Millis;
  toldAt: Millis;
  fetchedAt: Millis;
}

export function createLearnerState(
  parts: Pick<LearnerState, 'config' | 'keys' | 'execution' | 'journal' | 'route'>,
  now: Millis,
): LearnerState {
  const { config, execution } = parts;
  const start: Point = { slot: 0, history: execution.history };
  const { members } = config;
  return {
    ...parts,
    sources: members.map((id) => createSource(id, start)),
    former: [],
    before: [],
    ahead: [],
    following: new Map(),
    chainsAt: new Map(),
    proven: start,
    learned: new Map(),
    contents: new Map(),
    bodies: createBodies(config.quorums.filters),
    speculated: [],
    retractions: 0,
    supplier: members[config.self % members.length] as NodeId,
    missingSince: null,
    own: [],
    signed: [],
    certified: { ...start, state: execution.digest(), certificate: [] },
    verifying: new Map(),
    nextTicket: 1,
    transfer: null,
    serving: null,
    served: new Map(),
    submission: createSubmission(now),
    exposed: [],
    progressAt: now,
    toldAt: Number.NEGATIVE_INFINITY,
    fetchedAt: Number.NEGATIVE_INFINITY,
  };
}

/** Everyone who may have what follows on what is exposed. */
export const feeders = ({ sources, former }: LearnerState): readonly Source[] => [...sources, ...former];

/** What this order replica says, if it is one, or was one that is still asked. */
export const sourceOf = ({ sources, former }: LearnerState, id: NodeId): Source | undefined =>
  sources.find((source) => source.id === id) ?? former.find((source) => source.id === id);

/** Those whose word counts: the members of the epoch in force, as far as they speak in it. */
export const heard = ({ sources, config }: LearnerState): readonly Source[] =>
  sources.filter(({ view }) => epochOf(view) === config.epoch);

/** Slots up to here are executed and exposed. */
export const exposedEnd = ({ execution, proven }: LearnerState): number =>
  Math.min(execution.executed, proven.slot);

/** Slots beyond this are not listened to yet. */
export const lastHeard = (l: LearnerState): number => exposedEnd(l) + 4 * l.config.window;

/** What must hold after every turn. */
export function invariants(l: LearnerState): void {
  const { executed } = l.execution;
  assert(executed <= l.proven.slot || l.config.speculates, 'only what is proven is executed');
  assert(
    l.speculated.length === Math.max(0, executed - l.proven.slot),
    'what is not proven can be taken back',
  );
  assert(
    l.learned.size === Math.max(0, l.proven.slot - executed),
    'what is proven and not exposed is remembered',
  );
  assert(
    l.ahead.every(({ link }, i) => link.command.next.epoch === l.config.epoch - l.ahead.length + 1 + i),
    'links lead to the present epoch without a gap',
  );
  for (const source of feeders(l))
    assert(source.start.slot >= l.proven.slot, 'sources go on from what is proven');
}
