/**
 * The tree as of any moment that a directory of backups leads to: the newest backup before it, moved on by what transactions
 * did since. Where that leads on to the next backup it must be the same tree there, or none of it is given.
 */

import { dirname } from 'node:path';
import {
  createFollower,
  decodeGenesis,
  encodeGenesis,
  type Follower,
  type Point,
  type Transaction,
} from '@concordat/keeper';
import { CommandError } from '../../errors.ts';
import { type Backup, backupsIn, newestUntil, type PointInTime, verified, zxidOf } from '../backups.ts';
import { sha256Hex } from '../first-state.ts';
import { archiveIn, type ChangesFile, pointOf, reachFrom, transactionsAfter } from './archive.ts';
import { badChanges } from './file.ts';

export interface RestoredState {
  /** What a federation can begin with. */
  readonly bytes: Uint8Array;
  /** The backup that it was made from. */
  readonly base: Backup;
  /** Of the last transaction in it. */
  readonly point: Point;
  /** False if more was executed up to then, for all that is known here. */
  readonly isExact: boolean;
  /** The later backup that the changes lead on to, where the tree was found to be the same. */
  readonly next: Backup | null;
  /** Why it was not found whether they lead there: what is damaged only after this moment. */
  readonly unchecked: string | null;
}

/** What was executed up to `at`, or all that is there. A `CommandError` says what is damaged. */
export function stateAt(directory: string, at: PointInTime | null): RestoredState {
  const base = newestUntil(directory, at);
  const bytes = verified(base);
  const point = pointOf(base);
  // What followed on what was only accepted may be something else.
  if (!base.about.isFinal)
    return { bytes, base, point, isExact: at === null || isOf(point, at), next: null, unchecked: null };
  return moveOn(directory, base, bytes, at);
}

const isOf = ({ zxid, time }: Point, at: PointInTime): boolean =>
  'zxid' in at ? zxid === at.zxid : time === at.timeMs;

const isBeyond = ({ zxid, time }: Point, at: PointInTime): boolean =>
  'zxid' in at ? zxid > at.zxid : time > at.timeMs;

type Followed = Transaction & { readonly path: string };

/** One tree on its way along a log. */
interface Moving {
  readonly follower: Follower;
  readonly transactions: Iterator<Followed>;
  /** Taken from the log and not followed yet; undefined before it is looked for, null if there are no more. */
  ahead: Followed | null | undefined;
  /** Of the last transaction that was followed. */
  point: Point;
}

function moveOn(directory: string, base: Backup, bytes: Uint8Array, at: PointInTime | null): RestoredState {
  const { files } = archiveIn(directory);
  const backups = finalIn(directory);
  const moving = beginAt(base, bytes, files);
  while (!isOver(moving, at)) step(moving);
  const { point } = moving;
  const found = point.zxid === zxidOf(base) ? bytes : bytesOf(moving);
  // Points of the same transaction: as long as they go, nothing else has happened.
  const known = [...backups.map(pointOf), reachFrom(files, pointOf(base))].filter(
    ({ zxid }) => zxid === point.zxid,
  );
  const isExact =
    at === null ||
    isOf(point, at) ||
    ('timeMs' in at && (peek(moving) !== null || known.some((later) => isBeyond(later, at))));
  // A backup as it is needs no changes to be right.
  const next = found === bytes ? null : nextOf(backups, point);
  return { bytes: found, base, point, isExact, ...checked(moving, next) };
}

const isOver = (moving: Moving, at: PointInTime | null): boolean => {
  // Nothing is looked for after a zxid: that may be damaged.
  if (at !== null && 'zxid' in at && isOf(moving.point, at)) return true;
  const next = peek(moving);
  return next === null || (at !== null && isBeyond(next, at));
};

function checked(moving: Moving, next: Backup | null): Pick<RestoredState, 'next' | 'unchecked'> {
  try {
    return { next: next !== null && leadsTo(moving, next) ? next : null, unchecked: null };
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== 'bad-backup') throw error;
    return { next: null, unchecked: error.message };
  }
}

/**
 * Follows a backup as far as there are changes: to where they lead, by way of the next backup if it is the same tree there. A
 * `CommandError` says what is damaged, or that it is another.
 */
export function followedFrom(backup: Backup): { readonly reach: Point; readonly next: Backup | null } {
  const bytes = verified(backup);
  if (!backup.about.isFinal) return { reach: pointOf(backup), next: null };
  const directory = dirname(backup.path);
  const moving = beginAt(backup, bytes, archiveIn(directory).files);
  const next = nextOf(finalIn(directory), pointOf(backup));
  const isSame = next !== null && leadsTo(moving, next);
  // From the next one on that one tells.
  while (next === null && peek(moving) !== null) step(moving);
  return { reach: moving.point, next: isSame ? next : null };
}

const finalIn = (directory: string): Backup[] =>
  backupsIn(directory).whole.filter(({ about }) => about.isFinal);

const nextOf = (backups: readonly Backup[], { zxid }: Point): Backup | null =>
  backups.find((backup) => zxidOf(backup) > zxid) ?? null;

function beginAt(base: Backup, bytes: Uint8Array, files: readonly ChangesFile[]): Moving {
  const genesis = decodeGenesis(bytes);
  if (genesis === null) throw badChanges(`${base.path}.state`, 'is not a state of a keeper');
  const point = pointOf(base);
  const transactions = transactionsAfter(files, point);
  return { follower: createFollower(genesis), transactions, ahead: undefined, point };
}

function peek(moving: Moving): Followed | null {
  if (moving.ahead === undefined) {
    const next = moving.transactions.next();
    moving.ahead = next.done === true ? null : next.value;
  }
  return moving.ahead;
}

function step(moving: Moving): void {
  const next = peek(moving);
  if (next === null) return;
  const wrong = moving.follower.follow(next);
  if (wrong !== null) throw badChanges(next.path, `is not about this tree: ${wrong.flaw}`);
  moving.point = { zxid: next.zxid, time: next.time };
  moving.ahead = undefined;
}

function bytesOf({ follower }: Moving): Uint8Array {
  const bytes = encodeGenesis(follower.state().genesis);
  // Whoever needs it must be able to begin with it.
  if (decodeGenesis(bytes) === null)
    throw new CommandError(
      'bad-backup',
      `the changes up to 0x${follower.zxid.toString(16)} lead to no state of a keeper`,
    );
  return bytes;
}

/** Goes on to a later backup; false if nothing leads there. A `CommandError` if the tree is another there. */
function leadsTo(moving: Moving, next: Backup): boolean {
  const goal = zxidOf(next);
  while (moving.point.zxid < goal && peek(moving) !== null) step(moving);
  if (moving.point.zxid !== goal) return false;
  const found = sha256Hex(encodeGenesis(moving.follower.state().genesis));
  if (found === next.about.sha256) return true;
  throw new CommandError(
    'other-tree',
    `the changes do not lead to ${next.path}.state: at ${next.about.zxid} the tree has the SHA-256 ${found}, not ${next.about.sha256}`,
    'One of the two is wrong: see what another member has. A copy of the directory without that backup restores what the changes say.',
  );
}
