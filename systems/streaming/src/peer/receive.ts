/** What every peer does with messages, whatever the protocol: all but how a trade opens. */

import {
  applyUpdate,
  type EvictionList,
  type EvictionUpdate,
  mergeEvictions,
  TWO_EVICTION_LISTS,
} from '@concordat/accountability';
import { type Env, type NodeId, unreachable } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import { isBeaconSigned } from '../beacon.ts';
import { putPacket } from '../content/store.ts';
import { areEvictionsSigned, twoEvictionLists } from '../membership/evictions.ts';
import type { AuditAnswer, Beacon, Seed, StreamMessage } from '../messages/messages.ts';
import { onBeacon as takeBeacon } from '../rounds.ts';
import { receiveTrade } from '../trade/receive.ts';
import { learnHeader } from './headers.ts';
import { askClock, followRound, onFirstBeacon } from './round.ts';
import { type PeerState, post } from './state.ts';

export type CommonMessage = Exclude<
  StreamMessage,
  { kind: 'reserve' | 'accept' | 'push-offer' | 'push-want' }
>;

export function receiveCommon(
  peer: PeerState,
  env: Env<StreamMessage>,
  from: NodeId,
  message: CommonMessage,
): void {
  switch (message.kind) {
    case 'reveal':
    case 'briefcase':
    case 'key-ask':
    case 'key':
    case 'busy':
      return receiveTrade(peer, env, from, message);
    case 'seed':
      return onSeed(peer, env, from, message);
    case 'beacon':
      return onBeacon(peer, env, message);
    case 'evictions':
      return onEvictions(peer, env, from, message.update);
    case 'audit-ask':
      return onAuditAsk(peer, env, from, message.round);
    case 'clock-ask':
    case 'audit-answer':
      return;
    default:
      unreachable(message);
  }
}

function onSeed(peer: PeerState, env: Env<StreamMessage>, from: NodeId, seed: Seed): void {
  const { setup, store, meter } = peer;
  if (from !== setup.broadcaster.id) return void meter.voids++;
  followRound(peer, env, seed.header.round);
  if (!learnHeader(peer, seed.header)) return;
  if (seed.header.evictions > peer.evictions.entries.length) askForEvictions(peer, env);
  for (const packet of seed.packets)
    if (putPacket(store, setup.check, packet) === 'duplicate') meter.duplicates++;
}

export function onBeacon(peer: PeerState, env: Env<StreamMessage>, beacon: Beacon): void {
  const { keys, stream, clock } = peer.setup;
  if (beacon.nonce !== peer.clock.nonce || !isBeaconSigned(keys, stream, clock, beacon))
    return void peer.meter.voids++;
  takeBeacon(peer.clock, beacon.nonce, beacon.sessionMs, env.now);
  onFirstBeacon(peer, env);
}

/**
 * The broadcaster has announced evictions that are not known here: it is asked for them, once a round. Whoever joins after one learns of it
 * so, and whom a link failed.
 */
function askForEvictions(
  peer: PeerState,
  env: Env<StreamMessage>,
  known = peer.evictions.entries.length,
): void {
  const { clock, broadcaster } = peer.setup;
  if (peer.evictionsAskedIn === peer.round) return;
  peer.evictionsAskedIn = peer.round;
  if (clock.id === broadcaster.id && known === peer.evictions.entries.length) return askClock(peer, env);
  post(peer, env, broadcaster.id, { kind: 'clock-ask', nonce: 0, evictions: known });
}

export function onEvictions(
  peer: PeerState,
  env: Env<StreamMessage>,
  from: NodeId,
  update: EvictionUpdate,
): void {
  const { keys, stream, broadcaster } = peer.setup;
  const list = applyUpdate(peer.evictions, update);
  peer.meter.verifications++;
  if (list === null || !areEvictionsSigned(keys, stream, broadcaster, list)) {
    peer.meter.voids++;
    // What is known here may be another story than it tells now: the whole of it shows.
    if (from === broadcaster.id && update.after > 0)
      askForEvictions(peer, env, list === null ? undefined : 0);
    return;
  }
  const merged = mergeEvictions(keys.hash, peer.evictions, list);
  if (merged === null) return contradicted(peer, env, list);
  peer.evictions = merged;
  for (const { member } of list.entries) peer.evidence.delete(member);
}

/** The broadcaster has signed two lists that do not continue each other: it is told to the host, nobody can evict it. */
function contradicted({ setup, evictions }: PeerState, env: Env<StreamMessage>, list: EvictionList): void {
  const { keys, stream, broadcaster } = setup;
  const proof = twoEvictionLists(keys, stream, broadcaster.id, evictions, list);
  if (proof === null) return;
  const rule = TWO_EVICTION_LISTS.name;
  env.note({ kind: 'evidence', accused: broadcaster.id, rule, about: list.version, proof: toHex(proof) });
}

const NOTHING = new Uint8Array(0);

/** Gives the broadcaster one piece of evidence, or as many bytes of nothing. */
function onAuditAsk(peer: PeerState, env: Env<StreamMessage>, from: NodeId, round: number): void {
  if (from !== peer.setup.broadcaster.id) return void peer.meter.voids++;
  const [next] = peer.setup.conduct.reports(peer, env) ? peer.evidence : [];
  const answer: AuditAnswer = { kind: 'audit-answer', round, evidence: next?.[1] ?? NOTHING };
  if (post(peer, env, from, answer) && next !== undefined) peer.evidence.delete(next[0]);
}
