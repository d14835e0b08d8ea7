/**
 * A member's own directory: its secret identity (0600) and its journal. It is made once, explicitly: a directory that
 * is merely empty may be one whose promises were lost, and must not pass for a new member's.
 *
 *   DIR/identity.json   seed of the signing key, private key and certificate of the links
 *   DIR/journal/        promises, log and snapshots
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createJournal,
  createSignatures,
  generateIdentity,
  type Identity,
  pinOf,
  RuntimeError,
} from '@concordat/runtime';
import { fromHex, toHex } from '@concordat/wire';

const VERSION = 1;
const SEED_BYTES = 32;

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
  const stored = { version: VERSION, seed: toHex(identity.seed), tls: identity.tls };
  writeFileSync(identityFile(directory), `${JSON.stringify(stored, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
  return identity;
}

/** Throws `bad-configuration` when it is not there or damaged. */
export function readHome(directory: string): Identity {
  const file = identityFile(directory);
  try {
    const { version, seed, tls } = JSON.parse(readFileSync(file, 'utf8'));
    const bytes = fromHex(seed);
    if (version !== VERSION || bytes?.length !== SEED_BYTES) throw new Error('it has another format');
    return { seed: bytes, publicKey: createSignatures().publicKeyOf(bytes), tls, pin: pinOf(tls.cert) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = 'make it once with createHome, and restore it from a backup if it is damaged';
    throw new RuntimeError(
      'bad-configuration',
      `cannot read the identity in ${file} (${why}): ${advice}`,
      error,
    );
  }
}
