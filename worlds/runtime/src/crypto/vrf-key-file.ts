/** A key for a verifiable random function on disk: one file of JSON that only its owner can read, beside the identity. */

import { writeFileSync } from 'node:fs';
import { fromHex, toHex } from '@concordat/wire';
import { readSecretFile } from './secret-file.ts';
import { createVrfKey } from './vrf.ts';

const VERSION = 1;
const KIND = 'RSA-FDH-VRF-SHA256';

/** Makes the file, durably. Throws the system's error, `EEXIST` if there is one already: keys are not replaced. */
export function storeVrfSecret(file: string, secret: Uint8Array): void {
  const text = `${JSON.stringify({ version: VERSION, kind: KIND, secret: toHex(secret) }, null, 2)}\n`;
  writeFileSync(file, text, { mode: 0o600, flag: 'wx', flush: true });
}

/**
 * The secret for `createVrfKey`. Null if the file is damaged or of another version or kind; throws `exposed-secret` if it is
 * not for its owner alone, and the system's error if it cannot be read.
 */
export function loadVrfSecret(file: string): Uint8Array | null {
  const text = readSecretFile(file);
  try {
    const { version, kind, secret: hex } = JSON.parse(text);
    const secret = fromHex(hex);
    if (version !== VERSION || kind !== KIND || secret === null) return null;
    return createVrfKey(secret) === null ? null : secret;
  } catch {
    return null;
  }
}
