/**
 * What passes between replicas and clients that are no members. Requests and committed replies are everyone's; the rest are
 * the paths of Zyzzyva's clients (SOSP 2007, section 3.2), who find out by themselves that a request is complete, and reads
 * that need no order. Replies travel once in full, from the member that `isDesignated` names, and as digests otherwise.
 */

import type { Digest, NodeId } from '@concordat/kernel';
import type { Link } from '../governance/link.ts';
import type { Request } from '../request.ts';
import type { Acknowledgement } from './messages.ts';

/** A client's request: from its submitter to everyone, or shown to a replica that lacks it. */
export interface Submit {
  readonly type: 'request';
  readonly request: Request;
  /** Set by the port through which it came, never by who sent it: the connection is the submitter's. */
  readonly isVouched?: boolean;
}

/** A committed result; a client believes what a vouching quorum says. */
export interface Reply {
  readonly type: 'reply';
  readonly domain: number;
  readonly client: number;
  readonly seq: number;
  readonly slot: number;
  readonly reply: Uint8Array;
}

/** The primary's signed proposal without its batch: two that differ for one place convict it. */
export interface OrderStatement {
  readonly incarnation: number;
  readonly batch: Digest;
  readonly signature: Uint8Array;
}

/**
 * "I have durably accepted the log up to this slot in this view, and executing it this request has this result." The
 * signature is that of an ACKNOWLEDGE, so that a quorum of responses is a commit certificate.
 */
export interface SpecResponse {
  readonly type: 'spec-response';
  readonly domain: number;
  readonly client: number;
  readonly seq: number;
  readonly view: number;
  readonly slot: number;
  readonly history: Digest;
  /** Digest of the reply. */
  readonly result: Digest;
  /** Null from members that are not designated. */
  readonly reply: Uint8Array | null;
  readonly incarnation: number;
  readonly signature: Uint8Array;
  /** Null where a new view selected the slot. */
  readonly order: OrderStatement | null;
}

/** A commit certificate of a client, whose acknowledgements all name one slot. */
export interface ClientCertificate {
  readonly type: 'commit-certificate';
  readonly view: number;
  readonly slot: number;
  readonly history: Digest;
  /** By ascending sender. */
  readonly acknowledgements: readonly Omit<Acknowledgement, 'slot'>[];
}

/** "The log up to this slot is on my disk with its certificate, or committed here." */
export interface LocalCommit {
  readonly type: 'local-commit';
  readonly view: number;
  readonly slot: number;
  readonly history: Digest;
}

/** Proof of the primary's misbehaviour, as `@concordat/accountability` encodes it. */
export interface Accusation {
  readonly type: 'accusation';
  readonly proof: Uint8Array;
}

/** A query that need not be ordered, numbered by its client. */
export interface Read {
  readonly type: 'read';
  /** Of the configuration that the asker counts answers by; executors ask nothing of it. */
  readonly epoch: number;
  readonly id: number;
  /** Everyone answers in full. */
  readonly isWhole: boolean;
  readonly query: Uint8Array;
}

export interface Answer {
  readonly type: 'answer';
  readonly id: number;
  readonly result: Digest;
  /** Null from members that are not designated. */
  readonly answer: Uint8Array | null;
}

/** Asks for the configurations after an epoch; also members that lag, and newcomers, are answered. */
export interface FetchChain {
  readonly type: 'fetch-chain';
  readonly epoch: number;
}

/** Proves which configurations followed, the oldest first. */
export interface Chain {
  readonly type: 'chain';
  readonly links: readonly Link[];
}

export type ClientMessage =
  | Submit
  | Reply
  | SpecResponse
  | ClientCertificate
  | LocalCommit
  | Accusation
  | Read
  | Answer
  | FetchChain
  | Chain;

/** Replies that are no longer are sent in full by everyone: a digest would save nothing (Zyzzyva's implementation has 50). */
const SHORT_REPLY_BYTES = 64;

/** True if this member sends the whole reply to a client's `seq`-th request: they take turns. */
export const isDesignated = (
  member: NodeId,
  members: readonly NodeId[],
  seq: number,
  replyBytes: number,
): boolean => replyBytes <= SHORT_REPLY_BYTES || members[seq % members.length] === member;
