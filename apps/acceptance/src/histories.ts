/**
 * What many clients see while domains are killed, connections are cut and, where liars are foreseen, one domain attacks:
 * recorded, and judged by `@concordat/check` against ZooKeeper's guarantees.
 */

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, type Endpoint, MODE } from '@concordat/bench';
import { type Change, checkOrderedWrites, type ZnodeOperation } from '@concordat/check';
import { createRandom, type Random } from './attacks.ts';
import { createRecorder, type Recorder } from './recorder.ts';
import { openSession, type Session } from './session.ts';
import type { Acceptance, Trial } from './trial.ts';
import { longestGap, must } from './worker.ts';

const SESSIONS_PER_ENDPOINT = 3;
const SESSION_MS = 30_000;
const LANES = 3;
const PATHS = 8;
const PAUSE_MS = 4;
const KILL_ROUNDS = 4;
const BETWEEN_KILLS_MS = 2_500;
const ATTACK_MS = 6_000;
const ATTACK_STALL_MS = 3_000;
/** The strategies of `concordat attack`, each tried for a while. */
export const STRATEGIES = ['equivocate', 'mute', 'slow', 'corrupt-replies'];

export const histories: Acceptance = {
  name: 'histories',
  summary: 'recorded clients under kills, cut connections and attacks, judged by a checker',
  needs: [],
  deadlineMs: 400_000,
  run: async (trial) => {
    const cluster = await trial.cluster();
    const killing = await recordWhile(trial, cluster, cluster.endpoints, '/killing', () =>
      killInTurn(cluster),
    );
    judge(trial, 'under kills', killing);
    control(trial, killing);
    if (cluster.attack === undefined) return;
    for (const strategy of STRATEGIES) await attackBy(trial, cluster, strategy);
  },
};

/** The clients of the others, while the domain that orders misbehaves. */
async function attackBy(trial: Trial, cluster: Cluster, strategy: string): Promise<void> {
  // Where it hurts most: the domain that orders, while it does.
  const liar = (await cluster.primary()) ?? 0;
  const honest = cluster.endpoints.filter((_, domain) => domain !== liar);
  let beganAt = 0;
  const history = await recordWhile(trial, cluster, honest, `/${strategy}`, async () => {
    await cluster.attack?.(liar, strategy);
    beganAt = performance.now();
    await sleep(ATTACK_MS);
  });
  await cluster.attack?.(liar, 'stop');
  const what = `while domain ${liar} attacks (${strategy})`;
  judge(trial, what, history);
  const answers = history.flatMap(({ outcome }) => (outcome === null ? [] : [outcome.at]));
  const stallMs = longestGap(
    answers.sort((a, b) => a - b),
    beganAt,
    beganAt + ATTACK_MS,
  );
  trial.check(
    stallMs < ATTACK_STALL_MS,
    `${what}: the others go on (longest stall ${stallMs.toFixed(0)} ms)`,
  );
}

/** Every domain once, the one that orders among them, then all of them at once. */
async function killInTurn(cluster: Cluster): Promise<void> {
  const domains = cluster.endpoints.length;
  for (let round = 0; round < KILL_ROUNDS; round++) {
    await sleep(BETWEEN_KILLS_MS);
    const primary = (await cluster.primary()) ?? 0;
    const victim = round % 2 === 0 ? primary : (primary + 1 + round) % domains;
    await cluster.kill9(victim);
    await sleep(BETWEEN_KILLS_MS / 2);
    await cluster.restart(victim);
  }
  await cluster.killAll();
  await cluster.restartAll();
  await sleep(BETWEEN_KILLS_MS);
}

/** Runs clients of `endpoints` on shared nodes under `root` until `trouble` is over; returns what they saw. */
export async function recordWhile(
  trial: Trial,
  cluster: Cluster,
  endpoints: readonly Endpoint[],
  root: string,
  trouble: () => Promise<void>,
  timeoutMs = SESSION_MS,
): Promise<readonly ZnodeOperation[]> {
  const recorder = createRecorder();
  const founder = await openSession({ endpoints });
  await must(founder.create(root, Buffer.alloc(0), MODE.persistent));
  await founder.close();
  const sessions = await Promise.all(
    endpoints.flatMap((_, first) =>
      Array.from({ length: SESSIONS_PER_ENDPOINT }, () => openSession({ endpoints, first, timeoutMs })),
    ),
  );
  await Promise.all(sessions.map((session) => session.sync('/')));
  let isOver = false;
  const lanes = sessions.flatMap((session, number) =>
    Array.from({ length: LANES }, async (_, lane) => {
      const random = createRandom(1 + number * 100 + lane);
      for (let step = 0; !isOver && !session.isExpired; step++) {
        await act(recorder, number, session, root, `${number}.${lane}.${step}`, random);
        await sleep(PAUSE_MS);
      }
    }),
  );
  await trouble();
  isOver = true;
  await Promise.all(lanes);
  await lookAround(recorder, sessions, root);
  const reconnects = sessions.reduce((sum, session) => sum + session.reconnects, 0);
  const expired = sessions.filter((session) => session.isExpired).length;
  trial.check(
    expired === 0,
    `${root}: all ${sessions.length} sessions live on (${reconnects} reconnections)`,
  );
  await Promise.all(sessions.map((session) => session.close()));
  const odd = [...recorder.oddities].map(([error, count]) => `${count} x error ${error}`).join(', ');
  if (odd !== '') trial.note(`${root}: unexplained answers, taken as none: ${odd}`);
  trial.note(`${root}: on ${cluster.name}, ${summary(recorder.history)}`);
  return recorder.history;
}

/** One random step of one lane: mostly reads and sets, sometimes everything else. */
async function act(
  recorder: Recorder,
  number: number,
  session: Session,
  root: string,
  value: string,
  random: Random,
): Promise<void> {
  const pick = (): string => `${root}/${random(PATHS)}`;
  const path = pick();
  const dice = random(100);
  if (dice < 40) await recorder.read(number, session, path);
  else if (dice < 60) {
    await recorder.write(number, session, [{ kind: 'set', path, value, expected: null }]);
  } else if (dice < 72) await recorder.write(number, session, [{ kind: 'create', path, value }]);
  else if (dice < 78) await recorder.write(number, session, [{ kind: 'delete', path, expected: null }]);
  else if (dice < 88) {
    const known = await recorder.read(number, session, path);
    if (known === null) return;
    await recorder.write(number, session, [{ kind: 'set', path, value, expected: known.version }]);
  } else if (dice < 94)
    await recorder.write(number, session, transaction(path, pick(), value, dice % 2 === 0));
  else if (dice < 99) await recorder.sync(number, session);
  // A cut makes the session move on to another endpoint, with operations under way.
  else if (random(4) === 0) session.drop();
}

/**
 * Two changes at once, on different nodes. No sets: of one that got no answer nobody knows the version it made, and the
 * checker would have to leave the history undecided.
 */
function transaction(path: string, other: string, value: string, isMove: boolean): Change[] {
  const create = (at: string): Change => ({ kind: 'create', path: at, value });
  if (path === other) return [create(path)];
  return [isMove ? { kind: 'delete', path, expected: null } : create(path), create(other)];
}

/** When all is quiet, every session sees every node: what happened to unanswered writes comes to light. */
async function lookAround(recorder: Recorder, sessions: readonly Session[], root: string): Promise<void> {
  await Promise.all(
    sessions.map(async (session, number) => {
      await recorder.sync(number, session);
      for (let i = 0; i < PATHS; i++) await recorder.read(number, session, `${root}/${i}`);
    }),
  );
}

function summary(history: readonly ZnodeOperation[]): string {
  const unanswered = history.filter(({ outcome }) => outcome === null).length;
  const writes = history.filter(({ input }) => input.kind === 'write').length;
  return `${history.length} operations, ${writes} of them writes, ${unanswered} unanswered`;
}

/**
 * Apache's sync is no ordered operation (ZOOKEEPER-1675) and can miss a write that another server has answered, so the
 * baseline is judged without syncs, and with them only for comparison.
 */
export function judge(trial: Trial, what: string, history: readonly ZnodeOperation[]): void {
  if (trial.target === 'apache') {
    const { verdict } = checkOrderedWrites(history);
    trial.bar(verdict === 'ok', `${what}: with syncs the verdict is ${verdict}`);
    judgeStrictly(
      trial,
      what,
      history.filter(({ input }) => input.kind !== 'sync'),
    );
  } else judgeStrictly(trial, what, history);
}

function judgeStrictly(trial: Trial, what: string, history: readonly ZnodeOperation[]): void {
  const { verdict, explanation } = checkOrderedWrites(history);
  const claim = `${what}: one order of writes explains ${history.length} operations`;
  if (verdict === 'ok') return trial.check(true, claim);
  const file = join(mkdtempSync(join(tmpdir(), 'concordat-history-')), 'history.json');
  writeFileSync(file, JSON.stringify(history, null, 1));
  trial.check(false, `${claim}: ${verdict}, see ${file}\n${explanation}`);
}

/** The same history with one read set back in time must be refused, or the verdicts above mean nothing. */
function control(trial: Trial, history: readonly ZnodeOperation[]): void {
  const isSeen = ({ input, outcome }: ZnodeOperation): boolean =>
    input.kind === 'read' && outcome?.output.kind === 'seen' && outcome.output.node !== null;
  const last = history.findLastIndex(isSeen);
  const first = history.findIndex(
    (operation) => isSeen(operation) && pathOf(operation) === pathOf(history[last]),
  );
  const [old, late] = [history[first], history[last]];
  if (old?.outcome == null || late?.outcome == null) return trial.check(false, 'control: nothing was read');
  const forged = { ...late, outcome: { at: late.outcome.at, output: old.outcome.output } };
  const { verdict } = checkOrderedWrites(history.with(last, forged));
  trial.check(verdict === 'violated', `control: with one read set back in time it is ${verdict}`);
}

const pathOf = (operation: ZnodeOperation | undefined): string | null =>
  operation?.input.kind === 'read' ? operation.input.path : null;
