/** The permitted partners of a round, as FlightPath tries them, and the check of somebody else's choice. */

import { isEvicted } from '@concordat/accountability';
import type { Env, NodeId } from '@concordat/kernel';
import { type Candidates, type DrawingRules, drawCandidates, permits } from '../membership/candidates.ts';
import { checkChoice, drawChoice } from '../membership/choice.ts';
import { memberOf } from '../membership/member-list.ts';
import { memberAt, type Roster, takenPlaces, tubAt } from '../membership/roster.ts';
import type { Tub } from '../membership/tubs.ts';
import { FLEXIBLE, type ProofOfChoice, type Reserve, type StreamMessage } from '../messages/messages.ts';
import { isDebtor, type PeerState } from '../peer/state.ts';
import { candidatesOf } from './policy.ts';
import type { FlightState } from './state.ts';

/** A permitted partner, and the number of the draw that permits it. */
export interface Candidate {
  readonly id: NodeId;
  readonly draw: number;
}

export interface RoundChoice {
  readonly proof: Uint8Array;
  readonly evictions: number;
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
  const rules = rulesFor(peer, round, own.place, takenPlaces(own.roster), evictions);
  const candidates = drawCandidates(draws, rules);
  const order = own.conduct.order(peer, env, likelyFirst(peer, candidates));
  return { proof, evictions, order };
}

/** Those who answered of late, or of whom nothing is known, before those who did not; none who owes something. */
function likelyFirst(peer: PeerState<FlightState>, { places, draws }: Candidates): Candidate[] {
  const { roster, silent, defaulted, suspects } = peer.own;
  const likely: Candidate[] = [];
  const unlikely: Candidate[] = [];
  for (const [i, place] of places.entries()) {
    const id = memberAt(roster, place)?.id;
    if (id === undefined || isDebtor(peer, id)) continue;
    const isUnlikely = silent.has(id) || defaulted.has(id) || suspects.has(id);
    (isUnlikely ? unlikely : likely).push({ id, draw: draws[i] ?? 0 });
  }
  return [...likely, ...unlikely];
}

export const choiceOf = (choice: RoundChoice, { draw }: Candidate): ProofOfChoice => ({
  proof: choice.proof,
  candidate: draw,
  evictions: choice.evictions,
});

/** Places that a member says are taken: what it introduced itself with, or the list if it is in that. */
const takenBy = (own: FlightState, roster: Roster, from: NodeId, place: number): number =>
  place < roster.head.members && own.policy.usesTubs ? roster.head.members : (own.introduced.get(from) ?? 0);

/** True if the draws of the sender permit this peer. */
export function isPermitted(peer: PeerState<FlightState>, reserve: Reserve): boolean {
  const { keys, stream } = peer.setup;
  const { own, list } = peer;
  const { from, round } = reserve;
  const member = memberOf(list, from);
  const place = list.places.get(from);
  if (member === undefined || place === undefined || reserve.evictions > peer.evictions.entries.length)
    return false;
  const draws = checkChoice(keys, { stream, list, round, tag: FLEXIBLE }, member, reserve);
  if (draws === null) return false;
  const taken = own.policy.usesTubs
    ? takenBy(own, own.roster, from, place)
    : Math.max(place + 1, takenPlaces(own.roster));
  const rules = rulesFor(peer, round, place, taken, reserve.evictions);
  return permits(draws, rules, reserve.candidate, own.place);
}
