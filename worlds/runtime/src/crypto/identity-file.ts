/** An identity on disk: one file of JSON that only its owner can read, with the name that its member goes by. */

import { writeFileSync } from 'node:fs';
import { SEED_BYTES } from '@concordat/crypto';
import { fromHex, toHex } from '@concordat/wire';
import { privateKeyOf, rawPublicKeyOf } from './ed25519.ts';
import { type Identity, pinOf } from './identity.ts';
import { readSecretFile } from './secret-file.ts';

const VERSION = 1;

export interface NamedIdentity extends Identity {
  readonly name: string;
}

/** Makes the file, durably. Throws the system's error, `EEXIST` if there is one already: identities are not replaced. */
export function storeIdentity(file: string, name: string, { seed, tls }: Identity): void {
  const text = `${JSON.stringify({ version: VERSION, name, seed: toHex(seed), tls }, null, 2)}\n`;
  writeFileSync(file, text, { mode: 0o600, flag: 'wx', flush: true });
}

/**
 * Null if the file is damaged or of another version; throws `exposed-secret` if it is not for its owner alone, and the system's
 * error if it cannot be read.
 */
export function loadIdentity(file: string): NamedIdentity | null {
  const text = readSecretFile(file);
  try {
    const { version, name, seed: hex, tls } = JSON.parse(text);
    const seed = fromHex(hex);
    if (version !== VERSION || typeof name !== 'string' || seed?.length !== SEED_BYTES) return null;
    return { name, seed, publicKey: rawPublicKeyOf(privateKeyOf(seed)), tls, pin: pinOf(tls.cert) };
  } catch {
    return null;
  }
}
