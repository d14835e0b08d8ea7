/** What every peer does with messages, whatever the protocol: all but how a trade opens. */

import { type Env, type NodeId, unreachable } from '@concordat/kernel';
import { isBeaconSigned } from '../beacon.ts';
import { putPacket } from '../content/store.ts';
import { areEvictionsSigned, type EvictionList, extendsEvictions } from '../membership/evictions.ts';
import type { AuditAnswer, Beacon, Seed, StreamMessage } from '../messages/messages.ts';
import { onBeacon as takeBeacon } from '../rounds.ts';
import { receiveTrade } from '../trade/receive.ts';
import { learnHeader } from './headers.ts';
import { followRound, onFirstBeacon } from './round.ts';
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
      return onEvictions(peer, message.list);
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
  if (from !== setup.broadcaster.id) return;
  followRound(peer, env, seed.header.round);
  if (!learnHeader(peer, seed.header)) return;
  for (const packet of seed.packets)
    if (putPacket(store, setup.check, packet) === 'duplicate') meter.duplicates++;
}

export function onBeacon(peer: PeerState, env: Env<StreamMessage>, beacon: Beacon): void {
  const { keys, stream, clock } = peer.setup;
  if (beacon.nonce !== peer.clock.nonce || !isBeaconSigned(keys, stream, clock, beacon)) return;
  takeBeacon(peer.clock, beacon.nonce, beacon.sessionMs, env.now);
  onFirstBeacon(peer, env);
}

function onEvictions(peer: PeerState, list: EvictionList): void {
  const { keys, stream, broadcaster } = peer.setup;
  if (!extendsEvictions(peer.evictions, list) || !areEvictionsSigned(keys, stream, broadcaster, list)) return;
  peer.evictions = list;
  for (const { member } of list.entries) peer.evidence.delete(member);
}

const NOTHING = new Uint8Array(0);

/** Gives the broadcaster one piece of evidence, or as many bytes of nothing. */
function onAuditAsk(peer: PeerState, env: Env<StreamMessage>, from: NodeId, round: number): void {
  if (from !== peer.setup.broadcaster.id) return;
  const [next] = peer.setup.conduct.reports(peer, env) ? peer.evidence : [];
  if (next !== undefined) peer.evidence.delete(next[0]);
  const answer: AuditAnswer = { kind: 'audit-answer', round, evidence: next?.[1] ?? NOTHING };
  post(peer, env, from, answer);
}
