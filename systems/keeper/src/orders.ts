/**
 * What gateways have ordered: one body per turn with the operations of many sessions, and the results in the same
 * order. Requests of clients travel as the client wrote them; whether they make sense is judged when they execute.
 *
 *   body     u8 1 | u16 gateway | u53 epoch | identity lists | orders
 *   results  u16 gateway | u53 epoch | list of (i32 err | u53 zxid | bytes payload); nothing at all for a bad body
 *
 * The gateway and epoch in the results let a gateway tell its own from those of an earlier life.
 */

import { PUBLIC_KEY_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import { assert, MAX_REQUEST_BYTES, unreachable } from '@concordat/kernel';
import { createReader, createWriter, type Reader, type Writer } from '@concordat/wire';
import type { SessionId } from './sessions/session-id.ts';
import { type Identity, MAX_IDENTITIES, MAX_IDENTITY_BYTES } from './tree/acl.ts';

const FORMAT = 1;
const Kind = { claim: 0, open: 1, move: 2, touch: 3, request: 4 } as const;

/** More than any turn brings; each order costs a result. */
export const MAX_ORDERS = 16_384;
export const MAX_TOUCHES = 16_384;
/** Each may cost every replica two signature checks, some 0.2 ms: a body must not stop the others for long. */
export const MAX_MOVES = 128;
const MAX_SCHEME_BYTES = 64;

/** Makes the body's epoch the gateway's current one; must be the first order of the first body of an epoch. */
export interface ClaimOrder {
  readonly kind: 'claim';
}

export interface OpenOrder {
  readonly kind: 'open';
  readonly key: Uint8Array;
  readonly timeoutMs: number;
}

/** Gives a session to the submitting gateway; signed with the session's key, see `moveStatement`. */
export interface MoveOrder {
  readonly kind: 'move';
  readonly session: SessionId;
  readonly nextKey: Uint8Array;
  readonly timeoutMs: number;
  readonly signature: Uint8Array;
}

/** Keeps sessions alive whose clients were heard. */
export interface TouchOrder {
  readonly kind: 'touch';
  readonly sessions: readonly SessionId[];
}

export interface RequestOrder {
  readonly kind: 'request';
  readonly session: SessionId;
  /** Index into the body's identity lists. */
  readonly identities: number;
  /** An OpCode, whatever the client sent. */
  readonly op: number;
  /** The request's jute bytes after the header. */
  readonly payload: Uint8Array;
}

export type Order = ClaimOrder | OpenOrder | MoveOrder | TouchOrder | RequestOrder;

export interface Body {
  readonly gateway: number;
  readonly epoch: number;
  readonly identities: readonly (readonly Identity[])[];
  readonly orders: readonly Order[];
}

export interface Result {
  /** An ErrorCode. */
  readonly err: number;
  /** Transactions counted when the order had been executed. */
  readonly zxid: number;
  /** The response's jute bytes after the header; our own for claim, open and move. */
  readonly payload: Uint8Array;
}

export interface Results {
  readonly gateway: number;
  readonly epoch: number;
  readonly results: readonly Result[];
}

const writer = createWriter(64 * 1024);

export function encodeBody(body: Body): Uint8Array {
  writer.u8(FORMAT);
  writer.u16(body.gateway);
  writer.u53(body.epoch);
  writer.list(body.identities, (list) => {
    writer.list(list, (identity) => {
      writer.text(identity.scheme);
      writer.text(identity.id);
    });
  });
  writer.u32(body.orders.length);
  for (const order of body.orders) writeOrder(writer, order);
  const bytes = writer.finish();
  assert(bytes.length <= MAX_REQUEST_BYTES, 'a body fits one request');
  return bytes;
}

function writeOrder(to: Writer, order: Order): void {
  to.u8(Kind[order.kind]);
  switch (order.kind) {
    case 'claim':
      return;
    case 'open':
      to.fixed(order.key);
      return to.u32(order.timeoutMs);
    case 'move':
      to.u53(order.session);
      to.fixed(order.nextKey);
      to.u32(order.timeoutMs);
      return to.fixed(order.signature);
    case 'touch':
      to.u32(order.sessions.length);
      for (const session of order.sessions) to.u53(session);
      return;
    case 'request':
      to.u53(order.session);
      to.u16(order.identities);
      to.i32(order.op);
      return to.bytes(order.payload);
    default:
      unreachable(order);
  }
}

/** An upper bound of what an order adds to a body. */
export function orderBytes(order: Order): number {
  switch (order.kind) {
    case 'claim':
    case 'open':
      return 1 + PUBLIC_KEY_BYTES + 4;
    case 'move':
      return 1 + 8 + PUBLIC_KEY_BYTES + 4 + SIGNATURE_BYTES;
    case 'touch':
      return 5 + 8 * order.sessions.length;
    case 'request':
      return 19 + order.payload.length;
    default:
      return unreachable(order);
  }
}

/** Null for anything that `encodeBody` does not produce. */
export function decodeBody(bytes: Uint8Array): Body | null {
  const reader = createReader(bytes);
  if (reader.u8() !== FORMAT) reader.fail();
  const gateway = reader.u16();
  const epoch = reader.u53();
  const identities = reader.list(MAX_ORDERS, 4, () => readIdentities(reader));
  const orders = reader.list(MAX_ORDERS, 1, () => readOrder(reader));
  if (orders.filter(({ kind }) => kind === 'move').length > MAX_MOVES) reader.fail();
  return reader.finish({ gateway, epoch, identities, orders });
}

function readIdentities(reader: Reader): Identity[] {
  return reader.list(MAX_IDENTITIES, 8, () => ({
    scheme: reader.text(MAX_SCHEME_BYTES),
    id: reader.text(MAX_IDENTITY_BYTES),
  }));
}

function readOrder(reader: Reader): Order {
  switch (reader.u8()) {
    case Kind.open:
      return { kind: 'open', key: reader.fixed(PUBLIC_KEY_BYTES), timeoutMs: reader.u32() };
    case Kind.move:
      return {
        kind: 'move',
        session: reader.u53(),
        nextKey: reader.fixed(PUBLIC_KEY_BYTES),
        timeoutMs: reader.u32(),
        signature: reader.fixed(SIGNATURE_BYTES),
      };
    case Kind.touch:
      return { kind: 'touch', sessions: reader.list(MAX_TOUCHES, 8, () => reader.u53()) };
    case Kind.request:
      return {
        kind: 'request',
        session: reader.u53(),
        identities: reader.u16(),
        op: reader.i32(),
        payload: reader.view(MAX_REQUEST_BYTES),
      };
    case Kind.claim:
      return { kind: 'claim' };
    default:
      reader.fail();
      return { kind: 'claim' };
  }
}

export function encodeResults(results: Results): Uint8Array {
  writer.u16(results.gateway);
  writer.u53(results.epoch);
  writer.u32(results.results.length);
  for (const result of results.results) {
    writer.i32(result.err);
    writer.u53(result.zxid);
    writer.bytes(result.payload);
  }
  return writer.finish();
}

/** Null also for the empty reply to a bad body. */
export function decodeResults(bytes: Uint8Array): Results | null {
  const reader = createReader(bytes);
  const gateway = reader.u16();
  const epoch = reader.u53();
  const results = reader.list(MAX_ORDERS, 16, () => ({
    err: reader.i32(),
    zxid: reader.u53(),
    payload: reader.bytes(bytes.length),
  }));
  return reader.finish({ gateway, epoch, results });
}
