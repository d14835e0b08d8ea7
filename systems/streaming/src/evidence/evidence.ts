/**
 * Proofs of misbehaviour in a stream: what one member signed convicts it before anyone who has the stream's config, its member list
 * and the broadcaster's key. Nothing that an obedient peer signs fits any of the rules (facts 2.7; DESIGN section 9):
 *
 *   two-statements     it said two things where there is one to say: two openings in a round, two claims to one partner
 *   broken-commitment  its REVEAL is not what its RESERVE committed to
 *   wrong-partner      it opened a trade with a peer that its draw does not permit
 *   bad-briefcase      an item of its briefcase is not the packet that its signed list names
 *
 * A key that does not fit proves nothing and need not: keys are not signed, a wrong one is worth as much as none, and who gives none is
 * asked again. Silence is no rule either.
 *
 *   u8 version (1) | u8 rule, then
 *   0, 1  u32 length, proof of accountability
 *   2     u32 accused | statement
 *   3     u32 accused | statement | u16 at | u16 index | 16 bytes key | header | u32 length, exhibit
 *   statement: u32 length, body | 64 bytes signature
 */

import {
  createProof,
  decodeProof,
  encodeProof,
  MAX_BODY_BYTES,
  MAX_PROOF_BYTES,
  type Proof,
} from '@concordat/accountability';
import { SIGNATURE_BYTES } from '@concordat/crypto';
import { type Digest, type NodeId, unreachable } from '@concordat/kernel';
import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import { type RoundHeader, readHeader, writeHeader } from '../content/header.ts';
import { KEY_BYTES } from '../messages/messages.ts';
import { statementName } from '../statement.ts';

export interface EvidencedStatement {
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

export type PairRule = 'two-statements' | 'broken-commitment';

export type Evidence =
  | { readonly rule: PairRule; readonly accused: NodeId; readonly proof: Proof }
  | { readonly rule: 'wrong-partner'; readonly accused: NodeId; readonly statement: EvidencedStatement }
  | {
      readonly rule: 'bad-briefcase';
      readonly accused: NodeId;
      readonly statement: EvidencedStatement;
      /** Place in the briefcase, and which packet of the header's round should be there. */
      readonly at: number;
      readonly index: number;
      readonly key: Uint8Array;
      readonly header: RoundHeader;
      readonly exhibit: Uint8Array;
    };

export const EVIDENCE_RULES = [
  'two-statements',
  'broken-commitment',
  'wrong-partner',
  'bad-briefcase',
] as const;

/** Larger than any packet and its path. */
const MAX_EXHIBIT_BYTES = 256 * 1024;
const VERSION = 1;

/** Evidence from two statements in any order; null if they are the same. */
export function pairEvidence(
  stream: Digest,
  rule: PairRule,
  accused: NodeId,
  first: EvidencedStatement,
  second: EvidencedStatement,
): Evidence | null {
  const kind = statementName('trade');
  const proof = createProof(stream, accused, rule, { kind, ...first }, { kind, ...second });
  return proof === null ? null : { rule, accused, proof };
}

function writeStatement(writer: Writer, { body, signature }: EvidencedStatement): void {
  writer.bytes(body);
  writer.fixed(signature);
}

const readStatement = (reader: Reader): EvidencedStatement => ({
  body: reader.bytes(MAX_BODY_BYTES),
  signature: reader.fixed(SIGNATURE_BYTES),
});

export function encodeEvidence(evidence: Evidence): Uint8Array {
  const writer = createWriter(1024);
  writer.u8(VERSION);
  writer.u8(EVIDENCE_RULES.indexOf(evidence.rule));
  switch (evidence.rule) {
    case 'two-statements':
    case 'broken-commitment':
      writer.bytes(encodeProof(evidence.proof));
      break;
    case 'wrong-partner':
      writer.u32(evidence.accused);
      writeStatement(writer, evidence.statement);
      break;
    case 'bad-briefcase':
      writer.u32(evidence.accused);
      writeStatement(writer, evidence.statement);
      writer.u16(evidence.at);
      writer.u16(evidence.index);
      writer.fixed(evidence.key);
      writeHeader(writer, evidence.header);
      writer.bytes(evidence.exhibit);
      break;
    default:
      unreachable(evidence);
  }
  return writer.finish();
}

function readPair(reader: Reader, rule: PairRule): Evidence | null {
  const proof = reader.finish(decodeProof(reader.bytes(MAX_PROOF_BYTES)));
  return proof === null || proof.rule !== rule ? null : { rule, accused: proof.accused, proof };
}

/** The evidence in bytes from anyone; null unless canonical. Whether it convicts is for `judgeEvidence`. */
export function decodeEvidence(bytes: Uint8Array): Evidence | null {
  const reader = createReader(bytes);
  if (reader.u8() !== VERSION) return null;
  const rule = EVIDENCE_RULES[reader.u8()];
  if (rule === undefined) return null;
  switch (rule) {
    case 'two-statements':
    case 'broken-commitment':
      return readPair(reader, rule);
    case 'wrong-partner':
      return reader.finish({ rule, accused: reader.u32(), statement: readStatement(reader) });
    case 'bad-briefcase': {
      const [accused, statement] = [reader.u32(), readStatement(reader)];
      const [at, index] = [reader.u16(), reader.u16()];
      const key = reader.fixed(KEY_BYTES);
      const header = readHeader(reader);
      const exhibit = reader.bytes(MAX_EXHIBIT_BYTES);
      return reader.finish({ rule, accused, statement, at, index, key, header, exhibit });
    }
    default:
      return unreachable(rule);
  }
}
