/**
 * What a participant signs. Every statement names its cluster and its kind, so that a signature given for one purpose,
 * or to one cluster, is worth nothing for another; the layout lets no two statements share their bytes.
 *
 *   "concordat statement" | u8 version (1) | 32 bytes cluster | u8 length, kind (ASCII) | body
 */

import { DIGEST_BYTES, type Keys } from '@concordat/crypto';
import { assert, type Digest, type NodeId } from '@concordat/kernel';

const MAGIC = 'concordat statement';
const VERSION = 1;
export const MAX_KIND_BYTES = 64;

/** One to 64 characters of printable ASCII without spaces. */
export const isKind = (text: string): boolean => text.length <= MAX_KIND_BYTES && /^[!-~]+$/.test(text);

function putAscii(into: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) into[at + i] = text.charCodeAt(i);
  return at + text.length;
}

/** The bytes to sign for a statement of `kind` with `body`, made in `cluster` (its 32-byte id). */
export function statementBytes(cluster: Digest, kind: string, body: Uint8Array): Uint8Array {
  assert(cluster.length === DIGEST_BYTES, 'the id of a cluster has 32 bytes');
  assert(isKind(kind), 'the kind of a statement is a short ASCII word');
  const bytes = new Uint8Array(MAGIC.length + 1 + DIGEST_BYTES + 1 + kind.length + body.length);
  let at = putAscii(bytes, 0, MAGIC);
  bytes[at++] = VERSION;
  bytes.set(cluster, at);
  at += DIGEST_BYTES;
  bytes[at++] = kind.length;
  at = putAscii(bytes, at, kind);
  bytes.set(body, at);
  return bytes;
}

export interface SignedStatement {
  readonly kind: string;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** Signs a statement with this participant's own key. */
export const signStatement = (
  keys: Pick<Keys, 'sign'>,
  cluster: Digest,
  kind: string,
  body: Uint8Array,
): SignedStatement => ({
  kind,
  body,
  signature: keys.sign(statementBytes(cluster, kind, body)),
});

/** True if `signer` made the statement in `cluster`. */
export const isSignedBy = (
  verify: Keys['verify'],
  cluster: Digest,
  signer: NodeId,
  { kind, body, signature }: SignedStatement,
): boolean => isKind(kind) && verify(signer, statementBytes(cluster, kind, body), signature);
