/**
 * Many operations in one request, and their results in one reply: whoever speaks for many callers (a gateway, a busy
 * program) has what they ask in one moment signed, ordered and answered once. The operations are executed in order,
 * each as if it had come alone; at most once is the request's business. One operation travels without this frame:
 *
 *   bundle    u8 2, u32 count (2 to 1024), each: u32 length, an operation as in frames.ts
 *   results   u8 2, u32 count (1 to the bundle's), each: u32 length, a reply as in frames.ts
 *
 * Results are bounded together, as a reply is kept in the ordered state. An operation whose result finds no room is
 * taken back, and neither it nor those behind it are executed: fewer results than operations say so.
 */

import { MAX_OPERATION_BYTES, MAX_REQUEST_BYTES } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';

const BUNDLE = 2;
/** Tag and count. */
const HEAD_BYTES = 1 + 4;
const LENGTH_BYTES = 4;

/** Operations of one bundle: enough that signature and agreement weigh nothing, few enough for one turn. */
export const MAX_BUNDLE_OPERATIONS = 1024;

/** Operations of one bundle together, with their lengths. */
export const MAX_BUNDLE_BYTES = MAX_REQUEST_BYTES - HEAD_BYTES;

/** Results of one bundle together, so that at least one of the largest fits. */
const MAX_RESULTS_BYTES = MAX_OPERATION_BYTES;

/** Shared: nothing here is re-entered. */
const writer = createWriter(64 * 1024);

function encodeList(items: readonly Uint8Array[]): Uint8Array {
  writer.u8(BUNDLE);
  writer.list(items, (item) => writer.bytes(item));
  return writer.finish();
}

/** The body of a request that carries these operations, of which there is at least one. */
export const encodeBundle = (operations: readonly Uint8Array[]): Uint8Array =>
  operations.length === 1 ? (operations[0] as Uint8Array) : encodeList(operations);

/** What an operation takes of `MAX_BUNDLE_BYTES`. */
export const bundledBytes = (operation: Uint8Array): number => LENGTH_BYTES + operation.length;

export const isBundle = (body: Uint8Array): boolean => body[0] === BUNDLE;

/** The operations of a bundle, as views; null for what is no bundle. */
function decodeBundle(body: Uint8Array): readonly Uint8Array[] | null {
  const reader = createReader(body);
  const tag = reader.u8();
  const operations = reader.list(MAX_BUNDLE_OPERATIONS, LENGTH_BYTES + 1, () =>
    reader.view(MAX_OPERATION_BYTES),
  );
  return tag === BUNDLE && operations.length >= 2 ? reader.finish(operations) : null;
}

/**
 * Executes the operations of a bundle and returns its results; null for what is no bundle, of which nothing is executed.
 * `execute` returns null, and leaves nothing behind, when its result would take more than `room` bytes.
 */
export function executeBundle(
  body: Uint8Array,
  execute: (operation: Uint8Array, room: number) => Uint8Array | null,
): Uint8Array | null {
  const operations = decodeBundle(body);
  if (operations === null) return null;
  const results: Uint8Array[] = [];
  let room = MAX_RESULTS_BYTES;
  for (const operation of operations) {
    const result = execute(operation, room);
    if (result === null) break;
    room -= result.length;
    results.push(result);
  }
  return encodeList(results);
}

/** The results of the first operations of a bundle of `count`, as views; null for what no replica answers to one. */
export function decodeResults(reply: Uint8Array, count: number): readonly Uint8Array[] | null {
  const reader = createReader(reply);
  const tag = reader.u8();
  const results = reader.list(count, LENGTH_BYTES + 1, () => reader.view(MAX_RESULTS_BYTES));
  return tag === BUNDLE && results.length >= 1 ? reader.finish(results) : null;
}
