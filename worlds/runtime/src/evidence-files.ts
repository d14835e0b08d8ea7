/**
 * Proofs of misbehaviour as files: written once each, whole or not at all, named by what they convict of, for anyone to verify. Others
 * decide how many there are, so there is a limit.
 */

import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { diskError } from './errors.ts';

export interface StoredProof {
  readonly file: string;
  /** `known`: it was here before. `full`: there are as many as may be, and this one is not kept. */
  readonly outcome: 'stored' | 'known' | 'full';
}

const SUFFIX = '.proof';

/**
 * @param name of the file, without its suffix: of the caller's making, never a peer's
 * Throws `disk-full`, `disk-failed`.
 */
export function storeProof(
  directory: string,
  name: string,
  proof: Uint8Array,
  maxFiles = Number.POSITIVE_INFINITY,
): StoredProof {
  const file = join(directory, `${name}${SUFFIX}`);
  if (existsSync(file)) return { file, outcome: 'known' };
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const count = (): number => readdirSync(directory).filter((each) => each.endsWith(SUFFIX)).length;
    if (maxFiles !== Number.POSITIVE_INFINITY && count() >= maxFiles) return { file, outcome: 'full' };
    // A full disk may take half of it, which must never pass for the proof.
    writeFileSync(`${file}.new`, proof, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw diskError('keep evidence in', directory, error);
  }
  return { file, outcome: 'stored' };
}
