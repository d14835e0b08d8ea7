/**
 * An organisation's own directory: its secret identity (0600), its journal, what it found out about others, and its
 * control socket while it runs.
 *
 *   DIR/identity.json   seed of the signing key, private key and certificate of the links
 *   DIR/journal/        promises, log and snapshots
 *   DIR/evidence/       proofs of misbehaviour, one file each
 *   DIR/control.sock    status and, in demonstrations, attacks; only for the own user
 *   DIR/daemon.pid      the daemon's process id, while it runs
 */

import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  createJournal,
  generateIdentity,
  type Identity,
  loadIdentity,
  type NamedIdentity,
  storeIdentity,
} from '@concordat/runtime';
import { CommandError } from '../errors.ts';

export interface Places {
  readonly directory: string;
  readonly identity: string;
  readonly journal: string;
  readonly evidence: string;
  readonly control: string;
  readonly pid: string;
}

export const placesIn = (directory: string): Places => ({
  directory,
  identity: join(directory, 'identity.json'),
  journal: join(directory, 'journal'),
  evidence: join(directory, 'evidence'),
  control: join(directory, 'control.sock'),
  pid: join(directory, 'daemon.pid'),
});

export const isInitialised = (directory: string): boolean => existsSync(placesIn(directory).identity);

/** Makes the directory, a fresh identity and an empty journal, from here on provably whole. */
export async function initialise(directory: string, name: string): Promise<Identity> {
  const places = placesIn(directory);
  if (existsSync(places.identity)) {
    throw new CommandError(
      'already-initialised',
      `${directory} already holds an identity`,
      'Choose another --data directory; deleting an identity makes its member forget its promises.',
    );
  }
  mkdirSync(places.evidence, { recursive: true, mode: 0o700 });
  chmodSync(directory, 0o700);
  const identity = generateIdentity(name);
  await createJournal(places.journal);
  storeIdentity(places.identity, name, identity);
  return identity;
}

export function readIdentity(directory: string): NamedIdentity {
  const { identity } = placesIn(directory);
  let found: NamedIdentity | null;
  try {
    found = loadIdentity(identity);
  } catch (error) {
    const advice = `Run: concordat init NAME --data ${directory}`;
    throw new CommandError('no-identity', `cannot read ${identity}: ${(error as Error).message}`, advice);
  }
  if (found === null)
    throw new CommandError('bad-identity', `${identity} is damaged`, 'Restore it from a backup.');
  return found;
}
