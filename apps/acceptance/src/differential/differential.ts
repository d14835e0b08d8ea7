/**
 * The keeper against Apache ZooKeeper, request by request: random scripts of several sessions go to both, and every
 * reply and every event must be the same, byte for byte, but for names that each server chooses and for deviations that
 * are listed with their reasons. What is not the same is shown as the shortest script that shows it.
 */

import { type ClusterOptions, startApache } from '@concordat/bench';
import { OpCode } from '@concordat/keeper';
import type { Acceptance, Trial } from '../trial.ts';
import { DEVIATIONS } from './deviations.ts';
import { type Difference, type DuelResult, type Endpoints, fight } from './duel.ts';
import { generateScript } from './generator.ts';
import { messageWords } from './messages.ts';
import { type Shrunk, shrink } from './shrink.ts';
import { type Solo, startSolo } from './solo.ts';
import { opName, type Step, stepWords } from './steps.ts';

export interface DifferentialOptions {
  readonly operations: number;
  readonly seed: number;
  readonly sessions: number;
  /** Against a keeper without replication in place of the target. */
  readonly solo: boolean;
  /** What the names of folders begin with, if not `duel`: both servers must have none that does. */
  readonly folder?: string;
  /** How many differences are shrunk and shown before it is enough. */
  readonly reports?: number;
}

/** Sessions and folders of one episode: short, so that a difference is near its cause and soon repeated. */
const EPISODE = 400;
const PROVIDERS = 'org.apache.zookeeper.server.auth';
/**
 * What a ZooKeeper alone answers is determined; TTL nodes and quotas count, and lists may name the schemes sasl and x509,
 * which it must be told of. Concordat always has all its domains.
 */
export const ALONE: ClusterOptions = {
  servers: 1,
  settings: [
    ...['forceSync=no', 'extendedTypesEnabled=true', 'enforceQuota=true'],
    `authProvider.sasl=${PROVIDERS}.SASLAuthenticationProvider`,
    `authProvider.x509=${PROVIDERS}.X509AuthenticationProvider`,
  ],
};
const MAX_RUNS = 150;
const REPORTS = 5;

export interface Findings {
  readonly reports: readonly string[];
  /** Differences that did not come again. */
  readonly unstable: readonly string[];
  readonly played: number;
  readonly messages: number;
  readonly events: number;
  readonly operations: ReadonlyMap<number, number>;
  readonly deviations: ReadonlyMap<string, number>;
}

function addTo<K>(sums: Map<K, number>, counts: ReadonlyMap<K, number>): void {
  for (const [key, count] of counts) sums.set(key, (sums.get(key) ?? 0) + count);
}

function reportOf({ script, difference }: Shrunk): string {
  return [
    ...script.slice(0, -1).map((step) => `  ${stepWords(step)}`),
    `> ${stepWords(difference.step)}`,
    `  session ${difference.session} sees a difference in: ${difference.why}`,
    ...difference.apache.map((message) => `    apache:    ${messageWords(message)}`),
    ...difference.ours.map((message) => `    concordat: ${messageWords(message)}`),
  ].join('\n');
}

const inShort = (seed: number, difference: Difference): string =>
  `seed ${seed}, step ${difference.index}: ${stepWords(difference.step)}: ${difference.why}`;

/** Runs episode after episode until `operations` were played or too much is different. */
export async function compareServers(
  endpoints: readonly [apache: Endpoints, ours: Endpoints],
  options: DifferentialOptions,
  signal?: AbortSignal,
): Promise<Findings> {
  const [reports, unstable]: [string[], string[]] = [[], []];
  const operations = new Map<number, number>();
  const deviations = new Map<string, number>();
  const sums = { played: 0, messages: 0, events: 0 };
  const enough = options.reports ?? REPORTS;
  let folders = 0;
  const run = (script: readonly Step[]): Promise<DuelResult> =>
    fight(script, endpoints, `/${options.folder ?? 'duel'}-${folders++}`);
  const isOver = (): boolean =>
    sums.played >= options.operations ||
    reports.length + unstable.length >= enough ||
    signal?.aborted === true;
  for (let episode = 0; !isOver(); episode++) {
    const seed = options.seed + episode;
    const script = generateScript(seed, Math.min(EPISODE, options.operations), options.sessions);
    const result = await run(script);
    sums.played += result.played;
    sums.messages += result.messages;
    sums.events += result.events;
    addTo(operations, result.operations);
    addTo(deviations, result.deviations);
    if (result.difference === null) continue;
    const rerun = async (part: readonly Step[]): Promise<Difference | null> => (await run(part)).difference;
    const shrunk = await shrink(script, result.difference, rerun, MAX_RUNS);
    if (shrunk === null) unstable.push(inShort(seed, result.difference));
    else reports.push(`${inShort(seed, shrunk.difference)}\n${reportOf(shrunk)}`);
  }
  return { reports, unstable, operations, deviations, ...sums };
}

/** Every kind of request, most frequent first, as a line. */
function operationWords(operations: ReadonlyMap<number, number>): string {
  const known = new Set<number>(Object.values(OpCode));
  const named = [...operations].filter(([op]) => known.has(op)).sort((a, b) => b[1] - a[1]);
  const unknown = [...operations].filter(([op]) => !known.has(op)).reduce((sum, [, count]) => sum + count, 0);
  return [...named.map(([op, count]) => `${opName(op)} ${count}`), `unknown ${unknown}`].join(', ');
}

export const differential: Acceptance = {
  name: 'differential',
  summary: 'random scripts to the keeper and to Apache ZooKeeper: is every byte of every answer the same?',
  needs: ['apache'],
  deadlineMs: 3_600_000,
  run: async (trial) => {
    const { differential: options } = trial;
    const apache = await startApache(ALONE);
    let solo: Solo | null = null;
    const stop = async (): Promise<void> => {
      await Promise.all([apache.stop(), solo?.stop()]);
    };
    trial.signal.addEventListener('abort', stop);
    try {
      if (options.solo) solo = await startSolo();
      const { endpoints } = solo ?? (await trial.cluster(ALONE));
      report(trial, options, await compareServers([apache.endpoints, endpoints], options, trial.signal));
    } finally {
      await stop();
    }
  },
};

function report(trial: Trial, options: DifferentialOptions, findings: Findings): void {
  const { played, messages, events, reports, unstable } = findings;
  trial.note(`${played} requests of seeds from ${options.seed}: ${operationWords(findings.operations)}`);
  for (const { name, reason } of DEVIATIONS)
    trial.note(`known deviation ${name}, met ${findings.deviations.get(name) ?? 0} times: ${reason}`);
  for (const line of [...reports, ...unstable.map((text) => `not seen again: ${text}`)]) trial.note(line);
  trial.check(
    reports.length + unstable.length === 0,
    `${messages} messages, of them ${events} events, are the same from both servers`,
  );
}
