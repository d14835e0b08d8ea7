/**
 * A member's own client: it signs requests, keeps them until their outcome is exposed, and sends them again meanwhile.
 * Its number is larger than that of any earlier client of the domain, so that a restarted member never reuses one.
 */

import type { Millis } from '@concordat/kernel';
import type { Request } from './request.ts';

export interface Submission {
  /** This incarnation's client number. */
  readonly client: number;
  nextSeq: number;
  /** Outcomes up to here are exposed. */
  acked: number;
  readonly outstanding: Map<number, { readonly request: Request; sentAt: Millis }>;
}

/** Milliseconds grow over a member's life, also over restarts; 0 is the command client. */
export const createSubmission = (now: Millis): Submission => ({
  client: Math.max(1, Math.floor(now)),
  nextSeq: 1,
  acked: 0,
  outstanding: new Map(),
});

/** Notes the outcome of the own request `seq`; false if it was not waited for. */
export function noteOutcome(submission: Submission, seq: number): boolean {
  if (!submission.outstanding.delete(seq)) return false;
  // Outcomes come in order, so everything up to here is exposed.
  submission.acked = Math.max(submission.acked, seq);
  return true;
}
