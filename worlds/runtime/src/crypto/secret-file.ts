/** Files of secrets are read only if they are for their owner alone. */

import { closeSync, openSync, readFileSync } from 'node:fs';
import { RuntimeError } from '../errors.ts';
import { exposedMode } from './exposed-mode.ts';

/** The text of the file. Throws `exposed-secret` if others may use it, and the system's error if it cannot be read. */
export function readSecretFile(file: string): string {
  const descriptor = openSync(file, 'r');
  try {
    const mode = exposedMode(descriptor);
    if (mode === null) return readFileSync(descriptor, 'utf8');
    throw new RuntimeError('exposed-secret', `others may use ${file} (mode ${mode}): chmod 600 ${file}`);
  } finally {
    closeSync(descriptor);
  }
}
