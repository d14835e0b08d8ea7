/**
 * What partners owe within a round, and when it is late: the REVEAL that follows an opening, the briefcase that was agreed on, the key
 * of a briefcase. Whoever is late costs the time of one step: what it was to bring is asked for elsewhere, its place is free again, and
 * it is remembered (`standing.ts`). What comes later after all is still welcome.
 */

import type { Env, Millis, NodeId } from '@concordat/kernel';
import type { StreamMessage } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import type { Trade } from '../trade/trade.ts';
import { noteLapse } from './standing.ts';
import type { FlightState } from './state.ts';

/** One thing that a partner is to do next in a trade of the present round. */
export interface Awaited {
  readonly partner: NodeId;
  readonly isInitiator: boolean;
  readonly step: 'reveal' | 'briefcase' | 'key';
  readonly due: Millis;
}

/** How long each step of a partner is waited for, as a share of a round, where links are not slow. */
export const ANSWER_SHARE = 0.15;

const OVERDUE_TIMER = 'overdue';
export const isOverdueTimer = (timer: string): boolean => timer === OVERDUE_TIMER;

/** From now on `step` is awaited. Steps are due in the order in which they are entered. */
export function awaitStep(
  peer: PeerState<FlightState>,
  env: Env<StreamMessage>,
  partner: NodeId,
  isInitiator: boolean,
  step: Awaited['step'],
): void {
  const { awaited, patience } = peer.own;
  const waitMs = ANSWER_SHARE * patience * peer.setup.config.roundMs;
  const due = Math.max(env.now + waitMs, awaited.at(-1)?.due ?? 0);
  awaited.push({ partner, isInitiator, step, due });
  if (awaited.length === 1) env.setTimer(OVERDUE_TIMER, waitMs);
}

/**
 * A step of this trade has come, or its end: it is not awaited any more.
 *
 * PERF: most trades end in time, so that most timers never fire: a turn less for each.
 */
export function stepCame(peer: PeerState<FlightState>, env: Env<StreamMessage>, trade: Trade): void {
  const { awaited } = peer.own;
  const at = awaited.findIndex(
    ({ partner, isInitiator }) => partner === trade.peer && isInitiator === trade.isInitiator,
  );
  if (at < 0) return;
  awaited.splice(at, 1);
  if (awaited.length === 0) env.cancelTimer(OVERDUE_TIMER);
}

/** The next step that is due by now; null if none is, and then the timer of what remains is set. */
export function nextDue(peer: PeerState<FlightState>, env: Env<StreamMessage>): Awaited | null {
  const { awaited } = peer.own;
  const [first] = awaited;
  if (first === undefined) return null;
  if (first.due <= env.now) return awaited.shift() ?? null;
  env.setTimer(OVERDUE_TIMER, first.due - env.now);
  return null;
}

/** True if the partner has not done `step` of `trade`. */
export function isMissing(trade: Trade, step: Awaited['step']): boolean {
  switch (step) {
    case 'reveal':
      return !trade.isInitiator && trade.stage === 'answered';
    case 'briefcase':
      return trade.stage === 'agreed' && trade.take.length > 0 && trade.received === null;
    case 'key':
      return trade.received !== null && !trade.isOpened;
  }
}

/** Of the trades of `round`, which is over: what was missed in it, and has not come since. */
export function noteLapses(peer: PeerState<FlightState>, trades: readonly Trade[], round: number): void {
  const steps = ['reveal', 'briefcase', 'key'] as const;
  for (const trade of trades)
    if (trade.round === round && steps.some((step) => isMissing(trade, step))) hold(peer, trade.peer);
}

/** Holds it against `partner` that a trade came to nothing, unless the stream's rules are broken on purpose. */
export function hold(peer: PeerState<FlightState>, partner: NodeId): void {
  if (!peer.setup.config.keys.servesDebtors) noteLapse(peer, partner);
}
