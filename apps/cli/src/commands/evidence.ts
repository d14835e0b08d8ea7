/**
 * `concordat evidence verify`: checks proofs of misbehaviour, offline, against a federation's public keys. Those of later
 * epochs the chain tells, which is believed for its signatures.
 */

import { readFileSync } from 'node:fs';
import { decodeProof, MAX_PROOF_BYTES, type Proof, verifyProof } from '@concordat/accountability';
import {
  type Configuration,
  decodeChain,
  epochOf,
  judgeProof,
  replicationRules,
  viewOf,
} from '@concordat/replication';
import { nameIn } from '@concordat/replication/edge';
import { createKeys } from '@concordat/runtime';
import { Command } from 'commander';
import { type Federation, publicKeysOf, readFederation } from '../config/federation.ts';
import { CommandError, messageOf } from '../errors.ts';
import { courtOf, provenHistory } from '../governance/history.ts';

export const evidenceCommand = (): Command =>
  new Command('evidence').description('proofs that a member misbehaved').addCommand(
    new Command('verify')
      .description('check proofs against the federation file; needs no network and no daemon')
      .argument('<files...>', 'proofs, as found below DIR/evidence')
      .requiredOption('--federation <file>', 'the federation file that the members share')
      .option('--chain <file>', 'of a federation that has changed, from concordat federation chain')
      .addHelpText(
        'after',
        '\nEnds with status 1 unless every proof is valid.\n\n' +
          'Example:\n  concordat evidence verify data/beta/evidence/*.proof --federation data/federation.yaml\n',
      )
      .action((files: string[], options: { federation: string; chain?: string }) => {
        const federation = readFederation(options.federation);
        const history = options.chain === undefined ? [] : historyIn(options.chain, federation);
        const judged = files.map((file) => judgeFile(file, federation, history));
        process.stdout.write(judged.map(({ text }) => `${text}\n`).join(''));
        if (judged.some(({ valid }) => !valid)) process.exitCode = 1;
      }),
  );

export interface Judged {
  readonly valid: boolean;
  /** For people: the accused member, the rule and what happened, or why the file proves nothing. */
  readonly text: string;
}

/** The later configurations that a file proves, by ascending epoch; a `CommandError` if it does not lead on from the federation file. */
export function historyIn(file: string, federation: Federation): Configuration[] {
  const refused = (why: string): CommandError =>
    new CommandError('bad-chain', `${file} is no chain of this federation: ${why}`);
  const links = decodeChain(readFileSync(file));
  if (links === null) throw refused('it is none at all');
  const history = provenHistory(federation, links);
  if ('reason' in history) throw refused(history.reason);
  return history;
}

/** Judges one evidence file; one that cannot be read proves nothing either. */
export function judgeFile(
  file: string,
  federation: Federation,
  history: readonly Configuration[] = [],
): Judged {
  const invalid = (reason: string): Judged => ({ valid: false, text: `INVALID ${file}: ${reason}` });
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file).subarray(0, MAX_PROOF_BYTES + 1);
  } catch (error) {
    return invalid(messageOf(error));
  }
  const proof = decodeProof(bytes);
  if (proof === null) return invalid('it is not a proof of misbehaviour');
  const view = viewOf(proof);
  const epoch = view === null ? 0 : epochOf(view);
  const then = history.find((configuration) => configuration.epoch === epoch);
  if (epoch > 0 && then === undefined) return invalid(unknownEpoch(epoch, history));
  const verdict =
    then === undefined ? judgeByFile(proof, federation) : judgeProof(courtOf(federation, history), proof);
  if (!verdict.valid) return invalid(verdict.reason);
  const { accused, rule } = proof;
  const name = then === undefined ? federation.members[accused]?.name : nameIn(then, accused);
  return {
    valid: true,
    text: `VALID ${file}\n  accused: ${name ?? 'unknown'} (member ${accused})\n  rule: ${rule}\n  ${verdict.explanation}`,
  };
}

const unknownEpoch = (epoch: number, history: readonly Configuration[]): string =>
  history.length === 0
    ? `it is about epoch ${epoch}, whose keys are not in the federation file: give --chain, a file that concordat federation chain writes`
    : `it is about epoch ${epoch}, and the chain ends with epoch ${history.at(-1)?.epoch}: have a later one written`;

/** Verifies as anyone would: with public keys only. The seed signs nothing here. */
function judgeByFile(proof: Proof, federation: Federation): ReturnType<typeof verifyProof> {
  const keys = createKeys({ self: 0, seed: new Uint8Array(32), publicKeys: publicKeysOf(federation) });
  return verifyProof(proof, { cluster: federation.id, verify: keys.verify, rules: replicationRules });
}
