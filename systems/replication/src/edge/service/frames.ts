/**
 * Bytes of operations and replies, between a typed client and the replicas:
 *
 *   operation   u8 kind (0 operation, 1 query), u32 form, text name (at most 64 bytes), the input's bytes
 *   reply       u8 0, the output's bytes - or u8 1, text code (64), text detail (256)
 *
 * The form is a sum over the formats of input and output. So a client and replicas of different versions understand one
 * another in all that the versions have in common, and notice where they do not. Both are canonical and bounded. A failure
 * carries a code and words that its author wrote: never a stack or a message of the engine, which differ between machines
 * (UpRight once leaked traces into replies).
 */

import { createReader, createWriter, type Reader, utf8, type Writer } from '@concordat/wire';
import type { Codec } from './codecs.ts';

export type OperationKind = 'operation' | 'query';

export const MAX_NAME_BYTES = 64;
export const MAX_DETAIL_BYTES = 256;
/** Before the input: kind, form, and the name with its length. */
export const OPERATION_HEAD_BYTES = 1 + 4 + 4 + MAX_NAME_BYTES;

const KINDS: readonly OperationKind[] = ['operation', 'query'];
const [DONE, FAILED] = [0, 1];

/** Shared: nothing here is re-entered. */
const writer = createWriter(256);

const forms = new WeakMap<object, number>();

/** The form of an operation: FNV-1a, which need not withstand anybody, for a client that lies may send what it likes. */
export function formOf(codecs: { readonly input: WithFormat; readonly output: WithFormat }): number {
  let form = forms.get(codecs);
  if (form !== undefined) return form;
  form = 0x811c9dc5;
  for (const byte of utf8(`${codecs.input.format} ${codecs.output.format}`))
    form = Math.imul(form ^ byte, 0x01000193) >>> 0;
  forms.set(codecs, form);
  return form;
}

type WithFormat = Pick<Codec<unknown>, 'format'>;

/** An operation as a client sends it, which has checked that the codec accepts the input. */
export const encodeCall = <A>(
  kind: OperationKind,
  name: string,
  codecs: { readonly input: Codec<A>; readonly output: WithFormat },
  args: A,
): Uint8Array => encodeOperation(kind, formOf(codecs), name, (to) => codecs.input.write(to, args));

export function encodeOperation(
  kind: OperationKind,
  form: number,
  name: string,
  write: (to: Writer) => void,
): Uint8Array {
  writer.u8(KINDS.indexOf(kind));
  writer.u32(form);
  writer.text(name);
  write(writer);
  return writer.finish();
}

export interface OperationHead {
  readonly kind: OperationKind;
  readonly form: number;
  readonly name: string;
}

/** The head of an operation; the input is what `reader` has left. Null for what is no operation. */
export function readOperationHead(reader: Reader): OperationHead | null {
  const kind = KINDS[reader.u8()];
  const form = reader.u32();
  const name = reader.text(MAX_NAME_BYTES);
  return reader.failed || kind === undefined ? null : { kind, form, name };
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
