/**
 * Senders that a run does not hear for a while: what they send is lost on arrival and costs the receiver nothing. A real
 * host leaves it unread in the socket instead, so that it may come late; losing it is what protocols find harder.
 */

import { assert, type Millis, type NodeId } from '@concordat/kernel';
import { trueSpan } from './clock.ts';
import type { Frame, Input, Run, Sim } from './host.ts';

export function muteSender(sim: Sim, run: Run, from: NodeId, forMs: Millis): void {
  assert(forMs >= 0 && Number.isFinite(forMs), 'a peer is muted for a finite time');
  run.mutedUntil.set(from, sim.now + trueSpan(run.host.clock, forMs));
  const isHeard = (input: Input): boolean => input.kind !== 'frame' || !isMuted(sim, run, input);
  run.inbox = run.inbox.filter(isHeard);
  run.inboxBytes = run.inbox.reduce((sum, input) => sum + (input.kind === 'frame' ? input.sizeBytes : 0), 0);
}

/** True if the frame's sender is not heard at present. */
export function isMuted(sim: Sim, run: Run, { link }: Frame): boolean {
  if (run.mutedUntil.size === 0) return false;
  const until = run.mutedUntil.get(link.fromName);
  if (until === undefined) return false;
  if (until <= sim.now) run.mutedUntil.delete(link.fromName);
  return until > sim.now;
}
