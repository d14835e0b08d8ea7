/**
 * A long run of the default preset under random trouble, one domain at a time, as dense as everybody can just recover from
 * it. What clients saw is judged piece by piece; sessions are kept alive throughout; throughput and memory are sampled all
 * the time and drawn.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Cluster,
  connect,
  type Endpoint,
  ERROR,
  type JuteWriter,
  OP,
  writeRead,
} from '@concordat/bench';
import { createRandom, type Random } from '../attacks.ts';
import { judge, recordWhile } from '../histories.ts';
import { checkTrees } from '../products/siege.ts';
import type { Acceptance, Trial } from '../trial.ts';
import { eventually } from '../wait.ts';
import { longestGap } from '../worker.ts';
import { drawSoak } from './figure.ts';
import { type Ground, NO_HARMS, prepareGround } from './grounds.ts';
import { type Sample, startSampling } from './sampling.ts';
import { formatTable } from './table.ts';
import { SESSION_MS, type Stage, type Trouble, troublesOf } from './troubles.ts';
import { startVigil, type Vigil } from './vigil.ts';

/** Before each trouble, and after all have recovered from it. */
const CALM_MS = 1_500;
const RECOVERY_MS = 120_000;
const ATTEMPT_MS = 4_000;
/** Memory may differ between two equal stretches by this much and a share. */
const SLACK_BYTES = 48 * 1024 * 1024;
const GROWTH = 1.25;
const INTERRUPTED = 130;

export interface Piece {
  readonly family: string;
  readonly name: string;
  /** From the beginning of the run. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly answers: number;
  /** The longest time without any answer while the trouble lasted. */
  readonly stallMs: number;
}

export const soak: Acceptance = {
  name: 'soak',
  summary: 'trouble of all kinds for minutes (--minutes 10, --out DIR for the figure)',
  needs: [],
  deadlineMs: 300_000,
  run: (trial) => runSoak(trial, (troubles) => roundAndRound(troubles, trial.minutes)),
};

type Plan = (troubles: readonly Trouble[]) => Iterable<Trouble>;

/** Every trouble comes once before any comes again, in another order each time. */
function* roundAndRound(troubles: readonly Trouble[], minutes: number): Generator<Trouble> {
  const endsAt = performance.now() + minutes * 60_000;
  const random = createRandom(3);
  for (;;) {
    const left = [...troubles];
    while (left.length > 0) {
      if (performance.now() >= endsAt) return;
      yield* left.splice(random(left.length), 1);
    }
  }
}

/** Plays what `plan` makes of the troubles that can be had here. */
export async function runSoak(trial: Trial, plan: Plan): Promise<void> {
  // Before minutes have passed in vain.
  mkdirSync(trial.out, { recursive: true });
  const stage = await takeTheStage(trial);
  const { cluster } = stage;
  const vigil = await startVigil(cluster);
  const startedAt = performance.now();
  const sampling = startSampling(cluster, startedAt);
  const pieces: Piece[] = [];
  const answers: number[] = [];
  const random = createRandom(1);
  for (const trouble of plan(troublesOf(stage))) {
    const { piece, answered } = await play(stage, vigil, trouble, random, pieces.length);
    const sinceStart = { fromMs: piece.fromMs - startedAt, toMs: piece.toMs - startedAt };
    pieces.push({ ...piece, ...sinceStart });
    for (const at of answered) answers.push(at - startedAt);
  }
  const samples = sampling.stop();
  await vigil.check(trial);
  await checkTrees(trial, cluster);
  judgeMemory(trial, samples);
  for (const line of formatTable(pieces, samples)) trial.note(line);
  const file = join(trial.out, 'soak.svg');
  writeFileSync(file, drawSoak({ answers, samples, pieces }));
  trial.note(`${pieces.length} pieces of trouble, ${answers.length} operations answered; drawn in ${file}`);
}

/** Starts the domains, each on ground of its own. Whoever interrupts the run finds the machine as it was. */
async function takeTheStage(trial: Trial): Promise<Stage> {
  const made: { ground: Ground | null; cluster: Cluster | null } = { ground: null, cluster: null };
  const leave = (): void => {
    Promise.resolve(made.cluster?.stop() ?? made.ground?.clear()).finally(() => process.exit(INTERRUPTED));
  };
  process.once('SIGINT', leave).once('SIGTERM', leave);
  made.cluster = await trial.cluster({
    grounds: async (dataDir) => {
      made.ground = await prepareGround(dataDir);
      return made.ground;
    },
  });
  for (const line of made.ground?.lacks ?? []) trial.note(line);
  const harms = made.ground?.harms ?? NO_HARMS;
  if (harms.disks !== null) trial.note(`each domain has a disk of its own (${harms.disks.kind})`);
  if (harms.network !== null) trial.note('each domain has a network namespace of its own');
  const names = made.ground?.sites.map(({ name }) => name) ?? [];
  return { trial, cluster: made.cluster, harms, names };
}

interface Played {
  readonly piece: Piece;
  /** When answers came. */
  readonly answered: readonly number[];
}

/** One piece: calm, trouble, recovery of all, calm, and the verdict on what clients saw. */
async function play(
  stage: Stage,
  vigil: Vigil,
  trouble: Trouble,
  random: Random,
  number: number,
): Promise<Played> {
  const { trial, cluster } = stage;
  const { family, name, isLie = false, isOutage = false } = trouble;
  const victim = random(cluster.endpoints.length);
  const what = `${number + 1}. ${isOutage ? name : `domain ${victim}: ${name}`}`;
  const endpoints = cluster.endpoints.filter((_, domain) => !(isLie && domain === victim));
  const fromMs = performance.now();
  let [beganAt, endedAt] = [fromMs, fromMs];
  if (isLie) vigil.shun(victim);
  const befall = async (): Promise<void> => {
    await sleep(CALM_MS);
    beganAt = performance.now();
    await trouble.run(victim);
    endedAt = performance.now();
    await recover(stage, what);
    await sleep(CALM_MS);
  };
  const history = await recordWhile(trial, cluster, endpoints, `/soak-${number}`, befall, SESSION_MS);
  vigil.shun(null);
  const toMs = performance.now();
  const answered = history.flatMap(({ outcome }) => (outcome === null ? [] : [outcome.at]));
  const during = answered.filter((at) => at > beganAt && at < endedAt).sort((a, b) => a - b);
  const stallMs = longestGap(during, beganAt, endedAt);
  trial.check(
    during.length > 0 || isOutage,
    `${what}: clients are served meanwhile (${during.length} answers in ${((endedAt - beganAt) / 1000).toFixed(1)} s)`,
  );
  judge(trial, what, history);
  return { piece: { family, name, fromMs, toMs, answers: answered.length, stallMs }, answered };
}

/** A domain that has ended is started, as by a service manager; then every endpoint must take new sessions. */
async function recover({ trial, cluster }: Stage, what: string): Promise<void> {
  const from = performance.now();
  const isUp = await Promise.all(
    cluster.endpoints.map((endpoint, domain) =>
      eventually(async () => {
        if (cluster.pid(domain) === 0) {
          trial.note(`${what}: domain ${domain} had ended, and is started again`);
          await cluster.restart(domain);
        }
        return serves(endpoint);
      }, RECOVERY_MS),
    ),
  );
  const waitedMs = (performance.now() - from).toFixed(0);
  trial.check(isUp.every(Boolean), `${what}: afterwards every domain serves (${waitedMs} ms) ${isUp}`);
}

/** Takes a new session, orders for it and answers it from what it holds. */
async function serves(endpoint: Endpoint): Promise<boolean> {
  const connection = await connect(endpoint, {
    deadlineMs: ATTEMPT_MS,
    sessionTimeoutMs: SESSION_MS,
    givesUpSilent: true,
  }).catch(() => null);
  if (connection === null) return false;
  const isAnswered = (op: number, write: (writer: JuteWriter) => void): Promise<boolean> =>
    new Promise((resolve) => {
      connection.request(op, write, (reply) => resolve(reply?.error === ERROR.ok));
    });
  const answers = [
    await isAnswered(OP.sync, (writer) => writer.string('/')),
    await isAnswered(OP.getData, (writer) => writeRead(writer, '/', false)),
  ];
  await connection.close();
  return answers.every(Boolean);
}

const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`;

const largest = (samples: readonly { readonly residentBytes: number }[]): number =>
  Math.max(0, ...samples.map(({ residentBytes }) => residentBytes));

/** The largest process in the last third of the run, against the largest in the first. */
function judgeMemory(trial: Trial, samples: readonly Sample[]): void {
  const third = Math.floor(samples.length / 3);
  const [before, after] = [largest(samples.slice(0, third)), largest(samples.slice(-third))];
  trial.check(
    before > 0 && after <= GROWTH * before + SLACK_BYTES,
    `memory does not grow: at most ${mib(before)} a domain in the first third, ${mib(after)} in the last`,
  );
}
