/** `concordat evidence verify`: checks proofs of misbehaviour, offline, against a federation's public keys. */

import { readFileSync } from 'node:fs';
import {
  decodeProof,
  MAX_PROOF_BYTES,
  type Proof,
  type ProofContext,
  verifyProof,
} from '@concordat/accountability';
import { replicationRules } from '@concordat/replication';
import { createKeys } from '@concordat/runtime';
import { Command } from 'commander';
import { type Federation, publicKeysOf, readFederation } from '../config/federation.ts';

export const evidenceCommand = (): Command =>
  new Command('evidence').description('proofs that a member misbehaved').addCommand(
    new Command('verify')
      .description('check proofs against the federation file; needs no network and no daemon')
      .argument('<files...>', 'proofs, as found below DIR/evidence')
      .requiredOption('--federation <file>', 'the federation file that the members share')
      .addHelpText(
        'after',
        '\nEnds with status 1 unless every proof is valid.\n\n' +
          'Example:\n  concordat evidence verify data/beta/evidence/*.proof --federation data/federation.yaml\n',
      )
      .action((files: string[], options: { federation: string }) => {
        const federation = readFederation(options.federation);
        const judged = files.map((file) => judgeFile(file, federation));
        process.stdout.write(judged.map(({ text }) => `${text}\n`).join(''));
        if (judged.some(({ valid }) => !valid)) process.exitCode = 1;
      }),
  );

export interface Judged {
  readonly valid: boolean;
  /** For people: the accused member, the rule and what happened, or why the file proves nothing. */
  readonly text: string;
}

/** Judges one evidence file; one that cannot be read proves nothing either. */
export function judgeFile(file: string, federation: Federation): Judged {
  const invalid = (reason: string): Judged => ({ valid: false, text: `INVALID ${file}: ${reason}` });
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file).subarray(0, MAX_PROOF_BYTES + 1);
  } catch (error) {
    return invalid((error as Error).message);
  }
  const proof = decodeProof(bytes);
  if (proof === null) return invalid('it is not a proof of misbehaviour');
  const verdict = verifyProof(proof, contextOf(federation));
  if (!verdict.valid) return invalid(verdict.reason);
  const { rule } = proof;
  const accused = accusedName(proof, federation);
  return {
    valid: true,
    text: `VALID ${file}\n  accused: ${accused}\n  rule: ${rule}\n  ${verdict.explanation}`,
  };
}

/** Verifies as anyone would: with public keys only. The seed signs nothing here. */
function contextOf(federation: Federation): ProofContext {
  const keys = createKeys({ self: 0, seed: new Uint8Array(32), publicKeys: publicKeysOf(federation) });
  return { cluster: federation.id, verify: keys.verify, rules: replicationRules };
}

const accusedName = ({ accused }: Proof, federation: Federation): string =>
  `${federation.members[accused]?.name ?? 'unknown'} (member ${accused})`;
