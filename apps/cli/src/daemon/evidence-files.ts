/** The proofs that a domain's notes carry, as files: `storeProof` of the runtime. */

import type { Note } from '@concordat/kernel';
import { type Logger, storeProof } from '@concordat/runtime';
import { fromHex } from '@concordat/wire';

/** Stores the proof that an `evidence` note carries: fields accused, rule, about and proof (hexadecimal). Throws `disk-full`, `disk-failed`. */
export function storeEvidence(directory: string, note: Note, logger: Logger): void {
  const proof = fromHex(String(note['proof'] ?? ''));
  if (proof === null || proof.length === 0) return;
  const name = `${note['rule']}-${note['accused']}-${note['about']}`;
  const { file } = storeProof(directory, name, proof);
  logger.warn('evidence', { accused: note['accused'] ?? -1, rule: String(note['rule']), file });
}
