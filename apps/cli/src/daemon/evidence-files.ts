/** Proofs of misbehaviour as files: written once each, named by what they convict of, for anyone to verify. */

import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Note } from '@concordat/kernel';
import { diskError, type Logger } from '@concordat/runtime';
import { fromHex } from '@concordat/wire';

/** Stores the proof that an `evidence` note carries: fields accused, rule, about and proof (hexadecimal). Throws `disk-full`, `disk-failed`. */
export function storeEvidence(directory: string, note: Note, logger: Logger): void {
  const proof = fromHex(String(note['proof'] ?? ''));
  if (proof === null || proof.length === 0) return;
  const file = join(directory, `${note['rule']}-${note['accused']}-${note['about']}.proof`);
  logger.warn('evidence', { accused: note['accused'] ?? -1, rule: String(note['rule']), file });
  if (existsSync(file)) return;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // A full disk may take half of it, which must never pass for the proof.
    writeFileSync(`${file}.new`, proof, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  } catch (error) {
    throw diskError('keep evidence in', directory, error);
  }
}
