/**
 * One script on two servers, step by step and always in the same order, until they differ in something that is no known
 * deviation. Both must be in the same situation before every step: a session whose connection one of them has closed is
 * cut at the other too, and comes back on its next step.
 */

import { CreateMode, OpCode } from '@concordat/keeper';
import { type Correspondence, createCorrespondence, relate } from './correspondence.ts';
import { DEVIATIONS, type Deviation, type Sight } from './deviations.ts';
import { createLedger, type Ledger, note } from './ledger.ts';
import { fieldOf, isEvent, type Message, opOf } from './messages.ts';
import { createPlayer, type Player, type PlayerOptions } from './player.ts';
import type { CreateCall, ReconnectCall, RequestCall, Step } from './steps.ts';

export type Endpoints = PlayerOptions['endpoints'];

export interface Difference {
  /** The step's place in the script, and the step that was really played: sessions open and come back by themselves. */
  readonly index: number;
  readonly step: Step;
  /** Whose connection shows it. */
  readonly session: number;
  readonly why: string;
  readonly apache: readonly Message[];
  readonly ours: readonly Message[];
}

type Found = Omit<Difference, 'index'>;

export interface DuelResult {
  readonly difference: Difference | null;
  /** Steps played, those that open sessions included. */
  readonly played: number;
  /** By the names of deviations: how often each was met. */
  readonly deviations: ReadonlyMap<string, number>;
  /** Steps by the name of what was asked, and messages that were compared. */
  readonly operations: ReadonlyMap<number, number>;
  readonly messages: number;
  readonly events: number;
}

const TIMEOUT_MS = 40_000;
const COME_BACK: ReconnectCall = { call: 'reconnect', how: 'cut', password: 'right', timeoutMs: TIMEOUT_MS };
const FOLDER: CreateCall = {
  call: 'create',
  op: OpCode.create,
  path: '~',
  data: null,
  acl: [{ perms: 31, scheme: 'world', id: 'anyone' }],
  mode: CreateMode.persistent,
};

interface Duel {
  readonly players: readonly [apache: Player, ours: Player];
  readonly relation: Correspondence;
  readonly ledger: Ledger;
  readonly phases: Map<number, 'open' | 'cut'>;
  readonly isSpread: boolean;
  readonly deviations: Map<string, number>;
  readonly operations: Map<number, number>;
  played: number;
  messages: number;
  events: number;
}

type Both = readonly [apache: readonly Message[], ours: readonly Message[]];

/** Relates what is left of a sight without these deviations; null if that is the same from both. */
function relateWithout(duel: Duel, sight: Sight, deviations: readonly Deviation[]): string | null {
  let left = sight;
  for (const deviation of deviations) {
    const sides = deviation.reconcile(left, duel.ledger);
    if (sides !== null) left = { ...left, apache: sides[0], ours: sides[1] };
  }
  return relate(duel.relation, left.apache, left.ours);
}

/** Compares what one connection saw of a step; null if it is the same, known deviations aside. */
function judge(duel: Duel, step: Step, session: number, [apache, ours]: Both): Found | null {
  duel.messages += apache.length;
  duel.events += apache.filter(isEvent).length;
  const sight: Sight = { step, session, apache, ours };
  const why = relateWithout(duel, sight, []);
  if (why === null) return null;
  let met = DEVIATIONS;
  if (relateWithout(duel, sight, met) !== null) return { step, session, why, apache, ours };
  // Only those count without which it would not be the same.
  for (const deviation of DEVIATIONS) {
    const others = met.filter((other) => other !== deviation);
    if (relateWithout(duel, sight, others) === null) met = others;
  }
  for (const { name } of met) duel.deviations.set(name, (duel.deviations.get(name) ?? 0) + 1);
  return null;
}

/** Requests that change nothing, not even the zxid: after all others there may be something new to see. */
const READS: readonly RequestCall['call'][] = [
  'watched',
  'path',
  'multi-read',
  'watch',
  'set-watches',
  'auth',
  'sasl',
];

async function judgeOthers(duel: Duel, step: Step): Promise<Found | null> {
  const others = [...duel.phases].filter(([session, phase]) => session !== step.session && phase === 'open');
  const watching = others
    .map(([session]) => session)
    .filter((session) => duel.isSpread || duel.ledger.watches.has(session));
  const seen = await Promise.all(
    watching.map((session) => Promise.all(duel.players.map((player) => player.settle(session)))),
  );
  for (const [i, [apache = [], ours = []]] of seen.entries()) {
    const difference = judge(duel, step, watching[i]!, [apache, ours]);
    if (difference !== null) return difference;
  }
  return null;
}

const isClosed = (messages: readonly Message[]): boolean => messages.some(({ kind }) => kind === 'closed');

function cut(duel: Duel, session: number): void {
  for (const player of duel.players) player.cut(session);
  duel.phases.set(session, 'cut');
}

async function connect(duel: Duel, session: number, how: ReconnectCall | null): Promise<Found | null> {
  duel.played++;
  const timeoutMs = how?.timeoutMs ?? TIMEOUT_MS;
  const step: Step = { session, call: how ?? { call: 'open' } };
  note(duel.ledger, session, null);
  const [apache, ours] = await Promise.all(
    duel.players.map((player) => player.connect(session, timeoutMs, how)),
  );
  const difference = judge(duel, step, session, [apache ?? [], ours ?? []]);
  const isRefused = fieldOf(apache?.[0] ?? { kind: 'silence', fields: [] }, 'timeout') === 0;
  if (!isRefused) duel.phases.set(session, 'open');
  else if (how?.password === 'wrong') cut(duel, session);
  else duel.phases.delete(session);
  return difference ?? (duel.isSpread ? judgeOthers(duel, step) : null);
}

async function request(duel: Duel, session: number, call: RequestCall): Promise<Found | null> {
  duel.played++;
  const op = opOf(call);
  duel.operations.set(op, (duel.operations.get(op) ?? 0) + 1);
  const step: Step = { session, call };
  const [apache = [], ours = []] = await Promise.all(
    duel.players.map((player) => player.request(session, call)),
  );
  const difference = judge(duel, step, session, [apache, ours]);
  if (difference !== null) return difference;
  note(duel.ledger, session, call);
  if (call.call === 'close') duel.phases.delete(session);
  else if (isClosed(apache) || isClosed(ours)) cut(duel, session);
  return READS.includes(call.call) ? null : judgeOthers(duel, step);
}

/** Plays one step, and before it whatever its session lacks. */
async function play(duel: Duel, { session, call }: Step): Promise<Found | null> {
  const phase = duel.phases.get(session);
  const isBack = call.call === 'reconnect' && phase !== undefined;
  if (isBack) return connect(duel, session, call);
  if (phase !== 'open') {
    const difference = await connect(duel, session, phase === 'cut' ? COME_BACK : null);
    if (difference !== null) return difference;
  }
  return call.call === 'reconnect' || call.call === 'open' ? null : request(duel, session, call);
}

/** Ends whatever sessions are left: one that expired later would count as a transaction, at another time on each side. */
async function leave(duel: Duel): Promise<void> {
  for (const player of duel.players) {
    for (const [session, phase] of duel.phases) {
      if (phase === 'cut') await player.connect(session, TIMEOUT_MS, COME_BACK);
      if (player.isConnected(session)) await player.request(session, { call: 'close' });
    }
    player.close();
  }
}

/** Plays `script` below `root`, which must be new to both; every session is closed in the end. */
export async function fight(
  script: readonly Step[],
  endpoints: readonly [apache: Endpoints, ours: Endpoints],
  root: string,
): Promise<DuelResult> {
  const [apache, ours] = endpoints.map((group) => createPlayer({ endpoints: group, root }));
  const duel: Duel = {
    players: [apache!, ours!],
    relation: createCorrespondence(),
    ledger: createLedger(root),
    phases: new Map(),
    isSpread: endpoints.some((group) => group.length > 1),
    deviations: new Map(),
    operations: new Map(),
    played: 0,
    messages: 0,
    events: 0,
  };
  const sessions = [...new Set(script.map(({ session }) => session))];
  const steps: Step[] = [
    { session: 0, call: FOLDER },
    ...script,
    ...sessions.map((session): Step => ({ session, call: { call: 'close' } })),
  ];
  let difference: Difference | null = null;
  try {
    for (const [at, step] of steps.entries()) {
      const found = await play(duel, step);
      if (found === null) continue;
      difference = { ...found, index: Math.min(at - 1, script.length - 1) };
      break;
    }
  } finally {
    await leave(duel);
  }
  const { played, deviations, operations, messages, events } = duel;
  return { difference, played, deviations, operations, messages, events };
}
