/**
 * Takes over into a directory of backups what a daemon has kept since: from where the directory's own changes end, or from the
 * beginning of what the daemon has. What it has no more is a gap, and told.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { type Point, restAfter, type Stretch } from '@concordat/keeper';
import * as z from 'zod';
import { placesIn } from '../../config/organisation.ts';
import type { ChangesStatus } from '../../daemon/changes/changes-job.ts';
import { spooledIn } from '../../daemon/changes/spool.ts';
import { ask } from '../../daemon/control.ts';
import { CommandError, messageOf } from '../../errors.ts';
import { archiveIn, type ChangesFile, type ChangesWriter, createChangesWriter } from './archive.ts';
import { openChanges } from './file.ts';

export interface CopiedChanges {
  readonly files: readonly ChangesFile[];
  /** What was executed between these points is nowhere in the directory. */
  readonly gaps: readonly { readonly from: Point; readonly until: Point }[];
}

const begunSchema = z.object({ ticket: z.string() });
const failedSchema = z.object({ error: z.string() });
const point = z.object({ zxid: z.int().min(0), time: z.int().min(0) });
const statusSchema: z.ZodType<ChangesStatus> = z.object({
  federation: z.string(),
  isDone: z.boolean(),
  end: z.nullable(point),
});

const PAUSE_MS = 50;
const DEADLINE_MS = 60_000;

const refused = (place: string, answer: unknown): CommandError => {
  const why = failedSchema.safeParse(answer);
  const reason = why.success ? why.data.error : 'it is of another version';
  return new CommandError('no-changes', `the daemon of ${place} keeps no changes: ${reason}`);
};

/** Has a daemon keep what transactions do from now on, unless it does already. */
export async function keepChanges(place: string): Promise<void> {
  const answer = await ask(placesIn(place).control, 'changes');
  if (!begunSchema.safeParse(answer).success) throw refused(place, answer);
}

/** Resolves once all that is final now is in the daemon's files. */
async function writtenAt(place: string): Promise<ChangesStatus> {
  const { control } = placesIn(place);
  const begun = begunSchema.safeParse(await ask(control, 'changes'));
  if (!begun.success) throw refused(place, null);
  for (const end = Date.now() + DEADLINE_MS; ; await sleep(PAUSE_MS)) {
    const answer = await ask(control, `changes ${begun.data.ticket}`);
    const status = statusSchema.safeParse(answer);
    if (!status.success) throw refused(place, answer);
    if (status.data.isDone) return status.data;
    if (Date.now() > end)
      throw new CommandError('no-changes', `the daemon of ${place} does not come to write its changes`);
  }
}

/** Which federation a directory must be of is for the caller to check: `directoryFor`. */
export async function copyChanges(
  place: string,
  out: string,
  check: (federation: string) => void,
): Promise<CopiedChanges> {
  const { federation, end } = await writtenAt(place);
  check(federation);
  const known = archiveIn(out).files.reduce<Point | null>(
    (last, { end }) => (last === null || end.zxid > last.zxid ? end : last),
    null,
  );
  const copying: Copying = { files: [], gaps: [], last: known, writer: null };
  copyFrom(copying, await spooledIn(placesIn(place).changes), out, federation);
  const { files, gaps, last } = copying;
  // It has come further, and has not kept how.
  if (last !== null && end !== null && end.zxid > last.zxid) gaps.push({ from: last, until: end });
  return { files, gaps };
}

interface Copying {
  readonly files: ChangesFile[];
  readonly gaps: { readonly from: Point; readonly until: Point }[];
  /** What is in the directory ends here; null while it has nothing. */
  last: Point | null;
  writer: ChangesWriter | null;
}

function copyFrom(copying: Copying, paths: readonly string[], out: string, federation: string): void {
  try {
    for (const path of paths)
      for (const stretch of spooled(path, federation)) copyOne(copying, stretch, out, federation);
    finish(copying);
  } finally {
    copying.writer?.abandon();
  }
}

/** As far as it is whole: the last file is being written, and one of an earlier life may be cut off. */
function* spooled(path: string, federation: string): Generator<Stretch> {
  let reader: ReturnType<typeof openChanges>;
  try {
    reader = openChanges(path);
  } catch (error) {
    // It was the oldest, and has made room for others.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw new CommandError('no-changes', `cannot read ${path}: ${messageOf(error)}`);
  }
  if (reader === null) return;
  try {
    if (reader.federation !== federation) return;
    for (const step of reader.steps()) if (step.kind === 'stretch') yield step.stretch;
  } finally {
    reader.close();
  }
}

function copyOne(copying: Copying, stretch: Stretch, out: string, federation: string): void {
  const rest = copying.last === null ? stretch : restAfter(stretch, copying.last);
  if (rest === null || rest.transactions.length === 0) return;
  const before = copying.writer?.end ?? copying.last;
  if (before !== null && rest.from.zxid !== before.zxid) {
    copying.gaps.push({ from: before, until: rest.from });
    finish(copying);
  }
  copying.writer ??= createChangesWriter(out, federation, rest.from);
  // What is too large was left out by the daemon already.
  if (copying.writer.add(rest)) copying.last = rest.end;
}

function finish(copying: Copying): void {
  const { writer } = copying;
  if (writer === null) return;
  copying.files.push(writer.finish());
  copying.writer = null;
}
