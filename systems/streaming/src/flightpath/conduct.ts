/**
 * Decisions that a FlightPath peer makes by itself, beside those of the common `Conduct`. Obedient ones do what the protocol
 * says; a deviation replaces one or several (`deviations/`).
 */

import type { Env, NodeId } from '@concordat/kernel';
import type { StreamMessage } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import type { Candidate } from './candidates.ts';
import type { FlightState } from './state.ts';

export interface FlightConduct {
  /** How many trades to begin in this round, given how many the trouble detector asks for. */
  initiations(peer: PeerState<FlightState>, env: Env<StreamMessage>, asked: number): number;
  /** In which order to try those who are permitted. */
  order(
    peer: PeerState<FlightState>,
    env: Env<StreamMessage>,
    candidates: readonly Candidate[],
  ): readonly Candidate[];
  /** Whether to take part in a trade of another, given that there is room for it. */
  accepts(peer: PeerState<FlightState>, env: Env<StreamMessage>, from: NodeId): boolean;
  /** How much to be ahead of `partner` at most, given what debts allow. */
  gift(peer: PeerState<FlightState>, partner: NodeId, allowed: number): number;
}

export const OBEDIENT_FLIGHT: FlightConduct = {
  initiations: (_peer, _env, asked) => asked,
  order: (_peer, _env, candidates) => candidates,
  accepts: () => true,
  gift: (_peer, _partner, allowed) => allowed,
};
