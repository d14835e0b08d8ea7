/**
 * What somebody is in a stream: an identity with its link certificate, and a key to draw partners with. In a folder if it is to
 * last (0700, its files 0600), else for one visit.
 */

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { certifyVrfKey, type VrfKey } from '@concordat/crypto';
import {
  createSignatures,
  createVrf,
  createVrfKey,
  generateIdentity,
  generateVrfSecret,
  type Identity,
  loadIdentity,
  loadVrfSecret,
  sha256,
  storeIdentity,
  storeVrfSecret,
} from '@concordat/runtime';
import type { StreamKeys } from '../../keys.ts';
import { StreamError } from '../errors.ts';

export interface StreamIdentity {
  readonly identity: Identity;
  readonly keys: StreamKeys;
  /** Shows that the key for draws leaves its owner no choice. */
  readonly certificate: Uint8Array;
}

function made(identity: Identity, vrfKey: VrfKey): StreamIdentity {
  const signatures = createSignatures();
  const keys: StreamKeys = {
    hash: sha256,
    sign: (bytes) => signatures.signWith(identity.seed, bytes),
    verify: (signer, bytes, signature) => signatures.verifyWith(signer.publicKey, bytes, signature),
    vrf: createVrf(),
    vrfKey,
  };
  return { identity, keys, certificate: certifyVrfKey(vrfKey) };
}

function fresh(secret: Uint8Array): VrfKey {
  const key = createVrfKey(secret);
  if (key === null) throw new StreamError('bad-configuration', 'the key for draws is damaged');
  return key;
}

/** For one visit. Takes a third of a second. */
export const makeIdentity = (name: string): StreamIdentity =>
  made(generateIdentity(name), fresh(generateVrfSecret()));

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

/** What `load` finds in `file`; null if there is none. Throws `bad-configuration` for a damaged one. */
function loaded<T>(file: string, load: (file: string) => T | null): T | null {
  try {
    const found = load(file);
    if (found === null)
      throw new StreamError('bad-configuration', `${file} is damaged, or of another version`);
    return found;
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** That of `folder`, made there if need be. Throws `bad-configuration`, `exposed-secret`, or the system's error. */
export function openIdentity(folder: string, name: string): StreamIdentity {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const identityFile = join(folder, 'identity.json');
  const drawsFile = join(folder, 'draws.json');
  let identity: Identity | null = loaded(identityFile, loadIdentity);
  if (identity === null) {
    identity = generateIdentity(name);
    storeIdentity(identityFile, name, identity);
  }
  let secret = loaded(drawsFile, loadVrfSecret);
  if (secret === null) {
    secret = generateVrfSecret();
    storeVrfSecret(drawsFile, secret);
  }
  return made(identity, fresh(secret));
}
