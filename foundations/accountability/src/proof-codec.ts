/**
 * Proofs as canonical bytes, as kept in evidence files and passed on:
 *
 *   u8 version (1) | 32 bytes cluster | u53 accused | u32 length, rule | u32 length, kind |
 *   twice, by ascending body: u32 length, body | 64 bytes signature
 */

import { DIGEST_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { assert } from '@concordat/kernel';
import { compareBytes, createReader, createWriter } from '@concordat/wire';
import type { Proof } from './proof.ts';
import { isKind, MAX_KIND_BYTES, type SignedStatement } from './statement.ts';

const VERSION = 1;

/** Statements that can be evidence are short: long content is signed by its digest. */
export const MAX_BODY_BYTES = 16 * 1024;

export const MAX_PROOF_BYTES =
  1 + DIGEST_BYTES + 8 + 2 * (4 + MAX_KIND_BYTES) + 2 * (4 + MAX_BODY_BYTES + SIGNATURE_BYTES);

export function encodeProof(proof: Proof): Uint8Array {
  const [a, b] = proof.statements;
  assert(a.kind === b.kind, 'the statements of a proof are of one kind');
  const writer = createWriter(512);
  writer.u8(VERSION);
  writer.fixed(proof.cluster);
  writer.u53(proof.accused);
  writer.text(proof.rule);
  writer.text(a.kind);
  for (const { body, signature } of proof.statements) {
    assert(body.length <= MAX_BODY_BYTES, 'a statement that can be evidence is short');
    writer.bytes(body);
    writer.fixed(signature);
  }
  return writer.finish();
}

/** The proof in bytes from anyone; null unless canonical. Whether it holds is for `verifyProof`. */
export function decodeProof(bytes: Uint8Array): Proof | null {
  if (bytes.length > MAX_PROOF_BYTES) return null;
  const reader = createReader(bytes);
  if (reader.u8() !== VERSION) return null;
  const cluster = reader.fixed(DIGEST_BYTES);
  const accused = reader.u53();
  const rule = reader.text(MAX_KIND_BYTES);
  const kind = reader.text(MAX_KIND_BYTES);
  const statement = (): SignedStatement => ({
    kind,
    body: reader.bytes(MAX_BODY_BYTES),
    signature: reader.fixed(SIGNATURE_BYTES),
  });
  const statements: readonly [SignedStatement, SignedStatement] = [statement(), statement()];
  const isCanonical =
    isKind(rule) && isKind(kind) && compareBytes(statements[0].body, statements[1].body) < 0;
  return isCanonical ? reader.finish({ cluster, accused, rule, statements }) : null;
}
