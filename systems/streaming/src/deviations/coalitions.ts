/**
 * Deviations of groups that know each other: they pool what they get, protect each other, serve nobody else; or satiate others, so
 * that these stop trading with the rest (the lotus-eater attack, arXiv 0806.1711).
 */

import type { NodeId, Strategy } from '@concordat/kernel';
import { type Bits, copyBits, createBits, hasBit, indexOfId, popcount, unite } from '../bits.ts';
import { packetOverhead, pathLength } from '../content/packets.ts';
import { packetOf, putHeader, putPacket } from '../content/store.ts';
import type { FlightMessage } from '../flightpath/messages.ts';
import type { FlightPeer } from '../flightpath/peer.ts';
import { PUSH } from '../messages/messages.ts';
import { USEFUL } from '../peer/meter.ts';
import type { PeerState } from '../peer/state.ts';
import type { Conduct } from '../trade/conduct.ts';
import { type Deviation, deviation, type Wrap } from './deviation.ts';
import { isFed } from './satiation.ts';

/** Bytes of packet `id` on any link. */
function bytesOf({ setup: { shape, config } }: PeerState, id: number): number {
  return config.packetBytes + packetOverhead(pathLength(shape.perRound, indexOfId(shape, id)));
}

/** Gives `to` a packet that `from` has, over a link of their own; it counts in their meters if that link `isMetered`. */
function hand(from: PeerState, to: PeerState, id: number, isMetered: boolean): void {
  const packet = packetOf(from.store, id);
  if (packet === undefined || putPacket(to.store, to.setup.check, packet) !== 'stored' || !isMetered) return;
  const bytes = bytesOf(from, id);
  from.meter.up[USEFUL] = (from.meter.up[USEFUL] as number) + bytes;
  to.meter.down[USEFUL] = (to.meter.down[USEFUL] as number) + bytes;
}

/** Moves what `from` holds and `to` lacks. */
function pour(from: PeerState, to: PeerState, isMetered: boolean): void {
  const { shape } = to.store;
  if (from.store.newest !== to.store.newest) return;
  for (let row = 0; row < shape.lifetime; row++) {
    const header = from.store.headers[row];
    if (header !== undefined) putHeader(to.store, header);
    for (let i = row * shape.rowWords; i < (row + 1) * shape.rowWords; i++) {
      if (popcount((from.store.have[i] as number) & ~(to.store.have[i] as number)) === 0) continue;
      for (let index = 0; index < shape.perRound; index++) {
        const id = row * shape.perRound + index;
        if (!hasBit(shape, to.store.have, id)) hand(from, to, id, isMetered);
      }
      break;
    }
  }
}

/** After each turn a colluder shares all it has with the one who was first in this round, and that one with it. */
function pooling(isMetered: boolean): Wrap {
  let first: PeerState | null = null;
  return (honest, view) => ({
    ...honest,
    settle: (state, env) => {
      honest.settle(state, env);
      const peer = view.peerOf(state);
      if (peer === null) return;
      if (first === null || first.store.newest < peer.store.newest) first = peer;
      else if (first !== peer) {
        pour(peer, first, isMetered);
        pour(first, peer, isMetered);
      }
    },
  });
}

/** Pools make what others push superfluous. */
const noPushes: Pick<Conduct, 'partners'> = {
  partners: (_peer, _env, tag, drawn) => (drawn === null || tag === PUSH ? [] : [drawn]),
};

export const pools: Deviation = deviation({
  name: 'pools',
  what: 'a coalition shares all it gets over links that cost nothing, trades with outsiders, and never pushes',
  source: 'facts 2.10',
  isJoint: true,
  isGraded: false,
  changes: () => ({ conduct: noPushes, wrap: pooling(false) }),
});

export const poolsAtCost: Deviation = deviation({
  name: 'pools-at-cost',
  what: 'the same over links that cost what others cost, without keys and signatures',
  source: 'facts 2.10',
  isJoint: true,
  isGraded: false,
  changes: () => ({ conduct: noPushes, wrap: pooling(true) }),
});

/** Who is in the group: each turn of a member tells. */
const gathering =
  (members: Set<NodeId>): Wrap =>
  (honest, view) => ({
    ...honest,
    settle: (state, env) => {
      honest.settle(state, env);
      const peer = view.peerOf(state);
      if (peer === null) return;
      members.add(peer.self);
      for (const id of peer.debtors.keys()) if (members.has(id)) peer.debtors.delete(id);
      for (const id of peer.evidence.keys()) if (members.has(id)) peer.evidence.delete(id);
    },
  });

/** FlightPath's own memory of who let trades come to nothing. */
const forgiving =
  (members: ReadonlySet<NodeId>): Strategy<FlightPeer, FlightMessage> =>
  (honest) => ({
    ...honest,
    settle: (state, env) => {
      honest.settle(state, env);
      for (const tried of [state.peer?.own.lapsed, state.peer?.own.silent])
        for (const id of tried?.keys() ?? []) if (members.has(id)) tried?.delete(id);
    },
  });

export const shields: Deviation = deviation({
  name: 'shields',
  what: 'members hold nothing against each other, hand in no evidence of each other, try each other first and give gifts to nobody else',
  isJoint: true,
  isGraded: false,
  changes: () => {
    const members = new Set<NodeId>();
    return {
      flight: {
        order: (_peer, _env, all) => [
          ...all.filter(({ id }) => members.has(id)),
          ...all.filter(({ id }) => !members.has(id)),
        ],
        gift: (_peer, partner, allowed) => (members.has(partner) ? allowed : 0),
      },
      wrap: gathering(members),
      strategy: forgiving(members),
    };
  },
});

export const servesMembersOnly: Deviation = deviation({
  name: 'serves-members-only',
  what: 'a coalition pools, and deals with nobody else',
  isJoint: true,
  isGraded: false,
  changes: () => {
    const members = new Set<NodeId>();
    const [gathered, pooled] = [gathering(members), pooling(false)];
    return {
      conduct: { trusts: (_peer, _env, from) => members.has(from) },
      flight: { order: (_peer, _env, all) => all.filter(({ id }) => members.has(id)) },
      wrap: (honest, view) => gathered(pooled(honest, view), view),
    };
  },
});

/** Wants whatever the partner has, so that the trade is as large as what it can give. */
const everythingOf = (peer: PeerState, have: Bits): Bits => {
  const all = createBits(peer.store.shape);
  all.fill(-1);
  return unmasked(peer, all, have);
};

/** Only bits that stand for packets. */
function unmasked(peer: PeerState, all: Bits, have: Bits): Bits {
  const { shape } = peer.store;
  const rest = shape.perRound & 31;
  const bits = copyBits(shape, all);
  if (rest !== 0)
    for (let row = 0; row < shape.lifetime; row++) bits[(row + 1) * shape.rowWords - 1] = (1 << rest) - 1;
  unite(bits, have);
  return bits;
}

export const lotusEaters: Deviation = deviation({
  name: 'lotus-eaters',
  what: 'a coalition pools, feeds two thirds of the members whatever they lack, and serves nobody else',
  nature: 'byzantine',
  source: 'facts 2.10',
  isJoint: true,
  isGraded: false,
  changes: () => ({
    conduct: {
      trusts: (_peer, _env, from) => isFed(from),
      claims: (peer, _env, claim) => ({ ...claim, want: everythingOf(peer, claim.have) }),
    },
    flight: { order: (_peer, _env, all) => all.filter(({ id }) => isFed(id)) },
    wrap: pooling(false),
  }),
});
