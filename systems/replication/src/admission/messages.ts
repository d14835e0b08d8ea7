/**
 * Messages of the request quorum (UpRight, SOSP 2009: filter nodes between clients and order). None is signed: what
 * others must be convinced by carries MACs, all else rests on the link that it came by.
 */

import type { Submitter } from '@concordat/kernel';
import type { Request, RequestRef } from '../request.ts';
import type { RequestMark } from './admission.ts';

/** A client's request to one filter node, which shares a key with the client's domain. */
export interface FilterRequest {
  readonly type: 'filter-request';
  readonly request: Request;
  readonly mac: Uint8Array;
}

/** What of a request its reference does not tell. */
export interface Inline {
  readonly acked: number;
  readonly body: Uint8Array;
}

/** "I hold this request on disk, and its client made it": a filter node's row of the matrix, a tag for each replica. */
export interface Entry {
  readonly type: 'entry';
  readonly ref: RequestRef;
  readonly inline: Inline | null;
  /** What its body occupies, also where it does not travel along. */
  readonly bodyBytes: number;
  readonly row: Uint8Array;
}

export interface Row {
  readonly filter: number;
  readonly tags: Uint8Array;
}

/** The matrix of one request, as far as the sender has it; rows by ascending filter. */
export interface Voucher {
  readonly ref: RequestRef;
  readonly inline: Inline | null;
  readonly rows: readonly Row[];
}

/** Matrices passed on from replica to replica: with a proposal, or because the sender has waited for long. */
export interface Vouchers {
  readonly type: 'vouchers';
  /** The sender will suspect the primary for it: whoever is convinced tells the filter nodes, too. */
  readonly isUrgent: boolean;
  readonly vouchers: readonly Voucher[];
}

/** "Enough filter nodes vouch for this request; vouch for it as well." From a replica, with the request if it has that. */
export interface Adopt {
  readonly type: 'adopt';
  readonly ref: RequestRef;
  readonly content: Inline | null;
}

export interface FetchBody {
  readonly type: 'fetch-body';
  readonly ref: RequestRef;
}

export interface Body {
  readonly type: 'body';
  readonly request: Request;
}

export interface BodyDenied {
  readonly type: 'body-denied';
  readonly ref: RequestRef;
}

/**
 * Up to these requests of their clients filter nodes need keep nothing, as far as the sender is concerned: it has executed them
 * for good. From order replicas that execute references it means that they are in the log; from executors, that a state
 * which has them can be had for ever.
 */
export interface Completed {
  readonly type: 'completed';
  /** The view that the sender is in; 0 from executors, who are in none. */
  readonly view: number;
  readonly done: readonly RequestMark[];
}

/** A filter node still holds these, and has not heard that they may be forgotten. */
export interface AwaitCompleted {
  readonly type: 'await-completed';
  readonly marks: readonly RequestMark[];
}

/** A client that is no member asks a replica for its replies from `seq` on. */
export interface AwaitReplies extends Submitter {
  readonly type: 'await-replies';
  readonly seq: number;
  readonly mac: Uint8Array;
}

export type AdmissionMessage =
  | FilterRequest
  | Entry
  | Vouchers
  | Adopt
  | FetchBody
  | Body
  | BodyDenied
  | Completed
  | AwaitCompleted
  | AwaitReplies;
