/**
 * Files that an operator names and that are read anew on request: what is secret in them must be for the daemon's user
 * alone, because whoever can read it can be the server, or any of its users.
 */

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { exposedMode } from '@concordat/runtime';
import { CommandError, messageOf } from '../../errors.ts';

/** Far more than any key, bundle of authorities or list of users takes. */
const MAX_BYTES = 4 * 1024 * 1024;

export const readPublicFile = (option: string, file: string): Buffer => readBounded(option, file, false);

/** Rejects files that the group or others may read or write. */
export const readSecretFile = (option: string, file: string): Buffer => readBounded(option, file, true);

function readBounded(option: string, file: string, isSecret: boolean): Buffer {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch (error) {
    throw new CommandError('no-file', `${option}: cannot read ${file}: ${messageOf(error)}`);
  }
  try {
    const mode = isSecret ? exposedMode(descriptor) : null;
    if (mode !== null)
      throw new CommandError(
        'exposed-secret',
        `${option}: others may use ${file} (mode ${mode})`,
        `Run: chmod 600 ${file}`,
      );
    if (fstatSync(descriptor).size > MAX_BYTES)
      throw new CommandError('bad-file', `${option}: ${file} is larger than ${MAX_BYTES} bytes`);
    return readFileSync(descriptor);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('no-file', `${option}: cannot read ${file}: ${messageOf(error)}`);
  } finally {
    closeSync(descriptor);
  }
}
