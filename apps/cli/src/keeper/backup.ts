/**
 * Makes a backup: a daemon gathers its tree as of one moment, and what it has gathered becomes a state that a federation can
 * begin with. Sorting, counting and hashing are done here, so that they cost the daemon nothing.
 */

import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeGenesis, encodeGenesis, gathered, isFlaw, type Migrated } from '@concordat/keeper';
import * as z from 'zod';
import type { Federation } from '../config/federation.ts';
import { placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import type { Gathered } from '../daemon/gathering-job.ts';
import { organisationsIn } from '../daemon/statuses.ts';
import { CommandError } from '../errors.ts';
import { addBackup, type Backup, type Description, directoryFor, prune } from './backups.ts';
import { type CopiedChanges, copyChanges, keepChanges } from './changes/copying.ts';
import { provenCheckpoint } from './checkpoint.ts';
import { sha256Hex } from './first-state.ts';

const counter = z.int().min(0);
const begunSchema = z.object({ ticket: z.string() });
const brief = z.object({ error: z.string(), isBrief: z.literal(true) });
const failed = z.object({ error: z.string() });
const gatheredSchema: z.ZodType<Gathered> = z.object({
  ...{ federation: z.string(), member: z.string(), isDone: z.boolean() },
  ...{ zxid: counter, time: counter, sessions: counter, slot: counter },
  checkpoint: z.object({ statements: z.array(z.string()), own: z.nullable(z.string()) }),
  ...{ nodes: counter, ephemerals: counter, bytes: counter, sha256: z.string() },
});

export interface BackupOptions {
  /** A daemon's directory, or the parent of several, of which the first is asked. */
  readonly data: string;
  readonly out: string;
  /** How many backups stay; all unless told. */
  readonly keep?: number;
  /** Also what the member has accepted and does not know to be final: where nobody is left who could tell. */
  readonly accepted?: boolean;
  /** By whose keys the signatures on the last checkpoint are checked. */
  readonly federation?: Federation;
  /** With what transactions did since the last one; otherwise the tree alone. Not of what is only accepted. */
  readonly changes?: boolean;
  readonly onProgress?: (found: Gathered) => void;
}

export interface MadeBackup {
  readonly backup: Backup;
  readonly census: Migrated['census'];
  readonly pruned: readonly Backup[];
  /** An error says why they are missing beside a backup that is whole; null if nobody asked for them. */
  readonly changes: CopiedChanges | CommandError | null;
}

const ATTEMPTS = 50;
const PAUSE_MS = 100;

/** Rejects with a `CommandError`; then nothing is written that looks like a backup. */
export async function makeBackup(options: BackupOptions): Promise<MadeBackup> {
  const [place = options.data] = organisationsIn(options.data);
  const { control, gathered: file } = placesIn(place);
  const withChanges = options.changes === true && options.accepted !== true;
  // Before the tree, so that they lead on from it.
  const unkept = withChanges ? await keepChanges(place).catch(asCommandError) : undefined;
  const ticket = await begin(control, place, options.accepted === true);
  const found = await finished(control, place, ticket, options.onProgress ?? (() => {}));
  try {
    directoryFor(options.out, found.federation);
    const { census, bytes } = stateFrom(readFileSync(file), found);
    const about = await describe(place, found, census, bytes, options);
    const backup = addBackup(options.out, about, bytes);
    const copied = (): Promise<CopiedChanges> => copyChanges(place, options.out, () => {});
    const changes = withChanges ? (unkept ?? (await copied().catch(asCommandError))) : null;
    const pruned = options.keep === undefined ? [] : prune(options.out, options.keep);
    return { backup, census, pruned, changes };
  } finally {
    rmSync(file, { force: true });
  }
}

function asCommandError(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  throw error;
}

const refused = (place: string, answer: unknown): CommandError => {
  const why = failed.safeParse(answer);
  const reason = why.success ? why.data.error : 'it is of another version';
  return new CommandError('not-written', `the daemon of ${place} makes no backup: ${reason}`);
};

async function begin(control: string, place: string, isAhead: boolean): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const answer = await ask(control, isAhead ? 'gather accepted' : 'gather');
    const begun = begunSchema.safeParse(answer);
    if (begun.success) return begun.data.ticket;
    if (!brief.safeParse(answer).success || attempt === ATTEMPTS) throw refused(place, answer);
    await sleep(PAUSE_MS);
  }
}

async function finished(
  control: string,
  place: string,
  ticket: string,
  onProgress: (found: Gathered) => void,
): Promise<Gathered> {
  for (;;) {
    const answer = await ask(control, `gathered ${ticket}`);
    const found = gatheredSchema.safeParse(answer);
    if (!found.success) throw refused(place, answer);
    if (found.data.isDone) return found.data;
    onProgress(found.data);
    await sleep(PAUSE_MS);
  }
}

/** What a federation can begin with, and what is in it. */
function stateFrom(pieces: Uint8Array, found: Gathered): Migrated & { readonly bytes: Uint8Array } {
  const bad = (why: string): CommandError =>
    new CommandError('not-written', `what the daemon has gathered cannot be used: ${why}`);
  if (sha256Hex(pieces) !== found.sha256) throw bad('another backup was begun meanwhile');
  const migrated = gathered(pieces, found, found.ephemerals);
  if (isFlaw(migrated)) throw bad(migrated.flaw);
  if (migrated.genesis.nodes.length !== found.nodes) throw bad('it is cut off');
  const bytes = encodeGenesis(migrated.genesis);
  // Whoever needs it one day must be able to read it.
  if (decodeGenesis(bytes) === null) throw bad('it is no state of a keeper');
  return { ...migrated, bytes };
}

async function describe(
  place: string,
  found: Gathered,
  { nodes, bytes, containers, ttlNodes, quotas, ephemerals, sessions }: Migrated['census'],
  state: Uint8Array,
  { federation, accepted }: BackupOptions,
): Promise<Description> {
  const checkpoint =
    federation === undefined ? null : await provenCheckpoint(place, found.checkpoint, federation);
  if (checkpoint?.isOwn === false)
    throw new CommandError(
      'not-written',
      `at slot ${checkpoint.slot} the daemon of ${place} had another state than ${checkpoint.signed.join(', ')} signed`,
      'Make the backup at another member, and find out what is wrong with this one.',
    );
  return {
    format: 'concordat keeper backup 1',
    ...{ federation: found.federation, member: found.member, slot: found.slot },
    zxid: `0x${found.zxid.toString(16)}`,
    isFinal: accepted !== true,
    time: new Date(found.time).toISOString(),
    ...{ nodes, bytes, containers, ttlNodes, quotas },
    leftOut: { ephemerals, sessions },
    size: state.length,
    sha256: sha256Hex(state),
    checkpoint,
    statements: found.checkpoint.statements,
  };
}
