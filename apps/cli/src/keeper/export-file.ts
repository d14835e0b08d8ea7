/**
 * A daemon writes the tree that it serves as a snapshot of ZooKeeper, between two turns: so it is of one moment, with what
 * clients are never told. It goes to the daemon's own directory and nowhere else, whoever asks.
 */

import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { leavingFrom, writeSnapshot } from '@concordat/keeper';
import * as z from 'zod';
import { type Places, placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import { organisationsIn } from '../daemon/statuses.ts';
import type { DomainState } from '../domain/domain.ts';
import { CommandError, messageOf } from '../errors.ts';

const counter = z.int().min(0);
const schema = z.object({
  zxid: counter,
  nodes: counter,
  bytes: counter,
  ephemerals: counter,
  ttlNodes: counter,
  ofDomains: counter,
});

export type ExportedFile = z.infer<typeof schema>;

/** Writes a million nodes with time to spare; meanwhile the daemon does nothing else. */
const DEADLINE_MS = 300_000;

/** What is in the file that it has written, or why there is none. */
export function exportHere(
  { service }: DomainState,
  { exported }: Places,
): ExportedFile | { readonly error: string } {
  try {
    const leaving = leavingFrom(service.keeper);
    writeFileSync(`${exported}.new`, writeSnapshot(leaving.nodes), { mode: 0o600 });
    renameSync(`${exported}.new`, exported);
    return { ...leaving, nodes: leaving.nodes.length };
  } catch (error) {
    rmSync(`${exported}.new`, { force: true });
    return { error: messageOf(error) };
  }
}

/** Has the first daemon at or below `data` write its tree; rejects with a `CommandError`. */
export async function askForExport(data: string): Promise<ExportedFile & { readonly file: string }> {
  const [place = data] = organisationsIn(data);
  const { control, exported } = placesIn(place);
  const answer = await ask(control, 'export', DEADLINE_MS);
  const found = schema.safeParse(answer);
  if (found.success) return { ...found.data, file: exported };
  const why = z.object({ error: z.string() }).safeParse(answer);
  throw new CommandError(
    'not-written',
    `the daemon of ${place} has written nothing: ${why.success ? why.data.error : 'it is of another version'}`,
  );
}
