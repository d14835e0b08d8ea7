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
import { type Server, startServer, withDescendants } from '@concordat/bench';
import { recordProduct } from '../suites/results.ts';
import type { Acceptance, Need, Trial } from '../trial.ts';
import { eventually } from '../wait.ts';
import { besiege, type Siege } from './siege.ts';

const CACHE = fileURLToPath(new URL('../../../../.cache/products', import.meta.url));
const POLL_MS = 500;

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
