/**
 * Bytes of operations and replies, between a typed client and the replicas:
 *
 *   operation   u8 kind (0 operation, 1 query), text name (at most 64 bytes), the input's bytes
 *   reply       u8 0, the output's bytes - or u8 1, text code (64), text detail (256)
 *
 * Both are canonical and bounded. A failure carries a code and words that its author wrote: never a stack or a message
 * of the engine, which differ between machines (UpRight once leaked traces into replies).
 */

import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';

export type OperationKind = 'operation' | 'query';

export const MAX_NAME_BYTES = 64;
export const MAX_DETAIL_BYTES = 256;
/** Before the input: kind, and the name with its length. */
export const OPERATION_HEAD_BYTES = 1 + 4 + MAX_NAME_BYTES;

const KINDS: readonly OperationKind[] = ['operation', 'query'];
const [DONE, FAILED] = [0, 1];

/** Shared: nothing here is re-entered. */
const writer = createWriter(256);

export function encodeOperation(kind: OperationKind, name: string, write: (to: Writer) => void): Uint8Array {
  writer.u8(KINDS.indexOf(kind));
  writer.text(name);
  write(writer);
  return writer.finish();
}

/** The head of an operation; the input is what `reader` has left. Null for what is no operation. */
export function readOperationHead(reader: Reader): { kind: OperationKind; name: string } | null {
  const kind = KINDS[reader.u8()];
  const name = reader.text(MAX_NAME_BYTES);
  return reader.failed || kind === undefined ? null : { kind, name };
}

export function encodeDone(write: (to: Writer) => void): Uint8Array {
  writer.u8(DONE);
  write(writer);
  return writer.finish();
}

export function encodeFailure(code: string, detail: string): Uint8Array {
  writer.u8(FAILED);
  writer.text(code);
  writer.text(detail);
  return writer.finish();
}

export type Reply<T> =
  | { readonly status: 'ok'; readonly value: T }
  | { readonly status: 'failed'; readonly code: string; readonly detail: string };

/** Null for what is no reply. */
export function decodeReply<T>(bytes: Uint8Array, read: (from: Reader) => T): Reply<T> | null {
  const reader = createReader(bytes);
  const tag = reader.u8();
  if (tag === DONE) {
    const value = read(reader);
    return reader.finish<Reply<T>>({ status: 'ok', value });
  }
  if (tag !== FAILED) return null;
  const [code, detail] = [reader.text(MAX_NAME_BYTES), reader.text(MAX_DETAIL_BYTES)];
  return reader.finish<Reply<T>>({ status: 'failed', code, detail });
}
