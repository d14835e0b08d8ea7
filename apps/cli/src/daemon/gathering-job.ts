/**
 * A daemon writes the tree that it serves, as of one moment, for whoever makes a backup of it: a piece at a time between its
 * turns, no faster than a disk can bear that others wait for. It goes to the daemon's own directory, whoever asks, and is not
 * synced: the command that asked makes a backup of it, which is.
 */

import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGatherer, type Gathering, type Moment } from '@concordat/keeper';
import { lookAhead } from '@concordat/replication';
import { toHex } from '@concordat/wire';
import type { Places } from '../config/organisation.ts';
import type { DomainState } from '../domain/domain.ts';
import { messageOf } from '../errors.ts';
import { type ShownCheckpoint, shownCheckpoint } from '../keeper/checkpoint.ts';

/** What a daemon says of a gathering: while it goes on, and at its end. */
export interface Gathered extends Moment {
  /** Its identity, in hexadecimal. */
  readonly federation: string;
  /** Whose daemon this is. */
  readonly member: string;
  readonly isDone: boolean;
  /** Batches executed by then. */
  readonly slot: number;
  /** The last one that was final then, and what this member had at it. */
  readonly checkpoint: ShownCheckpoint;
  readonly nodes: number;
  readonly ephemerals: number;
  readonly bytes: number;
  /** Of all that is written so far: who comes next may have written over it before it is read. */
  readonly sha256: string;
}

export interface GatheringJob {
  /** Answers `gather` and `gather accepted`, which begin, and `gathered TICKET`; undefined for anything else. */
  answer(request: string): unknown;
  /** Gives up what is under way; resolves once nothing is written any more. */
  close(): Promise<void>;
}

/** PERF: some 5 ms of work on a slow machine, while a turn under load takes as long. */
const PIECE_BYTES = 128 * 1024;
const BYTES_PER_MS = 16 * 1024;

interface Job {
  readonly ticket: string;
  readonly gathering: Gathering;
  readonly slot: number;
  readonly checkpoint: ShownCheckpoint;
  bytes: number;
  readonly sum: Hash;
  /** How it ended: null while it goes on, empty if it is whole. */
  error: string | null;
  written: Promise<void>;
}

export function createGatheringJob(
  state: DomainState,
  member: string,
  { gathered: file }: Places,
): GatheringJob {
  const gatherer = createGatherer(state.service.keeper);
  let asked = 0;
  let job: Job | null = null;
  const begin = (isAhead: boolean): unknown => {
    if (job !== null && job.error === null) return { error: 'another backup is being made' };
    // What is executed ahead may yet be taken back.
    if (state.replica.speculated.length > 0 && !isAhead)
      return { error: 'not all that is executed is final', isBrief: true };
    const begun = (slot: number) => ({ gathering: gatherer.begin(), slot });
    const mine: Job = {
      ticket: `${++asked}`,
      // What is looked at is taken back at once; the gathering keeps it, as all that changes meanwhile.
      ...(isAhead ? lookAhead(state.replica, begun) : begun(state.replica.execution.executed)),
      checkpoint: shownCheckpoint(state.replica),
      bytes: 0,
      sum: createHash('sha256'),
      error: null,
      written: Promise.resolve(),
    };
    mine.written = writeAll(mine, file).finally(() => gatherer.end());
    job = mine;
    return { ticket: mine.ticket };
  };
  return {
    answer: (request) => {
      const [verb, ticket] = request.split(' ');
      const present = job;
      if (verb === 'gather') return begin(ticket === 'accepted');
      if (verb !== 'gathered') return undefined;
      return present !== null && present.ticket === ticket
        ? answerOf(present, { federation: toHex(state.replica.config.cluster), member })
        : { error: 'another backup was begun' };
    },
    close: async () => {
      gatherer.end();
      await job?.written;
    },
  };
}

function answerOf(
  { gathering, slot, checkpoint, bytes, sum, error }: Job,
  whose: Pick<Gathered, 'federation' | 'member'>,
): Gathered | { readonly error: string } {
  if (error !== null && error !== '') return { error };
  const { moment, nodes, ephemerals } = gathering;
  return {
    ...whose,
    ...moment,
    isDone: error === '',
    slot,
    checkpoint,
    nodes,
    ephemerals,
    bytes,
    sha256: sum.copy().digest('hex'),
  };
}

/** Never rejects: a full disk is a reason for no backup, and for nothing else. */
async function writeAll(job: Job, file: string): Promise<void> {
  const fresh = `${file}.new`;
  try {
    const handle = await open(fresh, 'w', 0o600);
    try {
      await writePieces(job, handle);
    } finally {
      await handle.close();
    }
    await rename(fresh, file);
    job.error = '';
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => {});
    job.error = messageOf(error);
  }
}

async function writePieces(job: Job, handle: FileHandle): Promise<void> {
  for (;;) {
    const piece = job.gathering.next(PIECE_BYTES);
    if (piece === null) break;
    // The next piece would be written over it.
    const { length } = piece;
    job.sum.update(piece);
    await handle.writeFile(piece);
    job.bytes += length;
    await sleep(Math.ceil(length / BYTES_PER_MS));
  }
  if (!job.gathering.isWhole) throw new Error('the daemon stops');
}
