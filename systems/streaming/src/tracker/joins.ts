/**
 * Joining in mid-stream, in constant work whatever the number of members: check the token, give the next place of the epoch's line,
 * sign one ticket, write one record. The list is not sent: newcomers get its pages from other members, a few of whom the welcome
 * names.
 */

import { statementBytes } from '@concordat/accountability';
import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { pageOfPlace } from '../membership/epoch-list.ts';
import { type PlacedMember, type SignedTicket, type Ticket, vrfDigestOf } from '../membership/ticket.ts';
import { tubOf } from '../membership/tubs.ts';
import { enterTicket, recordJoin } from './journal.ts';
import { type Join, joinBody, type RefusalReason, type TrackerMessage } from './messages.ts';
import { isWithinRate } from './rate-limit.ts';
import {
  addMember,
  type EpochState,
  identityText,
  noteRemoval,
  openEpoch,
  type TrackerState,
} from './state.ts';

const JOIN_KIND = 'stream-join';
const HELPERS = 4;

/** What a newcomer signs. */
export const joinStatement = (stream: Uint8Array, join: Omit<Join, 'kind' | 'signature'>): Uint8Array =>
  statementBytes(stream, JOIN_KIND, joinBody(join));

function refuse(env: Env<TrackerMessage>, to: NodeId, reason: RefusalReason, retryAfterMs: number): void {
  env.note({ kind: 'join-refused', reason });
  env.send(to, { kind: 'refused', reason, retryAfterMs });
}

export function onJoin(state: TrackerState, env: Env<TrackerMessage>, from: NodeId, join: Join): void {
  const { options } = state;
  if (!isWithinRate(state.joinRate, from, env.now)) return;
  if (state.joinsThisRound >= options.joinsPerRound) {
    refuse(env, from, 'busy', options.roundMs);
    return;
  }
  // Counted before it is checked: bad tokens are work too.
  state.joinsThisRound++;
  const identity = admitted(state, join);
  if (identity === null) {
    refuse(env, from, 'not-admitted', 0);
    return;
  }
  const known = ticketOf(state, identity);
  if (known !== null && isSame(state, known.ticket.member, join)) {
    welcome(state, env, from, known);
    return;
  }
  if (state.members.size >= options.maxMembers) {
    refuse(env, from, 'full', 10 * options.roundMs);
    return;
  }
  welcome(state, env, from, admit(state, env, join, identity));
}

/** Who it is, if it may join. */
function admitted(state: TrackerState, join: Join): string | null {
  const { admission, keys, stream } = state.options;
  const identity = identityText(admission.identityOf(join));
  if (state.evicted.has(identity)) return null;
  const signer = { id: -1, publicKey: join.publicKey };
  if (!keys.verify(signer, joinStatement(stream, join), join.signature)) return null;
  // A member that comes back was let in before, and uses nothing up again.
  const isMember = state.byIdentity.has(identity);
  if (!isMember && !admission.isWelcome(join, openEpoch(state).head.head.epoch)) return null;
  return admission.isUniqueKey(join.vrfKey, join.certificate) ? identity : null;
}

/** The ticket that somebody has in the open epoch. */
function ticketOf(state: TrackerState, identity: string): SignedTicket | null {
  const { tickets, ticketOf: places } = openEpoch(state);
  const index = places.get(state.byIdentity.get(identity) ?? -1);
  return index === undefined ? null : (tickets[index] ?? null);
}

const isSame = ({ options }: TrackerState, member: PlacedMember, join: Join): boolean =>
  member.address === join.address &&
  equalBytes(member.publicKey, join.publicKey) &&
  equalBytes(member.vrfDigest, vrfDigestOf(options.keys.hash, join.vrfKey));

function admit(state: TrackerState, env: Env<TrackerMessage>, join: Join, identity: string): SignedTicket {
  const epoch = openEpoch(state);
  const { head } = epoch.head;
  const member: PlacedMember = {
    id: state.nextId,
    publicKey: join.publicKey,
    vrfDigest: vrfDigestOf(state.options.keys.hash, join.vrfKey),
    address: join.address,
  };
  const ticket: Ticket = {
    epoch: head.epoch,
    place: head.members + epoch.tickets.length,
    startRound: Math.max(state.round + 1, head.startRound),
    member,
  };
  const former = state.byIdentity.get(identity);
  if (former === undefined) state.options.admission.onAdmitted(join);
  else noteRemoval(state, former, 'replaced');
  recordJoin(state, env, ticket, identity);
  enterTicket(state, epoch, ticket);
  addMember(state, member, identity, state.round);
  env.note({ kind: 'joined', id: member.id, tub: tubOf(head.members, ticket.place).number });
  return epoch.tickets[epoch.tickets.length - 1] as SignedTicket;
}

function welcome(state: TrackerState, env: Env<TrackerMessage>, from: NodeId, ticket: SignedTicket): void {
  const epoch = openEpoch(state);
  env.send(from, { kind: 'welcome', ticket, head: epoch.head, helpers: someOf(state, env, epoch) });
}

/** A few members that answered of late, drawn for each newcomer: nobody can foresee who is asked for pages. */
function someOf(
  state: TrackerState,
  env: Env<TrackerMessage>,
  { head: { head }, pages }: EpochState,
): PlacedMember[] {
  const some: PlacedMember[] = [];
  for (let i = 0; i < 2 * HELPERS && some.length < HELPERS && head.members > 0; i++) {
    const member = env.random.pick(pages[pageOfPlace(head, env.random.below(head.members))] ?? []);
    if (state.members.has(member.id) && !some.includes(member)) some.push(member);
  }
  return some;
}
