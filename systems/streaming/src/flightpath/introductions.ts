/** Newcomers show their ticket before they open a trade: who joined before them cannot know them. */

import type { Env, NodeId } from '@concordat/kernel';
import { enterTicket, takenPlaces } from '../membership/roster.ts';
import { isTicketSigned } from '../membership/ticket.ts';
import { CONTROL } from '../peer/meter.ts';
import type { PeerState } from '../peer/state.ts';
import { findPledge } from './budgeting.ts';
import { type FlightMessage, type Introduce, type MembershipMessage, membershipBytes } from './messages.ts';
import { type Pledge, spend } from './reservations.ts';
import type { FlightState } from './state.ts';

type Peer = PeerState<FlightState>;

/** Sends a message of membership, if the cap has room for it, and counts it; false if it has none. It is paid out of `pledge`. */
export function postMembership(
  peer: Peer,
  env: Env<FlightMessage>,
  to: NodeId,
  message: MembershipMessage,
  pledge: Pledge | null = peer.own.aside,
): boolean {
  const bytes = membershipBytes(message);
  if (!spend(peer.own.budget, bytes, pledge)) return false;
  peer.meter.up[CONTROL] = (peer.meter.up[CONTROL] ?? 0) + bytes;
  peer.meter.roundUp += bytes;
  env.send(to, message);
  return true;
}

/** Before the RESERVE, out of what was pledged for the trade. */
export function introduce(peer: Peer, env: Env<FlightMessage>, to: NodeId): void {
  const { ticket, roster } = peer.own;
  if (ticket === null) return;
  const pledge = findPledge(peer.own, to, peer.round, true)?.pledge ?? null;
  postMembership(peer, env, to, { kind: 'introduce', ticket, taken: takenPlaces(roster) }, pledge);
}

/** Takes in an authentic ticket of this epoch. `from` is whoever sent it: it can introduce itself only. */
export function onIntroduce(peer: Peer, from: NodeId, { ticket, taken }: Introduce): void {
  const { own, setup } = peer;
  const { member, place } = ticket.ticket;
  if (member.id !== from) return void peer.meter.voids++;
  const known = own.roster.places.get(from);
  if (known === undefined) {
    peer.meter.verifications++;
    if (!isTicketSigned(setup.keys, setup.stream, setup.clock, ticket)) return void peer.meter.voids++;
    if (!enterTicket(own.roster, ticket.ticket)) return;
  } else if (known !== place) return;
  own.introduced.set(from, taken);
}
