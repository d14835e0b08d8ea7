/**
 * A long run of the default preset under random trouble, one domain at a time: kill -9 and restart, every live attack in
 * turn, now and then the loss of power everywhere. What clients saw is judged piece by piece; throughput and memory are
 * sampled all the time and drawn.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '@concordat/bench';
import type { ZnodeOperation } from '@concordat/check';
import { createRandom, type Random } from '../attacks.ts';
import { judge, recordWhile, STRATEGIES } from '../histories.ts';
import type { Acceptance, Trial } from '../trial.ts';
import { drawSoak } from './figure.ts';
import { startSampling } from './sampling.ts';

/** One piece of trouble, and the time that is left to recover from it. */
const TROUBLE_MS = 6_000;
const CALM_MS = 3_000;
/** Memory may differ between two equal stretches by this much and a share. */
const SLACK_BYTES = 48 * 1024 * 1024;
const GROWTH = 1.25;

export interface Piece {
  readonly what: string;
  /** From the beginning of the run. */
  readonly fromMs: number;
  readonly toMs: number;
}

export const soak: Acceptance = {
  name: 'soak',
  summary: 'random attacks and kills for minutes (--minutes 10, --out DIR for the figure)',
  needs: [],
  deadlineMs: 240_000,
  run: async (trial) => {
    const cluster = await trial.cluster();
    const random = createRandom(1);
    // Before minutes have passed in vain.
    mkdirSync(trial.out, { recursive: true });
    const startedAt = performance.now();
    const sampling = startSampling(cluster, startedAt);
    const pieces: Piece[] = [];
    const answers: number[] = [];
    while (performance.now() - startedAt < trial.minutes * 60_000) {
      const { what, endpoints, run } = choose(cluster, random, pieces.length);
      const fromMs = performance.now() - startedAt;
      const root = `/soak-${pieces.length}`;
      const history = await recordWhile(trial, cluster, endpoints, root, run);
      for (const { outcome } of history) if (outcome !== null) answers.push(outcome.at - startedAt);
      pieces.push({ what, fromMs, toMs: performance.now() - startedAt });
      judgePiece(trial, `${pieces.length}. ${what}`, history);
    }
    const samples = sampling.stop();
    for (const { what, fromMs, toMs } of pieces) {
      const during = samples.filter(({ atMs }) => atMs >= fromMs && atMs < toMs);
      trial.note(`${mib(largest(during)).padStart(8)} in the largest domain, ${what}`);
    }
    judgeMemory(trial, samples);
    const file = join(trial.out, 'soak.svg');
    writeFileSync(file, drawSoak({ answers, samples, pieces }));
    trial.note(`${pieces.length} pieces of trouble, ${answers.length} operations answered; drawn in ${file}`);
  },
};

interface Trouble {
  readonly what: string;
  readonly endpoints: Cluster['endpoints'];
  readonly run: () => Promise<void>;
}

/** Every attack comes once before any comes again; every eighth time power fails everywhere. */
function choose(cluster: Cluster, random: Random, turn: number): Trouble {
  const { endpoints } = cluster;
  if (turn % 8 === 7) return { what: 'power fails everywhere', endpoints, run: () => blackout(cluster) };
  const victim = (turn + random(endpoints.length)) % endpoints.length;
  if (turn % 2 === 0 || cluster.attack === undefined)
    return { what: `domain ${victim} is killed and restarted`, endpoints, run: () => kill(cluster, victim) };
  const strategy = STRATEGIES[((turn - 1) / 2) % STRATEGIES.length] ?? 'mute';
  return {
    what: `domain ${victim} attacks: ${strategy}`,
    // Its own clients have chosen to trust it.
    endpoints: endpoints.filter((_, domain) => domain !== victim),
    run: () => attack(cluster, victim, strategy),
  };
}

async function kill(cluster: Cluster, victim: number): Promise<void> {
  await sleep(CALM_MS / 2);
  await cluster.kill9(victim);
  await sleep(TROUBLE_MS / 2);
  await cluster.restart(victim);
  await sleep(TROUBLE_MS / 2 + CALM_MS / 2);
}

async function attack(cluster: Cluster, liar: number, strategy: string): Promise<void> {
  await sleep(CALM_MS / 2);
  await cluster.attack?.(liar, strategy);
  await sleep(TROUBLE_MS);
  await cluster.attack?.(liar, 'stop');
  await sleep(CALM_MS / 2);
}

async function blackout(cluster: Cluster): Promise<void> {
  await sleep(CALM_MS);
  await cluster.killAll();
  await cluster.restartAll();
  await sleep(CALM_MS);
}

function judgePiece(trial: Trial, what: string, history: readonly ZnodeOperation[]): void {
  const answered = history.filter(({ outcome }) => outcome !== null).length;
  trial.check(answered > 0, `${what}: clients of the others are served (${answered} answers)`);
  judge(trial, what, history);
}

const mib = (bytes: number): string => `${(bytes / 1_048_576).toFixed(0)} MiB`;

const largest = (samples: readonly { readonly residentBytes: number }[]): number =>
  Math.max(0, ...samples.map(({ residentBytes }) => residentBytes));

/** The largest process in the last third of the run, against the largest in the first. */
function judgeMemory(trial: Trial, samples: readonly { readonly residentBytes: number }[]): void {
  const third = Math.floor(samples.length / 3);
  const [before, after] = [largest(samples.slice(0, third)), largest(samples.slice(-third))];
  trial.check(
    after <= GROWTH * before + SLACK_BYTES,
    `memory does not grow: at most ${mib(before)} a domain in the first third, ${mib(after)} in the last`,
  );
}
