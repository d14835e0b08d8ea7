/**
 * The service's `query`: a read on behalf of somebody, for learners that hold no state of their own. Watches are the
 * gateways' business; a query that asks for one is answered without it.
 *
 *   query   text domain | list of (text scheme | text id) | u53 session | i32 op | bytes payload
 *   answer  i32 err | u53 zxid | bytes payload
 */

import { MAX_OPERATION_BYTES, MAX_REQUEST_BYTES } from '@concordat/kernel';
import { createReader, createWriter } from '@concordat/wire';
import { ErrorCode } from './jute/protocol.ts';
import { type ReadRequest, readReadRequest } from './jute/read-requests.ts';
import { createJuteReader } from './jute/reader.ts';
import type { Keeper } from './keeper.ts';
import { type Identity, MAX_IDENTITIES, MAX_IDENTITY_BYTES } from './tree/acl.ts';
import { type Asker, answerMultiRead, answerPath, answerWhoAmI } from './tree/reads.ts';

export interface Query extends Asker {
  readonly op: number;
  readonly payload: Uint8Array;
}

const NOTHING = new Uint8Array(0);
const writer = createWriter(4096);
const jute = createJuteReader();

export function encodeQuery(query: Query): Uint8Array {
  writer.text(query.principal.domain);
  writer.list(query.principal.identities, (identity) => {
    writer.text(identity.scheme);
    writer.text(identity.id);
  });
  writer.u53(query.session);
  writer.i32(query.op);
  writer.bytes(query.payload);
  return writer.finish();
}

export function decodeQuery(bytes: Uint8Array): Query | null {
  const reader = createReader(bytes);
  const domain = reader.text(MAX_IDENTITY_BYTES);
  const identities = reader.list(MAX_IDENTITIES, 8, (): Identity => {
    return { scheme: reader.text(MAX_IDENTITY_BYTES), id: reader.text(MAX_IDENTITY_BYTES) };
  });
  const session = reader.u53();
  const op = reader.i32();
  const payload = reader.bytes(MAX_OPERATION_BYTES);
  return reader.finish({ principal: { domain, identities }, session, op, payload });
}

export function answerQuery(keeper: Keeper, bytes: Uint8Array): Uint8Array {
  const query = decodeQuery(bytes);
  const err = query === null ? ErrorCode.marshallingError : answer(keeper, query);
  const payload = writer.finish();
  writer.i32(err);
  writer.u53(keeper.meta.get().zxid);
  // Of an answer that became too large a part has been written.
  writer.bytes(err === ErrorCode.ok ? payload : NOTHING);
  return writer.finish();
}

function answer(keeper: Keeper, query: Query): number {
  jute.reset(query.payload);
  const request = readReadRequest(jute, query.op);
  return request === null ? ErrorCode.marshallingError : answerRead(keeper, query, request);
}

function answerRead(keeper: Keeper, query: Query, request: ReadRequest): number {
  switch (request.kind) {
    case 'path':
      return answerPath(keeper.tree, query, request, writer);
    case 'multi-read':
      return answerMultiRead(keeper.tree, query, request, writer, MAX_REQUEST_BYTES);
    case 'who-am-i':
      answerWhoAmI(query, writer);
      return ErrorCode.ok;
    default:
      return ErrorCode.unimplemented;
  }
}
