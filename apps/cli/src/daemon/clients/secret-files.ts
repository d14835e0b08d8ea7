/**
 * Files that an operator names and that are read anew on request: what is secret in them must be for the daemon's user
 * alone, because whoever can read it can be the server, or any of its users.
 */

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { CommandError, messageOf } from '../../errors.ts';

/** Far more than any key, bundle of authorities or list of users takes. */
const MAX_BYTES = 4 * 1024 * 1024;
const GROUP_AND_OTHERS = 0o077;

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
    // Of the file that is open, which nobody can exchange any more.
    const { mode, size } = fstatSync(descriptor);
    if (isSecret && (mode & GROUP_AND_OTHERS) !== 0) {
      const bits = (mode & 0o777).toString(8).padStart(4, '0');
      throw new CommandError(
        'exposed-secret',
        `${option}: others may use ${file} (mode ${bits})`,
        `Run: chmod 600 ${file}`,
      );
    }
    if (size > MAX_BYTES)
      throw new CommandError('bad-file', `${option}: ${file} is larger than ${MAX_BYTES} bytes`);
    return readFileSync(descriptor);
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError('no-file', `${option}: cannot read ${file}: ${messageOf(error)}`);
  } finally {
    closeSync(descriptor);
  }
}
