/**
 * What tells one order protocol from another. All accept a log in slot order, vote for histories and commit what enough
 * have vouched for (`../replica/`). They differ in the evidence with which a value survives a change of views: what a vote
 * is, what a member makes durable before others rely on it, and what a new view concludes from what is shown to it.
 */

import type { Env } from '@concordat/kernel';
import type { Quorums } from '../fault-model.ts';
import type { Acknowledge, Message, Prepare, SlotClaim, ViewChange } from '../replica/messages.ts';
import type { Slot } from '../replica/slot.ts';
import type { ReplicaState, Selection, Stable } from '../replica/state.ts';

export type OrderName = 'three-phase' | 'speculative';

export interface OrderProtocol {
  readonly name: OrderName;
  /** "I have durably accepted the log up to `slot`", to be sent once that is so. */
  vote(s: ReplicaState, slot: number): Prepare | Acknowledge;
  /**
   * Makes durable, with this turn, what a COMMIT relies on, and tells up to which slot one may now be sent. Asked when
   * enough have vouched for the log up to `s.prepared` and somebody needs the COMMIT.
   */
  secure(s: ReplicaState, env: Env<Message>): number;
  /** Tells outside clients of what is executed ahead, where they can make something of it. Called once per turn. */
  respond(s: ReplicaState, env: Env<Message>): void;
  /** What the own VIEW-CHANGE says of a slot; null for nothing. */
  claim(slot: Slot): SlotClaim | null;
  /** True if a VIEW-CHANGE, whose signatures hold, has the evidence that this protocol relies on. */
  isValidEvidence(s: ReplicaState, m: ViewChange): boolean;
  /**
   * What the new view begins with, the same for all who see the same messages; null if these do not decide it. They are
   * valid and from different members; `genesis` is the checkpoint that an empty certificate names.
   */
  select(question: SelectQuestion): Selection | null;
}

export interface SelectQuestion {
  readonly quorums: Quorums;
  readonly changes: readonly ViewChange[];
  readonly genesis: Stable;
  readonly window: number;
}
