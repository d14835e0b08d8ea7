/**
 * A directory of backups of one federation, two files each, with what transactions did in between (`changes/archive.ts`):
 *
 *   ZXID-TIME.state   what a federation can begin with, as concordat keeper import writes it
 *   ZXID-TIME.json    what it is: federation, slot, zxid, time, counts, size and SHA-256, and what members had signed
 *   FROM-TO.changes   every transaction after one zxid, up to another
 *
 * ZXID has 14 hexadecimal digits and TIME is ordered time, so names sort. The description is written last and removed
 * first: a state without one is no backup.
 */

import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { decodeGenesis } from '@concordat/keeper';
import { utf8 } from '@concordat/wire';
import * as z from 'zod';
import { CommandError, messageOf } from '../errors.ts';
import { archiveIn, pruneChanges } from './changes/archive.ts';
import { sha256Hex } from './first-state.ts';
import { writeNew } from './new-file.ts';

const counter = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const schema = z.object({
  format: z.literal('concordat keeper backup 1'),
  /** Its identity, in hexadecimal. */
  federation: sha256,
  /** Whose daemon made it. */
  member: z.string(),
  /** Batches that it holds. */
  slot: counter,
  /** False if the last of them were accepted by this member and not known to be final. */
  isFinal: z.boolean(),
  zxid: z.string().regex(/^0x(0|[1-9a-f][0-9a-f]{0,13})$/),
  /** Ordered time of the last of these batches. */
  time: z.iso.datetime(),
  ...{ nodes: counter, bytes: counter, containers: counter, ttlNodes: counter, quotas: counter },
  leftOut: z.object({ ephemerals: counter, sessions: counter }),
  size: counter,
  sha256,
  /** Whose signatures on which state were checked; null where that was not asked for or nobody had signed. */
  checkpoint: z.nullable(
    z.object({
      ...{ slot: counter, epoch: counter, state: z.string() },
      signed: z.readonly(z.array(z.string())),
      missing: z.readonly(z.array(z.string())),
      isOwn: z.nullable(z.boolean()),
    }),
  ),
  /** The statements that made the last checkpoint final, in hexadecimal, as members sign them. */
  statements: z.readonly(z.array(z.string())),
});

export type Description = z.infer<typeof schema>;

export interface Backup {
  /** Without `.state`. */
  readonly path: string;
  readonly about: Description;
}

export interface Backups {
  /** Oldest first. */
  readonly whole: readonly Backup[];
  /** Files that are no part of any backup, and descriptions that cannot be used; each with the reason. */
  readonly others: readonly string[];
}

const NAME = /^([0-9a-f]{14}-\d{8}T\d{6}Z)\.(state|json)(\.new)?$/;

export const zxidOf = ({ about }: Backup): number => Number(about.zxid);

const nameOf = ({ zxid, time }: Description): string =>
  `${Number(zxid).toString(16).padStart(14, '0')}-${time.slice(0, 19).replaceAll(/[-:]/g, '')}Z`;

/** Reads the descriptions; states are only looked for. */
export function backupsIn(directory: string): Backups {
  const names = namesIn(directory);
  const whole: Backup[] = [];
  const others: string[] = [];
  for (const name of names) {
    const [, stem = '', kind, fresh] = NAME.exec(name) ?? [];
    if (stem === '') continue;
    if (fresh !== undefined) others.push(`${name}: left by a backup that was cut off`);
    else if (kind === 'json') {
      const found = describedAt(join(directory, stem));
      if (typeof found === 'string') others.push(found);
      else whole.push({ path: join(directory, stem), about: found });
    } else if (!names.includes(`${stem}.json`))
      others.push(`${name}: has no description, so it is no backup`);
  }
  return { whole, others };
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch (error) {
    throw new CommandError('no-backup', `cannot read ${directory}: ${messageOf(error)}`);
  }
}

/** What a description says, or why it cannot be used. */
function describedAt(path: string): Description | string {
  try {
    const found = schema.safeParse(JSON.parse(readFileSync(`${path}.json`, 'utf8')));
    if (!found.success) return `${path}.json is no description of a backup`;
    return nameOf(found.data) === basename(path) ? found.data : `${path}.json is about another backup`;
  } catch (error) {
    return `${path}.json cannot be read: ${messageOf(error)}`;
  }
}

/** The bytes of a state that is what its description says; a `CommandError` says what is wrong with it. */
export function verified({ path, about }: Backup): Uint8Array {
  const file = `${path}.state`;
  const bad = (why: string): CommandError =>
    new CommandError(
      'bad-backup',
      `${file} ${why}`,
      'Use another backup: concordat keeper backup --list DIR',
    );
  let bytes: Uint8Array;
  try {
    const { size } = statSync(file);
    if (size < about.size) throw bad(`is cut off: ${size} bytes of ${about.size}`);
    if (size > about.size) throw bad(`is not what was backed up: ${size} bytes instead of ${about.size}`);
    bytes = readFileSync(file);
  } catch (error) {
    throw error instanceof CommandError ? error : bad(`cannot be read: ${messageOf(error)}`);
  }
  const found = sha256Hex(bytes);
  if (found !== about.sha256)
    throw bad(`was damaged or changed: its SHA-256 is ${found}, not ${about.sha256}`);
  const genesis = decodeGenesis(bytes);
  if (genesis === null) throw bad('is not a state of a keeper');
  if (genesis.zxid !== Number(about.zxid) || genesis.nodes.length !== about.nodes)
    throw bad('is whole, but its description is of another state');
  return bytes;
}

/** One backup by any of its two files. */
export function backupAt(file: string): Backup {
  const stem = NAME.exec(basename(file))?.[1];
  if (stem === undefined)
    throw new CommandError('no-backup', `${file} is no file of a backup`, 'Name a .state or .json file.');
  const path = join(dirname(file), stem);
  const about = describedAt(path);
  if (typeof about === 'string') throw new CommandError('bad-backup', about);
  return { path, about };
}

/** Where a backup can go: a directory, made if need be, of no other federation. */
export function directoryFor(directory: string, federation: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new CommandError('not-written', `cannot make ${directory}: ${messageOf(error)}`);
  }
  const other =
    backupsIn(directory).whole.find(({ about }) => about.federation !== federation) ??
    archiveIn(directory).files.find((file) => file.federation !== federation);
  if (other === undefined) return;
  // Zxids of one that began again go on from those of its backup: names would sort two pasts into one.
  throw new CommandError(
    'other-federation',
    `${directory} holds backups of another federation (${other.path})`,
    'Choose another --out directory.',
  );
}

/** Writes both files, the description last. */
export function addBackup(directory: string, about: Description, state: Uint8Array): Backup {
  const path = join(directory, nameOf(about));
  const present = backupsIn(directory).whole.find((backup) => backup.path === path);
  if (present?.about.sha256 === about.sha256) return present;
  writeNew(`${path}.state`, state);
  try {
    writeNew(`${path}.json`, utf8(`${JSON.stringify(about, null, 2)}\n`));
  } catch (error) {
    rmSync(`${path}.state`, { force: true });
    throw error;
  }
  return { path, about };
}

/** Removes all but the newest `keep`, and changes that lead from none of these; gives the backups that are gone. */
export function prune(directory: string, keep: number): readonly Backup[] {
  const { whole } = backupsIn(directory);
  const gone = whole.slice(0, Math.max(0, whole.length - keep));
  const oldest = whole[gone.length];
  if (oldest !== undefined) pruneChanges(directory, zxidOf(oldest));
  for (const { path } of gone) {
    rmSync(`${path}.json`, { force: true });
    rmSync(`${path}.state`, { force: true });
  }
  return gone;
}

/** A zxid or an ordered time. */
export type PointInTime = { readonly zxid: number } | { readonly timeMs: number };

/** `0x1f4`, `500`, or a time such as `2026-11-27T06:30:00Z`. */
export function pointIn(text: string): PointInTime {
  if (/^(0x[0-9a-f]{1,14}|\d{1,16})$/i.test(text)) return { zxid: Number(text) };
  const timeMs = /^\d{4}-\d\d-\d\d(T|$)/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isFinite(timeMs)) return { timeMs };
  throw new CommandError(
    'bad-moment',
    `${text} is neither a zxid nor a time`,
    'Such as 0x1f4, or 2026-11-27T06:30:00Z.',
  );
}

/** The newest backup that holds nothing later than `at`; the newest of all without it. */
export function newestUntil(directory: string, at: PointInTime | null): Backup {
  const { whole } = backupsIn(directory);
  const isEarly = (backup: Backup): boolean => {
    if (at === null) return true;
    return 'zxid' in at ? zxidOf(backup) <= at.zxid : Date.parse(backup.about.time) <= at.timeMs;
  };
  const found = whole.findLast(isEarly);
  if (found !== undefined) return found;
  const [oldest] = whole;
  throw new CommandError(
    'no-backup',
    oldest === undefined
      ? `there is no backup in ${directory}`
      : `the oldest backup in ${directory} is later: ${oldest.about.zxid} of ${oldest.about.time}`,
  );
}
