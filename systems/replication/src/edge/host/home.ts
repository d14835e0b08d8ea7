/**
 * A member's own directory: its secret identity (0600) and its journal. It is made once, explicitly: a directory that
 * is merely empty may be one whose promises were lost, and must not pass for a new member's.
 *
 *   DIR/identity.json   seed of the signing key, private key and certificate of the links
 *   DIR/next-N.json     the key that a rotation brought into force in epoch N, or will
 *   DIR/journal/        promises, log and snapshots
 *
 * The key of its administrators is made apart, and is best kept where the member's machine cannot read it.
 */

import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  asError,
  createJournal,
  generateIdentity,
  type Identity,
  loadIdentity,
  RuntimeError,
  storeIdentity,
} from '@concordat/runtime';
import { identityFile } from '../governance/keyring.ts';

export const journalFolder = (directory: string): string => join(directory, 'journal');

/**
 * Makes a fresh identity and an empty journal, from here on provably whole. Rejects with `journal-exists` if there is
 * an identity already: whoever replaces it makes its member forget what it has promised.
 */
export async function createHome(directory: string, name: string): Promise<Identity> {
  if (existsSync(identityFile(directory))) {
    throw new RuntimeError(
      'journal-exists',
      `${directory} already holds an identity: choose another directory`,
    );
  }
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const identity = generateIdentity(name);
  await createJournal(journalFolder(directory));
  storeIdentity(identityFile(directory), name, identity);
  return identity;
}

/** Throws `bad-configuration` when it is not there or damaged, `exposed-secret` when others may use it. */
export function readHome(directory: string): Identity {
  const file = identityFile(directory);
  const unreadable = (why: string, cause?: unknown): RuntimeError => {
    const advice = 'make it once with createHome, and restore it from a backup if it is damaged';
    return new RuntimeError(
      'bad-configuration',
      `cannot read the identity in ${file} (${why}): ${advice}`,
      cause,
    );
  };
  let found: Identity | null;
  try {
    found = loadIdentity(file);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    throw unreadable(asError(error).message, error);
  }
  if (found === null) throw unreadable('it is damaged or of another version');
  return found;
}

/**
 * Makes the key with which a member's administrators approve changes of the federation, in a file of its own (0600).
 * Rejects with the system's `EEXIST` if there is one already.
 */
export function createAdmin(file: string, name: string): Identity {
  const identity = generateIdentity(`${name} administrators`);
  storeIdentity(file, name, identity);
  return identity;
}

/** Throws `bad-configuration` when it is not there or damaged, `exposed-secret` when others may use it. */
export function readAdmin(file: string): Identity {
  try {
    const found = loadIdentity(file);
    if (found !== null) return found;
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    throw new RuntimeError(
      'bad-configuration',
      `cannot read the admin key in ${file} (${asError(error).message}): make it once with createAdmin`,
      error,
    );
  }
  throw new RuntimeError('bad-configuration', `the admin key in ${file} is damaged or of another version`);
}
