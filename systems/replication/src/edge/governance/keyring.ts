/**
 * The keys that a member signs with, past, present and to come. A rotation makes the next key before it is proposed, so
 * that the member has it when the epoch begins, also after a restart.
 *
 *   DIR/identity.json   the key that it began with
 *   DIR/next-N.json     the key that a rotation brought into force in epoch N, or will
 */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  generateIdentity,
  type Identity,
  loadIdentity,
  RuntimeError,
  storeIdentity,
} from '@concordat/runtime';
import { equalBytes } from '@concordat/wire';

export interface Keyring {
  /** The own identity with this public key, or null. */
  find(publicKey: Uint8Array): Pick<Identity, 'seed' | 'publicKey'> | null;
  /** The public key that is kept for an epoch, made if there is none yet: asking again makes no other. */
  prepare(epoch: number): Uint8Array;
}

export const identityFile = (directory: string): string => join(directory, 'identity.json');

/** Where the key is kept that a rotation brings into force in an epoch. */
export const nextIdentityFile = (directory: string, epoch: number): string =>
  join(directory, `next-${epoch}.json`);

const identityFiles = (directory: string): string[] => [
  identityFile(directory),
  ...readdirSync(directory)
    .filter((name) => /^next-\d+\.json$/.test(name))
    .map((name) => join(directory, name)),
];

/** Null for a file that is damaged or gone: another may hold the key. One that others may use would be missed for no such reason. */
function readable(file: string): Identity | null {
  try {
    return loadIdentity(file);
  } catch (error) {
    if (error instanceof RuntimeError) throw error;
    return null;
  }
}

/** Throws the disk's error, `exposed-secret`, and `EEXIST` where a damaged file is in the way of a new key. */
export const keyringIn = (directory: string, name: string): Keyring => ({
  find: (publicKey) =>
    identityFiles(directory)
      .map(readable)
      .find((one) => one !== null && equalBytes(one.publicKey, publicKey)) ?? null,
  prepare: (epoch) => {
    const file = nextIdentityFile(directory, epoch);
    const known = existsSync(file) ? readable(file) : null;
    if (known !== null) return known.publicKey;
    const fresh = generateIdentity(name);
    storeIdentity(file, name, fresh);
    return fresh.publicKey;
  },
});

/** For members whose journal is in memory, too: never for one that must survive its process. */
export function createMemoryKeyring(first: Identity): Keyring {
  const next = new Map<number, Identity>();
  return {
    find: (publicKey) =>
      [first, ...next.values()].find((one) => equalBytes(one.publicKey, publicKey)) ?? null,
    prepare: (epoch) => {
      const identity = next.get(epoch) ?? generateIdentity();
      next.set(epoch, identity);
      return identity.publicKey;
    },
  };
}
