/**
 * Convictions of a stream as files, and their judge, who needs no network and nobody's help: an invite says what the stream is. A
 * broadcaster's files are about members; a viewer's, should there be any, about the tracker or the broadcaster.
 */

import {
  decodeProof,
  MAX_PROOF_BYTES,
  proofDigest,
  type Rule,
  TWO_EVICTION_LISTS,
  verifyProof,
} from '@concordat/accountability';
import type { Note } from '@concordat/kernel';
import { createSignatures, createVrf, type Logger, sha256, storeProof } from '@concordat/runtime';
import { fromHex, toHex } from '@concordat/wire';
import type { StreamConfig } from '../config.ts';
import {
  beginsConviction,
  type Conviction,
  type Court,
  decodeConviction,
  encodeConviction,
  judgeConviction,
  MAX_CONVICTION_BYTES,
  signConviction,
} from '../evidence/conviction.ts';
import { decodeEvidence, EVIDENCE_RULES } from '../evidence/evidence.ts';
import type { StreamKeys } from '../keys.ts';
import { MEMBERSHIP_RULES } from '../membership/contradictions.ts';
import { streamId } from '../statement.ts';
import { digestPrefix } from './expulsions.ts';
import { BROADCASTER_ID, TRACKER_ID } from './swarm/ids.ts';
import { sealingOf } from './swarm/shared.ts';

/** A stream may have as many evil viewers; what they cost the disk is bounded. */
const MAX_FILES = 1024;
export const MAX_EVIDENCE_FILE_BYTES = Math.max(MAX_CONVICTION_BYTES, MAX_PROOF_BYTES);

/** What an `evicted` note of the tracker or the broadcaster carries; null for any other note. */
export function convictionIn(note: Note): Conviction | null {
  const { kind, member, rule, key, evidence } = note;
  if (kind !== 'evicted' || typeof member !== 'number' || typeof rule !== 'string') return null;
  const publicKey = fromHex(String(key));
  const bytes = fromHex(String(evidence));
  return publicKey === null || bytes === null ? null : { member, rule, publicKey, evidence: bytes };
}

/** A full disk is told, and stops no stream. */
function store(directory: string, name: string, bytes: Uint8Array, logger: Logger): string | null {
  try {
    const { file, outcome } = storeProof(directory, name, bytes, MAX_FILES);
    if (outcome === 'full')
      logger.error('evidence-not-kept', { directory, why: `there are ${MAX_FILES} files` });
    return outcome === 'full' ? null : file;
  } catch (error) {
    logger.error('evidence-not-kept', { directory, why: error instanceof Error ? error.message : 'unknown' });
    return null;
  }
}

/** Keeps a conviction in `directory`; the file, or null if it could not be kept. @param tracker the tracker's keys */
export function keepConviction(
  directory: string,
  tracker: StreamKeys,
  config: StreamConfig,
  conviction: Conviction,
  logger: Logger,
): string | null {
  const { member, rule, evidence } = conviction;
  if (evidence.length === 0) return null;
  const signed = signConviction(tracker, streamId(sha256, config), conviction);
  const file = store(directory, `${rule}-${member}`, encodeConviction(signed), logger);
  if (file !== null) logger.warn('evicted', { member, rule, file });
  return file;
}

/** Keeps what a peer's `evidence` note proves against the tracker or the broadcaster; what it has of members goes to them. */
export function keepContradiction(directory: string, note: Note, logger: Logger): void {
  const { kind, rule, accused, about, proof } = note;
  if (kind !== 'evidence' || typeof proof !== 'string' || typeof rule !== 'string') return;
  const bytes = fromHex(proof);
  if (bytes === null) return;
  const who = accused === TRACKER_ID ? 'tracker' : 'broadcaster';
  const file = store(directory, `${rule}-${who}-${about}`, bytes, logger);
  if (file !== null) logger.warn('evidence', { accused: who, rule, file });
}

export type EvidenceJudgement =
  | {
      readonly valid: true;
      readonly accused: string;
      readonly rule: string;
      readonly explanation: string;
      /** The beginning of the digest by which lists of evictions name the evidence. */
      readonly evidence: string;
    }
  | { readonly valid: false; readonly reason: string };

const invalid = (reason: string): EvidenceJudgement => ({ valid: false, reason });

/** Judges the bytes of a file from anyone, for the stream that `config` describes. */
export function judgeEvidenceFile(bytes: Uint8Array, config: StreamConfig): EvidenceJudgement {
  const signatures = createSignatures();
  const court: Court = {
    config,
    broadcaster: { id: BROADCASTER_ID, publicKey: config.broadcasterKey },
    tracker: { id: TRACKER_ID, publicKey: config.trackerKey },
    keys: {
      hash: sha256,
      verify: (signer, body, signature) => signatures.verifyWith(signer.publicKey, body, signature),
      vrf: createVrf(),
    },
    sealing: sealingOf(config),
  };
  if (!beginsConviction(bytes)) return judgeContradiction(bytes, court);
  const conviction = decodeConviction(bytes);
  if (conviction === null) return invalid('it is damaged, or of another version');
  const verdict = judgeConviction(conviction, court);
  if (!verdict.valid) return invalid(verdict.reason);
  const { member, publicKey, evidence } = conviction;
  return {
    valid: true,
    accused: `member ${member} (key ${toHex(publicKey)})`,
    rule: decodeEvidence(evidence)?.rule ?? EVIDENCE_RULES[0],
    explanation: verdict.explanation,
    evidence: digestPrefix(proofDigest(sha256, evidence)),
  };
}

const AUTHORITIES: readonly (readonly [
  number,
  keyof Court & ('tracker' | 'broadcaster'),
  readonly Rule[],
])[] = [
  [TRACKER_ID, 'tracker', MEMBERSHIP_RULES],
  [BROADCASTER_ID, 'broadcaster', [TWO_EVICTION_LISTS]],
];

function judgeContradiction(bytes: Uint8Array, court: Court): EvidenceJudgement {
  const proof = decodeProof(bytes);
  if (proof === null) return invalid('it is not a proof of misbehaviour');
  const authority = AUTHORITIES.find(([id]) => id === proof.accused);
  if (authority === undefined)
    return invalid('it accuses neither a member nor the tracker or the broadcaster');
  const [, name, rules] = authority;
  const verdict = verifyProof(proof, {
    cluster: streamId(sha256, court.config),
    rules,
    verify: (_id, body, signature) => court.keys.verify(court[name], body, signature),
  });
  if (!verdict.valid) return invalid(verdict.reason);
  const { rule } = proof;
  const evidence = digestPrefix(proofDigest(sha256, bytes));
  return { valid: true, accused: `the ${name}`, rule, explanation: verdict.explanation, evidence };
}
