/**
 * The state that a federation begins with, in a member's directory. Members check in what others say that it has the digest
 * of their own, however far they have come since; so who is to run needs the file, not only who starts with nothing.
 */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { decodeGenesis, type KeeperGenesis } from '@concordat/keeper';
import type { Federation } from '../config/federation.ts';
import { isInitialised, placesIn } from '../config/organisation.ts';
import { CommandError, messageOf } from '../errors.ts';

export const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** The state that the federation's file names, or null where it names none; a `CommandError` without it. */
export function firstState(federation: Federation, directory: string): KeeperGenesis | null {
  if (federation.import === undefined) return null;
  const { imported } = placesIn(directory);
  const advice = `Run: concordat keeper adopt FILE --data ${directory} - with the file that concordat keeper import made, or a copy of another member's ${imported}`;
  if (!existsSync(imported))
    throw new CommandError(
      'no-import',
      `the federation begins with an imported state, and ${imported} is missing`,
      advice,
    );
  return stateIn(imported, federation.import, advice);
}

/** Reads a state file; `digest` is what its SHA-256 must be, if that is known. */
function stateIn(file: string, digest: string | undefined, advice: string): KeeperGenesis {
  const bytes = bytesOf(file);
  const found = sha256Hex(bytes);
  if (digest !== undefined && found !== digest)
    throw new CommandError('other-import', `${file} has the SHA-256 ${found}, not ${digest}`, advice);
  const genesis = decodeGenesis(bytes);
  if (genesis === null) throw new CommandError('bad-import', `${file} is not a state of a keeper`, advice);
  return genesis;
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CommandError('no-import', `cannot read ${file}: ${messageOf(error)}`);
  }
}

const FROM_IMPORT = 'Use the file that concordat keeper import made for this federation.';

/** What a federation's file calls the state in `file`; a `CommandError` if there is none. */
export function stateDigest(file: string): string {
  stateIn(file, undefined, FROM_IMPORT);
  return sha256Hex(bytesOf(file));
}

export interface Adopted {
  readonly digest: string;
  readonly genesis: KeeperGenesis;
}

/** Puts a state file where a member's daemon looks for it; `federation`, if given, must begin with it. */
export function adopt(file: string, directory: string, federation?: Federation): Adopted {
  if (!isInitialised(directory))
    throw new CommandError('no-identity', `${directory} holds no identity`, 'Run concordat init first.');
  if (federation !== undefined && federation.import === undefined)
    throw new CommandError(
      'no-import',
      'the federation begins with nothing',
      'Its file needs: import: SHA256',
    );
  const genesis = stateIn(file, federation?.import, FROM_IMPORT);
  const bytes = bytesOf(file);
  const { imported } = placesIn(directory);
  if (existsSync(imported) && sha256Hex(bytesOf(imported)) !== sha256Hex(bytes))
    throw new CommandError(
      'other-import',
      `${imported} is another state`,
      'Move it away first, if that is meant.',
    );
  const fresh = `${imported}.new`;
  writeFileSync(fresh, bytes, { mode: 0o600, flush: true });
  renameSync(fresh, imported);
  return { digest: sha256Hex(bytes), genesis };
}
