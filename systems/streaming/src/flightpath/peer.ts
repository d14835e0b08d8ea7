/**
 * A FlightPath peer (Li et al., OSDI 2008): joins through the tracker, follows its epochs, trades each round with permitted partners of
 * its choice, leaves when it likes. Everything in a trade but who, how much and in which order is the common trade.
 */

import { assert, type Env, type NodeId, type Process, unreachable } from '@concordat/kernel';
import { isEpochHeadSigned } from '../membership/epoch-list.ts';
import { createRoster, enterTicket } from '../membership/roster.ts';
import { isTicketSigned } from '../membership/ticket.ts';
import type { StreamMessage } from '../messages/messages.ts';
import { CONTROL, createStreamMeter, type StreamMeter } from '../peer/meter.ts';
import { receiveCommon } from '../peer/receive.ts';
import { beginPeer, followRound, onRoundTimer } from '../peer/round.ts';
import { createPeerState, type PeerOptions, type PeerState, peerInvariants } from '../peer/state.ts';
import { streamId } from '../statement.ts';
import { joinStatement } from '../tracker/joins.ts';
import type { Refused, TrackerMessage, Welcome } from '../tracker/messages.ts';
import { isInPlace } from '../trade/receive.ts';
import { postMembership } from './budgeting.ts';
import type { FlightConduct } from './conduct.ts';
import { follow, isRemoved, onDelta, onEpoch, onPage, onPageAsk, onPong } from './following.ts';
import { hear } from './hearings.ts';
import {
  isAttemptTimer,
  onAttempt,
  onFlightAccept,
  onFlightReserve,
  onOverdue,
  onPartnerGone,
} from './initiating.ts';
import { meet } from './introductions.ts';
import { type FlightMessage, isMembership, membershipBytes } from './messages.ts';
import { isOverdueTimer } from './overdue.ts';
import { type FlightPathPolicy, policyOf } from './policy.ts';
import { checkBudget } from './reservations.ts';
import { flightRules } from './rules.ts';
import { createFlightState, type FlightState, membersOf } from './state.ts';

export interface FlightOptions extends PeerOptions {
  /** Mechanisms turned off or changed, for ablations. Nobody else has a reason: all members must agree on them. */
  readonly policy?: Partial<FlightPathPolicy>;
  readonly flightConduct: FlightConduct;
  readonly publicKey: Uint8Array;
  /** Where others reach this peer. */
  readonly address: string;
  /** What the membership authority gave. */
  readonly token: Uint8Array;
  /** Shows that the VRF key is unique. */
  readonly certificate: Uint8Array;
  /**
   * The tracker's answer, if somebody else has asked on this peer's behalf. It then never asks itself: once it is no member any
   * more it has left, and notes `removed`.
   */
  readonly welcome?: Welcome;
}

export interface FlightPeer {
  readonly options: FlightOptions;
  readonly policy: FlightPathPolicy;
  /** Null until the tracker has welcomed it. */
  peer: PeerState<FlightState> | null;
  hasLeft: boolean;
  /** Over all its memberships in this run. */
  readonly meter: StreamMeter;
}

type FlightEnv = Env<FlightMessage>;

const streamOf = ({ keys, config, basics }: PeerOptions): Uint8Array =>
  basics?.stream ?? streamId(keys.hash, config);

const JOIN_TIMER = 'join';
const FOLLOW_TIMER = 'follow';
const JOIN_RETRY_MS = 2000;

function join(state: FlightPeer, env: FlightEnv): void {
  const { options } = state;
  if (options.welcome !== undefined) {
    state.hasLeft = true;
    return env.note({ kind: 'removed' });
  }
  const { keys, publicKey, address, token, certificate, clock } = options;
  const body = { publicKey, vrfKey: keys.vrfKey.publicKey, certificate, address, token };
  env.send(clock.id, { kind: 'join', ...body, signature: keys.sign(joinStatement(streamOf(options), body)) });
  env.setTimer(JOIN_TIMER, JOIN_RETRY_MS * (1 + env.random.unit()));
}

function onRefused(state: FlightPeer, env: FlightEnv, { reason, retryAfterMs }: Refused): void {
  env.note({ kind: 'join-refused', reason });
  // A member whom the tracker does not know any more joins again.
  state.peer = null;
  if (state.options.welcome !== undefined) return join(state, env);
  env.setTimer(JOIN_TIMER, Math.max(retryAfterMs, JOIN_RETRY_MS) * (1 + env.random.unit()));
}

function onWelcome(state: FlightPeer, env: FlightEnv, welcome: Welcome): void {
  const { options, policy } = state;
  const { keys, clock, config } = options;
  const stream = streamOf(options);
  const { ticket } = welcome.ticket;
  if (state.peer !== null || !ticket.member.publicKey.every((byte, i) => byte === options.publicKey[i]))
    return;
  if (!isTicketSigned(keys, stream, clock, welcome.ticket)) return;
  if (!isEpochHeadSigned(keys, stream, clock, welcome.head)) return;
  const roster = createRoster(keys.hash, welcome.head);
  if (!enterTicket(roster, ticket)) return;
  const own = createFlightState(config, policy, options.flightConduct, roster, welcome.helpers);
  own.ticket = welcome.ticket;
  own.heard.own = ticket.member;
  own.place = ticket.place;
  own.startRound = ticket.startRound;
  const rules = flightRules(own.need, policy, config.packetsPerRound);
  const list = membersOf(keys.hash, roster);
  state.peer = { ...createPeerState(ticket.member.id, options, rules, list, own), meter: state.meter };
  env.cancelTimer(JOIN_TIMER);
  env.setTimer(FOLLOW_TIMER, 1);
  env.note({ kind: 'welcomed', id: ticket.member.id, place: ticket.place, startRound: ticket.startRound });
  hear(state.peer, env, clock.id, welcome);
  beginPeer(state.peer, env);
}

/** What it plays begins with the round that its ticket names. */
function holdUntilStart(peer: PeerState<FlightState>): void {
  const start = peer.own.startRound;
  if (
    peer.tradesFrom === Number.POSITIVE_INFINITY ||
    peer.tradesFrom >= start ||
    peer.round >= peer.tradesFrom
  )
    return;
  peer.tradesFrom = start;
  peer.playFrom = start;
}

function receiveMembership(state: FlightPeer, env: FlightEnv, from: NodeId, message: TrackerMessage): void {
  const { peer } = state;
  const isTracker = from === state.options.clock.id;
  if (message.kind === 'welcome' && isTracker) return onWelcome(state, env, message);
  if (message.kind === 'refused' && isTracker) return onRefused(state, env, message);
  if (peer === null) return;
  peer.meter.down[CONTROL] = (peer.meter.down[CONTROL] ?? 0) + membershipBytes(message);
  hear(peer, env, from, message);
  switch (message.kind) {
    case 'pong':
      if (!isTracker) return void peer.meter.voids++;
      onPong(peer, env, message);
      return holdUntilStart(peer);
    case 'epoch':
      return onEpoch(peer, env, message.head);
    case 'page-ask':
      return onPageAsk(peer, env, from, message);
    case 'page':
      return onPage(peer, env, message);
    case 'delta':
      return onDelta(peer, message);
    case 'removals':
      if (!isTracker) return void peer.meter.voids++;
      peer.own.removals = message.removed;
      return;
    case 'join':
    case 'ping':
    case 'epoch-ask':
    case 'leave':
    case 'welcome':
    case 'refused':
      return void peer.meter.voids++;
    default:
      unreachable(message);
  }
}

function receiveStream(
  peer: PeerState<FlightState>,
  env: FlightEnv,
  from: NodeId,
  message: StreamMessage,
): void {
  peer.setup.sizes.count(message, peer.meter.down);
  switch (message.kind) {
    case 'reserve':
      followRound(peer, env, message.round);
      meet(peer, env, from, message.introduction);
      if (isInPlace(peer, env, from, message)) onFlightReserve(peer, env, message);
      return;
    case 'accept':
      if (isInPlace(peer, env, from, message)) onFlightAccept(peer, env, message);
      return;
    case 'beacon':
      receiveCommon(peer, env, from, message);
      return holdUntilStart(peer);
    case 'push-offer':
    case 'push-want':
      return;
    default:
      return receiveCommon(peer, env, from, message);
  }
}

function onTimer(state: FlightPeer, env: FlightEnv, timer: string): void {
  const { peer } = state;
  if (state.hasLeft) return;
  if (timer === JOIN_TIMER && peer === null) return join(state, env);
  if (peer === null) return;
  if (timer === 'round') onRoundTimer(peer, env);
  else if (isAttemptTimer(timer)) onAttempt(peer, env, timer);
  else if (isOverdueTimer(timer)) onOverdue(peer, env);
  else if (timer === FOLLOW_TIMER) onFollow(state, peer, env);
}

function onFollow(state: FlightPeer, peer: PeerState<FlightState>, env: FlightEnv): void {
  follow(peer, env);
  if (isRemoved(peer)) {
    // The tracker heard nothing of it for long.
    state.peer = null;
    return join(state, env);
  }
  env.setTimer(FOLLOW_TIMER, peer.setup.config.roundMs);
}

/** Tells the tracker, and nobody else: others try who is silent last. */
export function leaveStream(state: FlightPeer, env: FlightEnv): void {
  if (state.peer !== null) postMembership(state.peer, env, state.options.clock.id, { kind: 'leave' });
  state.hasLeft = true;
  state.peer = null;
}

export function createFlightPeer(options: FlightOptions): Process<FlightPeer, FlightMessage> {
  const { protocol } = options.config;
  assert(protocol.kind === 'flightpath', 'a FlightPath peer is in a FlightPath stream');
  return {
    start: (env) => {
      const state: FlightPeer = {
        options,
        policy: { ...policyOf(protocol), ...options.policy },
        peer: null,
        hasLeft: false,
        meter: createStreamMeter(),
      };
      if (options.welcome === undefined) join(state, env);
      else onWelcome(state, env, options.welcome);
      return state;
    },
    receive: (state, env, from, message) => {
      if (state.hasLeft) return;
      if (isMembership(message)) receiveMembership(state, env, from, message);
      else if (state.peer !== null) receiveStream(state.peer, env, from, message);
    },
    linked: (state, env, from, isUp) => {
      if (!isUp && state.peer !== null) onPartnerGone(state.peer, env, from);
    },
    timeout: onTimer,
    settle: () => {},
    invariants: ({ peer }) => {
      if (peer === null) return;
      peerInvariants(peer);
      checkBudget(peer.own.budget);
      assert(peer.meter.roundUp <= peer.own.budget.capBytes, 'no peer uploads more than the cap in a round');
    },
  };
}
