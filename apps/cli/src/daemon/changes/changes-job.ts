/**
 * Keeps what final transactions do, from the first backup on, so that a later one has everything since. Taken between turns and
 * synced a few times a second; whoever makes a backup reads the files (`spool.ts`) and takes what is new there. If as much as
 * there is room for was written and nobody came, it ends, and the room is free again.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Point } from '@concordat/keeper';
import type { Host, Logger } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import type { DomainMessage, DomainState } from '../../domain/domain.ts';
import { messageOf } from '../../errors.ts';
import type { Spool } from './spool.ts';

/** What a daemon says of what it keeps. */
export interface ChangesStatus {
  /** Its federation's identity, in hexadecimal. */
  readonly federation: string;
  /** All that was final when the ticket was given is on the disk. */
  readonly isDone: boolean;
  readonly end: Point | null;
}

export interface ChangesJob {
  /** Answers `changes`, which begins unless it is under way and gives a ticket, and `changes TICKET`; undefined for anything else. */
  answer(request: string): unknown;
  /** Resolves once all that is final is written. */
  close(): Promise<void>;
}

/** Between two syncs, of which the journal's must not feel too much. */
const PAUSE_MS = 200;

/** What it needs of a host: nothing is kept before the journal has what it follows from, or another life would differ. */
export type ChangesHost = Pick<Host<DomainState, DomainMessage>, 'state' | 'durable'>;

interface Job {
  readonly host: ChangesHost;
  readonly spool: Spool;
  readonly logger: Logger;
  readonly stop: AbortController;
  /** Tickets given, and those that are done. */
  asked: number;
  done: number;
  /** Why nothing is kept, since the last time that somebody asked. */
  error: string | null;
}

export function createChangesJob(host: ChangesHost, spool: Spool, logger: Logger): ChangesJob {
  const job: Job = {
    ...{ host, spool, logger, stop: new AbortController() },
    ...{ asked: 0, done: 0, error: null },
  };
  const running = run(job);
  return {
    answer: (request) => {
      const [verb, ticket] = request.split(' ');
      if (verb !== 'changes') return undefined;
      return ticket === undefined ? begin(job) : told(job, Number(ticket));
    },
    close: async () => {
      job.stop.abort();
      await running;
    },
  };
}

function begin(job: Job): { readonly ticket: string } {
  const { recorder } = job.host.state;
  job.error = null;
  if (!recorder.isOn) recorder.begin();
  job.spool.asked();
  return { ticket: `${++job.asked}` };
}

function told(job: Job, ticket: number): ChangesStatus | { readonly error: string } {
  if (!job.host.state.recorder.isOn) return { error: job.error ?? 'nobody has asked for so long' };
  const federation = toHex(job.host.state.replica.config.cluster);
  return { federation, isDone: job.done >= ticket, end: job.spool.end };
}

/** Never rejects: what cannot be kept is missing from backups, and nothing else. */
async function run(job: Job): Promise<void> {
  const { signal } = job.stop;
  for (let isLast = false; ; isLast = signal.aborted) {
    try {
      await writeAll(job);
    } catch (error) {
      await giveUp(job, messageOf(error));
    }
    if (isLast) break;
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
  await job.spool.close().catch(() => {});
}

async function writeAll(job: Job): Promise<void> {
  const { recorder, replica } = job.host.state;
  for (let isAll = false; !isAll; ) {
    const { asked } = job;
    const taken = recorder.take(replica.speculated[0]?.before.marks.service ?? null);
    if (taken === null) return;
    if (taken.transactions.length > 0 || asked > job.done) {
      if (!(await job.host.durable())) throw new Error('the daemon halts');
      await job.spool.add(taken);
    }
    if (taken.isAll) job.done = asked;
    ({ isAll } = taken);
  }
  const { unasked, limits } = job.spool;
  if (unasked > limits.allBytes) {
    recorder.end();
    await job.spool.discard();
    job.logger.info('changes-not-kept', { why: 'nobody has made a backup for so long' });
  }
}

/** What is there stays for the next backup; what follows on that is seen to be missing. */
async function giveUp(job: Job, why: string): Promise<void> {
  job.host.state.recorder.end();
  job.error = why;
  job.logger.error('changes-not-kept', { why });
  await job.spool.close().catch(() => {});
}
