/**
 * A RESERVE shows the key that its sender draws with, of which the list has the digest, and a newcomer's ticket: who joined before it
 * cannot know it.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { enterTicket, placeOf } from '../membership/roster.ts';
import { isTicketSigned } from '../membership/ticket.ts';
import type { Introduction } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import { hearTicket } from './hearings.ts';
import type { FlightMessage } from './messages.ts';
import type { FlightState } from './state.ts';

type Peer = PeerState<FlightState>;

/** @param taken places that its choice of partners counts with */
export const introductionOf = ({ own, setup }: Peer, taken: number): Introduction => ({
  vrfKey: setup.keys.vrfKey.publicKey,
  taken,
  ticket: own.ticket,
});

/** Takes in a newcomer of this epoch by its ticket. `from` is whoever sent it: it can introduce itself only. */
export function meet(
  peer: Peer,
  env: Env<FlightMessage>,
  from: NodeId,
  introduction: Introduction | null,
): void {
  const { own, setup, meter } = peer;
  const signed = introduction?.ticket ?? null;
  if (signed === null) return;
  hearTicket(peer, env, signed);
  if (placeOf(own.roster, from) !== undefined) return;
  if (signed.ticket.member.id !== from) return void meter.voids++;
  meter.verifications++;
  if (!isTicketSigned(setup.keys, setup.stream, setup.clock, signed)) return void meter.voids++;
  enterTicket(own.roster, signed.ticket);
}
