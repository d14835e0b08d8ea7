/**
 * Requests: what clients want ordered. The submitting domain signs each, so that any replica can prove to any other
 * that the domain asked (Aardvark, NSDI'09 section 4.1: without it a client can make correct replicas disagree
 * about whether it asked). A batch carries references only; bodies travel once, from the submitter to everyone.
 */

import { statementBytes } from '@concordat/accountability';
import type { Hash, Keys } from '@concordat/crypto';
import { DIGEST_BYTES, SIGNATURE_BYTES } from '@concordat/crypto';
import {
  type Digest,
  MAX_OPERATION_BYTES,
  MAX_REQUEST_BYTES,
  type SignatureCheck,
  type Submitter,
} from '@concordat/kernel';
import { compact, createWriter, type Reader, type Writer } from '@concordat/wire';

/**
 * Replies kept for one client, acknowledged or not: as many as it may have requests under way, so that whoever waits for
 * one finds it. A client that never acknowledges loses its oldest instead of filling the state.
 */
export const MAX_REPLIES_PER_CLIENT = 128;

/**
 * Bytes of replies kept for one client, beyond which its oldest go as well; its latest reply is always kept. Whoever waits finds
 * its reply as long as those that it has not acknowledged fit: 4 requests under way, as every client of this library has them
 * unless told otherwise, with the largest replies (1 MiB) take a quarter, and 64 of a quarter of a MiB each just fit.
 */
export const MAX_REPLY_BYTES_PER_CLIENT = 16 * MAX_OPERATION_BYTES;

/** Client 0 of a domain is its replica itself: its requests are commands to replication, not to the service. */
export const COMMAND_CLIENT = 0;

/** Requests of clients from here on change the federation: commands to governance, not to the service. */
export const GOVERNANCE_CLIENTS = 2 ** 52;

/** True if a request is for replication itself: whose votes count, and by what rules. */
export const isCommand = (client: number): boolean =>
  client === COMMAND_CLIENT || client >= GOVERNANCE_CLIENTS;

export interface Request extends Submitter {
  /** From 1 without gaps for each client; the incarnation asked for, when `client` is `COMMAND_CLIENT`. */
  readonly seq: number;
  /** The client has the replies up to here: nobody needs to keep them. */
  readonly acked: number;
  readonly body: Uint8Array;
  readonly signature: Uint8Array;
}

/** Names one request and its content; what a batch holds. */
export interface RequestRef extends Submitter {
  readonly seq: number;
  readonly digest: Digest;
}

/** A request of which it is known here that it was made; others hold its body. */
export interface Bodiless extends Submitter {
  readonly seq: number;
  readonly body: null;
  /** What its body is believed to occupy. */
  sizeBytes: number;
}

/** domain u16, client u53, seq u53, digest. */
export const REQUEST_REF_BYTES = 2 + 8 + 8 + DIGEST_BYTES;

/** domain u16, client u53, seq u53, acked u53, an empty body, signature. */
export const MIN_REQUEST_BYTES = 2 + 8 + 8 + 8 + 4 + SIGNATURE_BYTES;

/** Shared: nothing here is re-entered, and a fresh slab for every statement was a tenth of the garbage. */
const writer = createWriter(128);

function requestStatement(hash: Hash, request: Omit<Request, 'signature'>): Uint8Array {
  writer.u16(request.domain);
  writer.u53(request.client);
  writer.u53(request.seq);
  writer.u53(request.acked);
  writer.fixed(hash(request.body));
  return writer.finish();
}

/** Commits to everything the submitter signed. */
export function requestDigest(
  keys: Pick<Keys, 'hash'>,
  cluster: Digest,
  request: Omit<Request, 'signature'>,
): Digest {
  return keys.hash(statementBytes(cluster, 'request', requestStatement(keys.hash, request)));
}

export function signRequest(
  keys: Keys,
  cluster: Digest,
  content: Omit<Request, 'signature'>,
): { readonly request: Request; readonly digest: Digest } {
  const { domain, client, seq, acked, body } = content;
  const digest = requestDigest(keys, cluster, content);
  return { request: { domain, client, seq, acked, body, signature: keys.sign(digest) }, digest };
}

export function requestCheck(request: Request, digest: Digest): SignatureCheck {
  return { signer: request.domain, bytes: digest, signature: request.signature };
}

export function refOf({ domain, client, seq }: Request | Bodiless, digest: Digest): RequestRef {
  return { domain, client, seq, digest };
}

/** Key of one client in maps. */
export const clientKey = (id: Submitter): string => `${id.domain}/${id.client}`;

export function writeRequest(writer: Writer, request: Request): void {
  writer.u16(request.domain);
  writer.u53(request.client);
  writer.u53(request.seq);
  writer.u53(request.acked);
  writer.bytes(request.body);
  writer.fixed(request.signature);
}

export function readRequest(reader: Reader): Request {
  return {
    domain: reader.u16(),
    client: reader.u53(),
    seq: reader.u53(),
    acked: reader.u53(),
    body: compact(reader.view(MAX_REQUEST_BYTES)),
    signature: reader.fixed(SIGNATURE_BYTES),
  };
}

export function writeRef(writer: Writer, ref: RequestRef): void {
  writer.u16(ref.domain);
  writer.u53(ref.client);
  writer.u53(ref.seq);
  writer.fixed(ref.digest);
}

export function readRef(reader: Reader): RequestRef {
  return {
    domain: reader.u16(),
    client: reader.u53(),
    seq: reader.u53(),
    digest: reader.fixed(DIGEST_BYTES),
  };
}
