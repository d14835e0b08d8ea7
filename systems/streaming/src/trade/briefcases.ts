/** Packing and receiving briefcases. What is listed is what both sides computed; what came is looked at once its key is known. */

import type { Env } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { hasBit, indexOfId, JUNK, roundOfId } from '../bits.ts';
import { junkBytesOf } from '../config.ts';
import { partBytes } from '../content/encode.ts';
import type { RoundHeader } from '../content/header.ts';
import { packetOverhead, pathLength } from '../content/packets.ts';
import { headerOf, packetOf } from '../content/store.ts';
import { type Briefcase, KEY_BYTES, PUSH, type StreamMessage } from '../messages/messages.ts';
import { learnHeader } from '../peer/headers.ts';
import { findTrade, type PeerState, post, strike } from '../peer/state.ts';
import type { Packed } from './conduct.ts';
import { askForKey } from './key-release.ts';
import { keyDigestOf } from './opening.ts';
import { type Item, SCRAP } from './sealing.ts';
import { authenticBody, signStatement, unsigned } from './signing.ts';
import type { Trade } from './trade.ts';

/** Headers of the rounds in `ids` that are not in the mask `known`. */
function headersFor(peer: PeerState, trade: Trade, known: number): RoundHeader[] {
  const { shape } = peer.setup;
  let mask = known;
  const headers: RoundHeader[] = [];
  for (const id of trade.give) {
    if (id === JUNK) continue;
    const row = Math.floor(id / shape.perRound);
    if ((mask >>> row) & 1) continue;
    mask |= 1 << row;
    const header = headerOf(peer.store, roundOfId(shape, id, trade.round));
    if (header !== undefined) headers.push(header);
  }
  return headers;
}

/** The packet that is listed as `id`, or what a deviation puts in its place; null if it is gone. */
function itemFor(peer: PeerState, round: number, id: number, what: Packed): Item | null {
  if (what === 'scrap') return SCRAP;
  if (what === 'junk') return new Uint8Array(Math.max(2, itemSize(peer, round, id)));
  const packet = packetOf(peer.store, id);
  if (packet === undefined) return null;
  return what === 'packet' ? packet : { ...packet, payload: SPOILED[what](packet.payload) };
}

const SPOILED: Record<'poisoned' | 'truncated', (payload: Uint8Array) => Uint8Array> = {
  poisoned: (payload) => payload.map((byte, at) => (at === 0 ? byte ^ 1 : byte)),
  truncated: (payload) => payload.subarray(0, payload.length - 1),
};

/** The item for each listed id; null if one is gone. */
function itemsFor(peer: PeerState, env: Env<StreamMessage>, trade: Trade): Item[] | null {
  const { conduct, sealing } = peer.setup;
  const items: Item[] = [];
  for (const id of trade.give) {
    if (id === JUNK) items.push(sealing.junk);
    else {
      const item = itemFor(peer, trade.round, id, conduct.packs(peer, env, trade, id));
      if (item === null) return null;
      items.push(item);
    }
  }
  return items;
}

/** 4: sends what this side gives, under a fresh key. */
export function sendBriefcase(peer: PeerState, env: Env<StreamMessage>, trade: Trade): void {
  const { conduct, sealing } = peer.setup;
  if (trade.answer === null || trade.key !== null || !conduct.delivers(peer, env, trade)) return;
  const items = itemsFor(peer, env, trade);
  if (items === null) return;
  const key = env.secret(KEY_BYTES);
  const sealed = sealing.seal(key, items);
  const briefcase: Briefcase = {
    kind: 'briefcase',
    epoch: peer.list.epoch,
    round: trade.round,
    tag: trade.tag,
    from: peer.self,
    to: trade.peer,
    answers: trade.answer,
    contents: trade.give,
    keyDigest: keyDigestOf(peer, key),
    sealDigest: sealing.digestOf(sealed),
    signature: unsigned(),
    headers: headersFor(peer, trade, trade.theirs?.known ?? 0),
    sealed,
  };
  trade.key = key;
  signStatement(peer, briefcase);
  post(peer, env, trade.peer, briefcase);
}

function isListed(contents: readonly number[], list: readonly number[]): boolean {
  if (contents.length !== list.length) return false;
  for (let i = 0; i < contents.length; i++) if (contents[i] !== list[i]) return false;
  return true;
}

/** In return for a push comes as much as was given, each item one that was asked for, or junk. */
function isPushReturn({ setup: { shape } }: PeerState, trade: Trade, contents: readonly number[]): boolean {
  if (contents.length !== trade.give.length) return false;
  const packets = shape.lifetime * shape.perRound;
  return contents.every(
    (id, i) =>
      id === JUNK || (id < packets && hasBit(shape, trade.claim.want, id) && contents.indexOf(id) === i),
  );
}

/** What the item listed as `id` takes; -1 for one of a round that nothing is known of. */
function itemSize({ setup, store }: PeerState, round: number, id: number): number {
  const { shape, config } = setup;
  if (id === JUNK) return junkBytesOf(config);
  const header = headerOf(store, roundOfId(shape, id, round));
  if (header === undefined) return -1;
  const overhead = packetOverhead(pathLength(shape.perRound, indexOfId(shape, id)));
  return overhead + partBytes(header.payloadBytes, config.neededPackets);
}

/** The trade that a briefcase is for: two peers can be in two trades of a kind, one begun by each. */
function tradeFor(peer: PeerState, { round, tag, from, answers }: Briefcase): Trade | null {
  for (const isInitiator of [true, false]) {
    const trade = findTrade(peer, round, tag, from, isInitiator);
    if (trade !== null && trade.answer !== null && equalBytes(trade.answer, answers)) return trade;
  }
  return null;
}

export function onBriefcase(peer: PeerState, env: Env<StreamMessage>, briefcase: Briefcase): void {
  const { sealing } = peer.setup;
  const { contents, sealed, from } = briefcase;
  const trade = tradeFor(peer, briefcase);
  if (trade === null || trade.stage !== 'agreed' || trade.received !== null) return void peer.meter.voids++;
  const isReturn = trade.tag === PUSH && trade.isInitiator;
  const isExpected = isReturn ? isPushReturn(peer, trade, contents) : isListed(contents, trade.take);
  if (!isExpected || sealing.countOf(sealed) !== contents.length)
    return strike(peer, env, from, 'unexpected-briefcase');
  if (authenticBody(peer, env, briefcase) === null) return;
  if (!equalBytes(sealing.digestOf(sealed), briefcase.sealDigest))
    return strike(peer, env, from, 'unsigned-content');
  for (const header of briefcase.headers) learnHeader(peer, header);
  // Else junk could be smaller than what it stands for, and withholding its key would hide it.
  const fits = contents.every((id, at) => sealing.fits(sealed, at, itemSize(peer, trade.round, id)));
  if (!fits && !peer.setup.config.keys.acceptsScraps) return strike(peer, env, from, 'short-briefcase');
  trade.received = briefcase;
  if (!trade.isInitiator && trade.give.length > 0) sendBriefcase(peer, env, trade);
  // The initiator asks once it has given its own key.
  if (!trade.isInitiator || trade.give.length === 0) askForKey(peer, env, trade);
}
