/**
 * `concordat evidence verify`: checks proofs of misbehaviour, offline, against the public keys of a federation or of a stream. Those of
 * later epochs of a federation the chain tells, which is believed for its signatures.
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
import type { StreamConfig } from '@concordat/streaming';
import { judgeEvidenceFile, MAX_EVIDENCE_FILE_BYTES, streamOf } from '@concordat/streaming/edge';
import { Command } from 'commander';
import { type Federation, publicKeysOf, readFederation } from '../config/federation.ts';
import { CommandError, messageOf } from '../errors.ts';
import { courtOf, provenHistory } from '../governance/history.ts';

export const evidenceCommand = (): Command =>
  new Command('evidence').description('proofs that a member misbehaved').addCommand(
    new Command('verify')
      .description('check proofs against a federation file or a stream; needs no network and no daemon')
      .argument('<files...>', 'proofs, as found below DIR/evidence')
      .option('--federation <file>', 'the federation file that the members share')
      .option('--chain <file>', 'of a federation that has changed, from concordat federation chain')
      .option('--stream <invite>', 'an invite of the stream, or a file that has one, or its stream.json')
      .addHelpText(
        'after',
        '\nEnds with status 1 unless every proof is valid.\n\n' +
          'Examples:\n  concordat evidence verify data/beta/evidence/*.proof --federation data/federation.yaml\n' +
          '  concordat evidence verify live/evidence/*.proof --stream live/stream.json\n',
      )
      .action((files: string[], options: VerifyFlags) => {
        const judge = judgeFor(options);
        const judged = files.map(judge);
        process.stdout.write(judged.map(({ text }) => `${text}\n`).join(''));
        if (judged.some(({ valid }) => !valid)) process.exitCode = 1;
      }),
  );

interface VerifyFlags {
  readonly federation?: string;
  readonly chain?: string;
  readonly stream?: string;
}

function judgeFor({ federation, chain, stream }: VerifyFlags): (file: string) => Judged {
  if ((federation === undefined) === (stream === undefined))
    throw new CommandError(
      'bad-input',
      'give either --federation or --stream: whose keys the proofs are judged by',
    );
  if (stream !== undefined) {
    const config = streamAt(stream);
    return (file) => judgeStreamFile(file, config);
  }
  const read = readFederation(federation ?? '');
  const history = chain === undefined ? [] : historyIn(chain, read);
  return (file) => judgeFile(file, read, history);
}

/** The stream of an invite, or of a file that has an invite or a stream's configuration. Throws `bad-input`. */
export function streamAt(text: string): StreamConfig {
  let said = text;
  if (!text.startsWith('concordat-stream:')) {
    try {
      said = readFileSync(text, 'utf8');
    } catch (error) {
      throw new CommandError(
        'bad-input',
        `--stream ${text}: neither an invite nor a file: ${messageOf(error)}`,
      );
    }
  }
  const config = streamOf(said);
  if (typeof config === 'string') throw new CommandError('bad-input', `--stream cannot be used: ${config}`);
  return config;
}

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

const invalidAt =
  (file: string) =>
  (reason: string): Judged => ({ valid: false, text: `INVALID ${file}: ${reason}` });

/** The bytes of a file, and one more than `max` if there are more; the reason if it cannot be read. */
function bytesOf(file: string, max: number): Uint8Array | string {
  try {
    return readFileSync(file).subarray(0, max + 1);
  } catch (error) {
    return messageOf(error);
  }
}

/** Judges one evidence file of a stream; one that cannot be read proves nothing either. */
export function judgeStreamFile(file: string, config: StreamConfig): Judged {
  const invalid = invalidAt(file);
  const bytes = bytesOf(file, MAX_EVIDENCE_FILE_BYTES);
  if (typeof bytes === 'string') return invalid(bytes);
  const judged = judgeEvidenceFile(bytes, config);
  if (!judged.valid) return invalid(judged.reason);
  const { accused, rule, explanation, evidence } = judged;
  const text = `VALID ${file}\n  accused: ${accused}\n  rule: ${rule}\n  evidence: ${evidence}\n  ${explanation}`;
  return { valid: true, text };
}

/** Judges one evidence file; one that cannot be read proves nothing either. */
export function judgeFile(
  file: string,
  federation: Federation,
  history: readonly Configuration[] = [],
): Judged {
  const invalid = invalidAt(file);
  const bytes = bytesOf(file, MAX_PROOF_BYTES);
  if (typeof bytes === 'string') return invalid(bytes);
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
