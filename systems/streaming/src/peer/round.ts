/**
 * A round begins at a peer: what is over is played, debts are pressed, the window moves. A peer enters a round by its own clock, or a
 * little earlier when a message for it comes from a faster one.
 */

import type { Env } from '@concordat/kernel';
import { decodeRound } from '../content/encode.ts';
import { advanceStore, headerOf, heldOf, oldestRound, packetsOfRound } from '../content/store.ts';
import type { StreamMessage } from '../messages/messages.ts';
import { isTimely, roundAt, streamTime } from '../rounds.ts';
import { pressDebtors } from '../trade/key-release.ts';
import { slimTrade } from '../trade/trade.ts';
import { closeRound } from './meter.ts';
import { type PeerState, post, tradesOf } from './state.ts';

/** How often the clock is asked, in rounds; more often until it is known. */
const CLOCK_ROUNDS = 16;
const CLOCK_RETRY_MS = 250;
const NONCES = 2 ** 32;

/** Asks the clock what time it is; the answer also tells of evictions. */
export function askClock(peer: PeerState, env: Env<StreamMessage>): void {
  const nonce = env.random.below(NONCES);
  peer.clock.nonce = nonce;
  peer.clock.askedAt = env.now;
  post(peer, env, peer.setup.clock.id, {
    kind: 'clock-ask',
    nonce,
    evictions: peer.evictions.entries.length,
  });
}

/** A process starts: it knows no time yet. */
export function beginPeer(peer: PeerState, env: Env<StreamMessage>): void {
  askClock(peer, env);
  env.setTimer('round', CLOCK_RETRY_MS);
}

/** The deadline of `round`. */
function playRound(peer: PeerState, round: number): void {
  const { config, code, keys, play } = peer.setup;
  const { meter, store } = peer;
  const held = heldOf(store, round);
  meter.rounds++;
  meter.due += config.packetsPerRound;
  meter.inTime += held;
  if (held < config.neededPackets) meter.jittered++;
  if (play === undefined) return;
  const header = headerOf(store, round);
  const isWhole = header !== undefined && held >= config.neededPackets;
  play(round, isWhole ? decodeRound(keys.hash, code, header, packetsOfRound(store, round)) : null);
}

/** Plays every round that is over once `round` begins; one that was slept through cannot be played. */
function playUntil(peer: PeerState, round: number): void {
  const { config, play } = peer.setup;
  const { meter, store } = peer;
  const last = round - config.lifetimeRounds;
  const held = Math.min(last, store.newest);
  for (let over = Math.max(peer.playFrom, oldestRound(store)); over <= held; over++) playRound(peer, over);
  for (let over = Math.max(peer.playFrom, store.newest + 1); over <= last; over++) {
    meter.rounds++;
    meter.jittered++;
    meter.due += config.packetsPerRound;
    play?.(over, null);
  }
}

function forgetDebts(peer: PeerState): void {
  for (const [who, until] of peer.debtors) if (until <= peer.round) peer.debtors.delete(who);
}

export function enterRound(peer: PeerState, env: Env<StreamMessage>, round: number): void {
  const { lifetimeRounds } = peer.setup.config;
  playUntil(peer, round);
  for (const trades of peer.trades) if (trades.length > 0) pressDebtors(peer, env, trades);
  // Messages of the round that ends may still be on their way.
  if (peer.round > 0) for (const trade of tradesOf(peer, peer.round - 1)) slimTrade(trade);
  for (let next = Math.max(peer.round + 1, round - lifetimeRounds + 1); next <= round; next++)
    tradesOf(peer, next).length = 0;
  closeRound(peer.meter);
  peer.round = round;
  forgetDebts(peer);
  advanceStore(peer.store, round);
  if (round % CLOCK_ROUNDS === peer.self % CLOCK_ROUNDS) askClock(peer, env);
  if (round >= peer.tradesFrom) peer.setup.rules.began(peer, env);
}

/** Sets the timer for the end of the present round. */
function armRound(peer: PeerState, env: Env<StreamMessage>, now: number): void {
  env.setTimer('round', Math.max(1, (roundAt(peer.clock.roundMs, now) + 1) * peer.clock.roundMs - now));
}

/** The timer of rounds. */
export function onRoundTimer(peer: PeerState, env: Env<StreamMessage>): void {
  const now = streamTime(peer.clock, env.now);
  if (now === null) return beginPeer(peer, env);
  const round = roundAt(peer.clock.roundMs, now);
  if (round > peer.round && round >= 0) enterRound(peer, env, round);
  armRound(peer, env, now);
}

/** The first beacon came: trades begin with the second round after this one, since a former life may have acted in this one. */
export function onFirstBeacon(peer: PeerState, env: Env<StreamMessage>): void {
  const now = streamTime(peer.clock, env.now);
  if (now === null || peer.tradesFrom !== Number.POSITIVE_INFINITY) return;
  peer.tradesFrom = Math.max(0, roundAt(peer.clock.roundMs, now) + 2);
  peer.playFrom = peer.tradesFrom;
  onRoundTimer(peer, env);
}

/** A message for `round` came: enters it if it is the next one and its time has come by the sender's clock. */
export function followRound(peer: PeerState, env: Env<StreamMessage>, round: number): void {
  if (round !== peer.round + 1) return;
  const now = streamTime(peer.clock, env.now);
  if (now !== null && isTimely(peer.clock.roundMs, round, now)) enterRound(peer, env, round);
}
