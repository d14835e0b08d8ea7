/**
 * Deviations of groups: colluders that pool what they get, and the lotus-eater attack, which gives some peers everything so that they
 * stop trading with the rest (arXiv 0806.1711).
 */

import { type Bits, copyBits, createBits, hasBit, popcount, unite } from '../bits.ts';
import { packetOf, putHeader, putPacket, type Store } from '../content/store.ts';
import { PUSH } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import { OBEDIENT } from '../trade/conduct.ts';
import type { Deviant, Deviation, Wrap } from './deviation.ts';

/** What a coalition holds together, over links of its own that nobody meters. */
interface Pool {
  store: Store | null;
}

/** Moves what `from` holds and `to` lacks. */
function pour(peer: PeerState, from: Store, to: Store): void {
  const { shape } = to;
  if (from.newest !== to.newest) return;
  for (let row = 0; row < shape.lifetime; row++) {
    const header = from.headers[row];
    if (header !== undefined) putHeader(to, header);
    for (let i = row * shape.rowWords; i < (row + 1) * shape.rowWords; i++) {
      if (popcount((from.have[i] as number) & ~(to.have[i] as number)) === 0) continue;
      for (let index = 0; index < shape.perRound; index++) {
        const packet = packetOf(from, row * shape.perRound + index);
        if (packet !== undefined && !hasBit(shape, to.have, row * shape.perRound + index))
          putPacket(to, peer.setup.check, packet);
      }
      break;
    }
  }
}

/** After each turn a colluder shares everything with the pool, which is one of the members' stores at a time. */
const pooling =
  (pool: Pool): Wrap =>
  (honest) => ({
    ...honest,
    settle: (state, env) => {
      honest.settle(state, env);
      const known = pool.store;
      if (known === null || known.newest < state.store.newest) pool.store = state.store;
      else if (known !== state.store) {
        pour(state, state.store, known);
        pour(state, known, state.store);
      }
    },
  });

export const pools: Deviation = {
  name: 'pools',
  what: 'a coalition shares all it gets, trades with outsiders, and never pushes',
  nature: 'rational',
  evidence: null,
  make: (): Deviant => ({
    conduct: {
      ...OBEDIENT,
      partners: (_peer, _env, tag, drawn) => (drawn === null || tag === PUSH ? [] : [drawn]),
    },
    wrap: pooling({ store: null }),
  }),
};

/** Which members a lotus-eater feeds: two of three. The others are to starve. */
export const isFed = (id: number): boolean => id % 3 !== 0;

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

export const lotusEaters: Deviation = {
  name: 'lotus-eaters',
  what: 'a coalition pools, feeds two thirds of the members whatever they lack, and serves nobody else',
  nature: 'byzantine',
  evidence: null,
  make: (): Deviant => ({
    conduct: {
      ...OBEDIENT,
      trusts: (_peer, _env, from) => isFed(from),
      claims: (peer, _env, claim) => ({ ...claim, want: everythingOf(peer, claim.have) }),
    },
    wrap: pooling({ store: null }),
  }),
};
