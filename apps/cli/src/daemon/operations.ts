/**
 * What operators use of a daemon, from before its journal is read until its end: monitor, control socket and pid file. Until
 * the domain is there they tell how far its start has come, and nothing else.
 */

import { rmSync, writeFileSync } from 'node:fs';
import { type Address, type Metrics, type Pages, startMonitor } from '@concordat/runtime';
import type { Places } from '../config/organisation.ts';
import { startControl } from './control.ts';
import { type StartProgress, shownStart } from './start-progress.ts';
import type { DomainStatus, StartingStatus } from './status.ts';

/** What there is to ask and to do once the domain is there. */
export interface Desk {
  status(): DomainStatus;
  /** Answers control requests; undefined for those that it does not know. */
  answer(request: string): unknown;
  readonly pages: Pages;
}

export interface OperationsOptions {
  readonly places: Places;
  readonly monitor: Address;
  readonly metrics: Metrics;
  readonly pagesPath: string;
  readonly start: StartProgress;
  /** What is told of a domain that is not there yet. */
  readonly about: Omit<StartingStatus, 'starting'>;
  /** Null until the domain is there. */
  readonly desk: () => Desk | null;
  /** Answers control requests that nobody else knows. */
  readonly more: (request: string) => unknown;
}

export interface Operations {
  /** Nobody can ask any more. */
  close(): Promise<void>;
  /** The process is about to end. */
  forget(): void;
}

export async function openOperations(options: OperationsOptions): Promise<Operations> {
  const { places, desk } = options;
  const monitor = await startMonitor({
    listen: options.monitor,
    metrics: options.metrics,
    pages: { path: options.pagesPath, answer: (request) => desk()?.pages.answer(request) ?? NOT_YET },
    unhealthy: () => null,
    unready: () => unready(options),
  });
  try {
    const control = await startControl(places.control, (request) => answer(options, request));
    writeFileSync(places.pid, `${process.pid}\n`, { mode: 0o600 });
    return {
      close: async () => void (await Promise.all([control.close(), monitor.close()])),
      forget: () => rmSync(places.pid, { force: true }),
    };
  } catch (error) {
    await monitor.close();
    throw error;
  }
}

const NOT_YET = { status: 503, type: 'text/plain; charset=utf-8', body: 'it is still starting\n' };

function unready({ start, desk }: OperationsOptions): string | null {
  if (desk()?.status().isServing === true) return null;
  return start.status === null ? 'no recent ordered batch' : `starting: ${shownStart(start.status)}`;
}

function answer({ start, desk, about, more }: OperationsOptions, request: string): unknown {
  const known = desk();
  if (known !== null) return request === 'status' ? known.status() : (known.answer(request) ?? more(request));
  if (start.status === null) return undefined;
  return request === 'status'
    ? { ...about, starting: start.status }
    : (more(request) ?? { notYet: shownStart(start.status) });
}
