/**
 * A member's own directory: its secret identity (0600) and its journal. It is made once, explicitly: a directory that
 * is merely empty may be one whose promises were lost, and must not pass for a new member's.
 *
 *   DIR/identity.json   seed of the signing key, private key and certificate of the links
 *   DIR/journal/        promises, log and snapshots
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

const identityFile = (directory: string): string => join(directory, 'identity.json');

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

/** Throws `bad-configuration` when it is not there or damaged. */
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
    throw unreadable(asError(error).message, error);
  }
  if (found === null) throw unreadable('it is damaged or of another version');
  return found;
}
