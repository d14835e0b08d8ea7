/** The permitted partners of a round, as FlightPath tries them, and the check of somebody else's choice. */

import { isEvicted } from '@concordat/accountability';
import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { type Candidates, type DrawingRules, drawCandidates, permits } from '../membership/candidates.ts';
import { checkChoice, drawChoice } from '../membership/choice.ts';
import { memberAt, placeOf, takenPlaces, tubAt } from '../membership/roster.ts';
import { vrfDigestOf } from '../membership/ticket.ts';
import type { Tub } from '../membership/tubs.ts';
import {
  FLEXIBLE,
  type Introduction,
  type ProofOfChoice,
  type Reserve,
  type StreamMessage,
} from '../messages/messages.ts';
import { isDebtor, type PeerState } from '../peer/state.ts';
import { candidatesOf } from './policy.ts';
import { type Standing, standingOf } from './standing.ts';
import type { FlightState } from './state.ts';

/** A permitted partner, and the number of the draw that permits it. */
export interface Candidate {
  readonly id: NodeId;
  readonly draw: number;
}

export interface RoundChoice {
  readonly proof: Uint8Array;
  readonly evictions: number;
  /** Places that were taken, by what was known when it was made. */
  readonly taken: number;
  /** In the order in which they are to be tried. */
  readonly order: readonly Candidate[];
}

function rulesFor(
  peer: PeerState<FlightState>,
  round: number,
  place: number,
  taken: number,
  evictions: number,
): DrawingRules {
  const { roster, policy } = peer.own;
  const { entries } = peer.evictions;
  const tub: Tub = policy.usesTubs ? tubAt(roster, place) : { number: 0, start: 0, size: taken };
  return {
    tub,
    own: place,
    taken,
    count: candidatesOf(policy, taken),
    isExcluded: (other) => {
      const member = evictions === 0 ? undefined : memberAt(roster, other);
      return member !== undefined && isEvicted(entries, evictions, member.id, round);
    },
  };
}

/** Whom this peer may contact in the present round. */
export function chooseCandidates(peer: PeerState<FlightState>, env: Env<StreamMessage>): RoundChoice {
  const { keys, stream } = peer.setup;
  const { own, round, list } = peer;
  const evictions = peer.evictions.entries.length;
  const { proof, draws } = drawChoice(keys, { stream, list, round, tag: FLEXIBLE });
  // In a crowd the log is long in coming; that its own place is taken a newcomer knows by its ticket.
  const taken = Math.max(own.place + 1, takenPlaces(own.roster));
  const rules = rulesFor(peer, round, own.place, taken, evictions);
  const candidates = drawCandidates(draws, rules);
  const order = own.conduct.order(peer, env, likelyFirst(peer, candidates));
  return { proof, evictions, taken, order };
}

/** By their standing, and otherwise as they were drawn; none who owes something. */
function likelyFirst(peer: PeerState<FlightState>, { places, draws }: Candidates): Candidate[] {
  const by: Record<Standing, Candidate[]> = { proven: [], unknown: [], doubtful: [] };
  for (const [i, place] of places.entries()) {
    const id = memberAt(peer.own.roster, place)?.id;
    if (id === undefined || isDebtor(peer, id)) continue;
    by[standingOf(peer, id)].push({ id, draw: draws[i] ?? 0 });
  }
  return [...by.proven, ...by.unknown, ...by.doubtful];
}

export const choiceOf = (choice: RoundChoice, { draw }: Candidate): ProofOfChoice => ({
  proof: choice.proof,
  candidate: draw,
  evictions: choice.evictions,
});

/** Places that count as taken in the draws of the member at `place`: those of the list if it is in that, else as many as it says. */
function takenFor({ policy, roster }: FlightState, place: number, said: Introduction): number {
  const { members } = roster.head;
  if (!policy.usesTubs) return Math.max(place + 1, takenPlaces(roster));
  return place < members ? members : said.taken;
}

/** True if the draws of the sender, by the key that it shows, permit this peer. */
export function isPermitted(peer: PeerState<FlightState>, reserve: Reserve): boolean {
  const { keys, stream } = peer.setup;
  const { own, list } = peer;
  const { from, round } = reserve;
  const place = placeOf(own.roster, from);
  const said = reserve.introduction;
  if (place === undefined || said === null || reserve.evictions > peer.evictions.entries.length) return false;
  // A ticket that says something else than what is known is a lie, if a useless one.
  if (said.ticket !== null && said.ticket.ticket.place !== place) return false;
  const member = memberAt(own.roster, place);
  if (member === undefined || !equalBytes(member.vrfDigest, vrfDigestOf(keys.hash, said.vrfKey)))
    return false;
  const draws = checkChoice(keys, { stream, list, round, tag: FLEXIBLE }, said.vrfKey, reserve);
  if (draws === null) return false;
  const rules = rulesFor(peer, round, place, takenFor(own, place, said), reserve.evictions);
  return permits(draws, rules, reserve.candidate, own.place);
}
