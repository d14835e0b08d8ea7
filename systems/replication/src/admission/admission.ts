/**
 * What tells one way of admitting requests from another. Replicas propose and accept only requests of which they know
 * that a client made them, and that every other correct replica will come to know it: otherwise one client could make
 * them disagree for ever (the MAC attack; Aardvark, NSDI 2009 section 3, and UpRight, SOSP 2009).
 */

import type { Env, ExposedBatch, NodeId, SignatureCheck } from '@concordat/kernel';
import type { Batch } from '../batch.ts';
import type { Pooled } from '../pool.ts';
import type { Submit } from '../replica/client-messages.ts';
import type { BatchContent, Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import type { Bodiless, Request, RequestRef } from '../request.ts';
import type { AdmissionMessage } from './messages.ts';

export type AdmissionName = 'signature' | 'request-quorum';

export interface Admission {
  readonly name: AdmissionName;
  /** A request with its submitter's signature. */
  onRequest(s: ReplicaState, env: Env<Message>, from: NodeId, m: Submit): void;
  /** A message that only this way of admission knows. */
  receive(s: ReplicaState, env: Env<Message>, from: NodeId, m: AdmissionMessage): void;
  /** Submits under this member's own client; null when the window is full. */
  submit(s: ReplicaState, env: Env<Message>, body: Uint8Array): number | null;
  /** Sends own requests again, and asks again for what is missing. Called on every tick. */
  tick(s: ReplicaState, env: Env<Message>): void;
  /** True if the submitter's signature is what decides whether others will believe the request. */
  isSigned(request: Request | Bodiless): boolean;
  /**
   * The admitted request that `ref` names, or null: it may be accepted as part of a proposal. Without a body only where
   * replicas order references.
   */
  find(s: ReplicaState, ref: RequestRef): Request | Bodiless | null;
  /** What must still be found true of a fetched batch's requests before they are believed; null if that is hopeless. */
  doubts(s: ReplicaState, env: Env<Message>, m: BatchContent): readonly SignatureCheck[] | null;
  /** What travels before the proposal of a batch, so that whoever gets both can accept it. */
  proofs(s: ReplicaState, batch: Batch): readonly Message[];
  /** Shows others a request that has waited for long. */
  show(s: ReplicaState, env: Env<Message>, pooled: Pooled): void;
  /** A batch is executed for good. */
  onExposed(s: ReplicaState, env: Env<Message>, exposed: ExposedBatch): void;
}

/** What to call a message that does not fit: where the federation has changed it may be of another epoch, and nobody's fault. */
export const misfit = ({ config }: ReplicaState): 'strike' | 'drop' =>
  config.epoch === 0 ? 'strike' : 'drop';

/** A client's request by its number. */
export type RequestMark = Omit<RequestRef, 'digest'>;
