/**
 * A trial with a product that keeps its coordination in ZooKeeper: downloaded, started as its manual says, and never modified.
 * Everything it starts ends with the trial; its logs stay only where a claim did not hold. With `--record` the claims
 * that held are written to docs/operate/CLIENTS.md.
 */

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { ERROR, type Server, startServer, withDescendants } from '@concordat/bench';
import type { Outcome } from '../session.ts';
import { recordProduct } from '../suites/results.ts';
import type { Acceptance, Need, Trial } from '../trial.ts';
import { eventually } from '../wait.ts';
import { besiege, type Siege } from './siege.ts';

const CACHE = fileURLToPath(new URL('../../../../.cache/products', import.meta.url));
const POLL_MS = 500;
/** For Java's programs, because several run beside each other. */
export const SMALL_JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1'];

export interface Stage {
  readonly trial: Trial;
  readonly siege: Siege;
  /** Where downloads stay for the next run. */
  readonly cache: string;
  /** Of this run. */
  readonly folder: string;
  /** Aborts when the run ends, however it ends. */
  readonly signal: AbortSignal;
  /** Starts a server that logs to NAME.log. */
  start(name: string, command: readonly string[], env?: Readonly<Record<string, string>>): Server;
}

export interface Product<Downloads> {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly summary: string;
  readonly needs: readonly Need[];
  readonly deadlineMs: number;
  /** Rejects with the reason why it cannot be had. */
  get(cache: string, signal: AbortSignal): Promise<Downloads>;
  run(stage: Stage, downloads: Downloads): Promise<void>;
}

export function productTrial<Downloads>(product: Product<Downloads>): Acceptance {
  const { name, summary, needs, deadlineMs } = product;
  return { name, summary, needs, deadlineMs, run: (trial) => runProduct(trial, product) };
}

async function runProduct<Downloads>(host: Trial, product: Product<Downloads>): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  let downloads: Downloads;
  try {
    downloads = await product.get(CACHE, host.signal);
  } catch (error) {
    host.skip(`${product.title} cannot be had: ${error instanceof Error ? error.message : error}`);
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), `concordat-${product.name}-`));
  const claims: string[] = [];
  let failed = 0;
  const check = (holds: boolean, claim: string): void => {
    if (holds) claims.push(claim);
    else failed++;
    host.check(holds, claim);
  };
  const trial: Trial = { ...host, check };
  const ending = new AbortController();
  host.signal.addEventListener('abort', () => ending.abort());
  try {
    const siege = await besiege(trial);
    const start: Stage['start'] = (what, command, env) => {
      const server = startServer(command, join(folder, `${what}.log`), env);
      ending.signal.addEventListener('abort', () => killAll([server.child.pid ?? 0]));
      return server;
    };
    const stage: Stage = { trial, siege, cache: CACHE, folder, signal: ending.signal, start };
    await product.run(stage, downloads);
    await siege.session.close();
  } catch (error) {
    failed++;
    throw error;
  } finally {
    ending.abort();
    if (failed === 0) rmSync(folder, { recursive: true, force: true });
    else host.note(`what its servers logged is in ${folder}`);
  }
  if (failed === 0 && host.suites.record) recordProduct(product, host.target, claims);
}

/** SIGKILL for processes and all that they have started. */
export function killAll(pids: readonly number[]): void {
  for (const pid of withDescendants(pids)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
}

/** Polls what costs a request, until `holds`. */
export const until = (holds: () => Promise<boolean>, deadlineMs: number): Promise<boolean> =>
  eventually(async () => {
    const isSo = await holds();
    if (!isSo) await sleep(POLL_MS);
    return isSo;
  }, deadlineMs);

/** Nodes that are there as long as somebody's session, and those sessions. */
export type Registrations = ReadonlyMap<string, bigint>;

/** Those of `paths` that are there. */
export async function registrationsOf({ siege }: Stage, paths: readonly string[]): Promise<Registrations> {
  const { session } = siege;
  await answerTo(() => session.sync('/'));
  const owners = new Map<string, bigint>();
  for (const path of paths) {
    const found = await answerTo(() => session.exists(path));
    if (found.kind === 'ok') owners.set(path, found.value.ephemeralOwner);
    else if (found.error !== ERROR.noNode) throw new Error(`${path} cannot be read: error ${found.error}`);
  }
  return owners;
}

/** Asks again what a broken connection has left unknown; for questions only. */
export async function answerTo<T>(
  ask: () => Promise<Outcome<T>>,
): Promise<Exclude<Outcome<T>, { readonly kind: 'unknown' }>> {
  for (;;) {
    const outcome = await ask();
    if (outcome.kind !== 'unknown') return outcome;
  }
}

/** Are all of `paths` held by the sessions that held them `before`? */
export async function areKept(
  stage: Stage,
  before: Registrations,
  paths: readonly string[],
): Promise<boolean> {
  const now = await registrationsOf(stage, paths);
  return paths.every((path) => now.has(path) && now.get(path) === before.get(path));
}
