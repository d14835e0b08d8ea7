/** Checks on their way to a worker: one block of bytes, since posting objects one by one costs ten times as much. */

import { createReader, createWriter } from '@concordat/wire';

export interface Check {
  readonly publicKey: Uint8Array;
  readonly bytes: Uint8Array;
  readonly signature: Uint8Array;
}

const FIELD_MAX = 0xffff_ffff;

/** A block with a buffer of its own, ready to be transferred. */
export function encodeChecks(checks: readonly Check[]): Uint8Array<ArrayBuffer> {
  const writer = createWriter();
  writer.list(checks, ({ publicKey, bytes, signature }) => {
    writer.bytes(publicKey);
    writer.bytes(bytes);
    writer.bytes(signature);
  });
  return new Uint8Array(writer.finish());
}

export function decodeChecks(block: Uint8Array): readonly Check[] | null {
  const reader = createReader(block);
  const read = (): Uint8Array => reader.bytes(FIELD_MAX);
  const checks = reader.list(FIELD_MAX, 12, () => ({ publicKey: read(), bytes: read(), signature: read() }));
  return reader.finish(checks);
}
