/**
 * What a node signs. A statement's bytes name the cluster and the kind of statement before its body, each with its
 * length, so that no signature over one kind, cluster or version can be presented as another.
 */

import type { Digest } from '@concordat/kernel';
import { createWriter } from '@concordat/wire';

const PREFIX = 'concordat statement v1';

/** The bytes to sign: `cluster` is the 32-byte id of the federation, `kind` a stable kebab-case name. */
export function statementBytes(cluster: Digest, kind: string, body: Uint8Array): Uint8Array {
  const writer = createWriter(128 + body.length);
  writer.text(PREFIX);
  writer.bytes(cluster);
  writer.text(kind);
  writer.bytes(body);
  return writer.finish();
}
