/**
 * An organisation's own directory: its secret identity (0600), its journal, what it found out about others, and its
 * control socket while it runs.
 *
 *   DIR/identity.json   seed of the signing key, private key and certificate of the links
 *   DIR/admin.json      seed of the administrators' key, which approves changes of the federation; may be kept elsewhere
 *   DIR/next-N.json     identity whose key a rotation brought into force in epoch N, or will
 *   DIR/journal/        promises, log and snapshots
 *   DIR/evidence/       proofs of misbehaviour, one file each
 *   DIR/import.state    what the federation begins with, where its file says that it begins with something
 *   DIR/export.snapshot what it was last asked to write for ZooKeeper, until the command that asked has taken it
 *   DIR/backup.gathered its tree, on the way to a backup, until the command that asked has taken it
 *   DIR/changes/        what transactions did since, once a backup has been made, as far back as there is room
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
  RuntimeError,
  storeIdentity,
} from '@concordat/runtime';
import { CommandError, messageOf } from '../errors.ts';

export interface Places {
  readonly directory: string;
  readonly identity: string;
  readonly admin: string;
  readonly journal: string;
  readonly evidence: string;
  readonly imported: string;
  readonly exported: string;
  readonly gathered: string;
  readonly changes: string;
  readonly control: string;
  readonly pid: string;
}

export const placesIn = (directory: string): Places => ({
  directory,
  identity: join(directory, 'identity.json'),
  admin: join(directory, 'admin.json'),
  journal: join(directory, 'journal'),
  evidence: join(directory, 'evidence'),
  imported: join(directory, 'import.state'),
  exported: join(directory, 'export.snapshot'),
  gathered: join(directory, 'backup.gathered'),
  changes: join(directory, 'changes'),
  control: join(directory, 'control.sock'),
  pid: join(directory, 'daemon.pid'),
});

export const isInitialised = (directory: string): boolean => existsSync(placesIn(directory).identity);

export interface Initialised extends Identity {
  /** Public key of its administrators. */
  readonly admin: Uint8Array;
}

/** Makes the directory, fresh identities and an empty journal, from here on provably whole. */
export async function initialise(directory: string, name: string): Promise<Initialised> {
  const places = await prepare(directory);
  const admin = generateIdentity(`${name} administrators`);
  storeIdentity(places.admin, name, admin);
  return { ...complete(places, name), admin: admin.publicKey };
}

/** The same for a proxy, which has nothing to approve. */
export const initialiseProxy = async (directory: string, name: string): Promise<Identity> =>
  complete(await prepare(directory), name);

async function prepare(directory: string): Promise<Places> {
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
  await createJournal(places.journal);
  return places;
}

/** Last of all: whoever has an identity has everything else. */
function complete(places: Places, name: string): Identity {
  const identity = generateIdentity(name);
  storeIdentity(places.identity, name, identity);
  return identity;
}

/** @param maker the command that makes one */
export const readIdentity = (directory: string, maker = 'concordat init'): NamedIdentity =>
  identityIn(placesIn(directory).identity, directory, maker);

/** The administrators' key. */
export const readAdmin = (directory: string): NamedIdentity =>
  identityIn(placesIn(directory).admin, directory, 'concordat init');

function identityIn(file: string, directory: string, maker: string): NamedIdentity {
  let found: NamedIdentity | null;
  try {
    found = loadIdentity(file);
  } catch (error) {
    // It says what to do itself.
    if (error instanceof RuntimeError) throw error;
    const advice = `Run: ${maker} NAME --data ${directory}`;
    throw new CommandError('no-identity', `cannot read ${file}: ${messageOf(error)}`, advice);
  }
  if (found === null)
    throw new CommandError('bad-identity', `${file} is damaged`, 'Restore it from a backup.');
  return found;
}
