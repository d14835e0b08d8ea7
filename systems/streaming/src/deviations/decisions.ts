/** Deviations of a single peer that replace decisions: facts 2.10, and the attacks on each step of a trade. */

import type { NodeId } from '@concordat/kernel';
import { type Bits, clearBit, countBits, hasBit, idOf, setBit } from '../bits.ts';
import { oldestRound } from '../content/store.ts';
import { type Claim, PUSH } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import type { Conduct } from '../trade/conduct.ts';
import type { Trade } from '../trade/trade.ts';
import { type Deviation, deviation } from './deviation.ts';

/** Somebody of the list other than `self`, and other than `not`. */
function anyone(peer: PeerState, draw: (bound: number) => number, not: NodeId | null): NodeId[] {
  const members = [...peer.list.members];
  for (let i = 0; i < 8; i++) {
    const id = members[draw(members.length)]?.id;
    if (id !== undefined && id !== peer.self && id !== not) return [id];
  }
  return [];
}

/** All packets of the window, held or not. */
function everything({ store }: PeerState, bits: Bits): Bits {
  const all = bits.slice();
  for (let round = oldestRound(store); round <= store.newest; round++)
    for (let index = 0; index < store.shape.perRound; index++)
      setBit(store.shape, all, idOf(store.shape, round, index));
  return all;
}

/** About half of what it has. */
function half({ store }: PeerState, claim: Claim): Claim {
  const have = claim.have.slice();
  const { shape } = store;
  for (let id = 0; id < shape.lifetime * shape.perRound; id += 2)
    if (hasBit(shape, have, id)) clearBit(shape, have, id);
  return { ...claim, have };
}

export const neverAnswers: Deviation = deviation({
  name: 'never-answers',
  what: 'ignores everybody who may trade with it',
  source: 'facts 2.10',
  changes: (happens) => ({ conduct: { answers: (_peer, env) => !happens(env) } }),
});

export const silent: Deviation = deviation({
  name: 'silent',
  what: 'takes what it is seeded with and says nothing',
  nature: 'byzantine',
  isGraded: false,
  changes: () => ({
    conduct: { answers: () => false, partners: () => [] },
    flight: { initiations: () => 0, accepts: () => false },
  }),
});

export const deliversNothing: Deviation = deviation({
  name: 'delivers-nothing',
  what: 'agrees to every trade, claiming to have everything, and sends no briefcase',
  nature: 'byzantine',
  source: 'facts 3.7',
  changes: (happens) => ({
    conduct: {
      claims: (peer, _env, claim) => ({ ...claim, have: everything(peer, claim.have) }),
      delivers: (_peer, env) => !happens(env),
    },
  }),
});

export const withholdsKeys: Deviation = deviation({
  name: 'withholds-keys',
  what: 'keeps its keys once it has the key of the other side',
  source: 'facts 2.10',
  changes: (happens) => ({
    conduct: { releases: (_peer, env, trade) => trade.isInitiator || !happens(env) },
  }),
});

export const withholdsAllKeys: Deviation = deviation({
  name: 'withholds-all-keys',
  what: 'never hands over a key, not even the one that must come first',
  nature: 'byzantine',
  source: 'facts 2.10',
  changes: (happens) => ({ conduct: { releases: (_peer, env) => !happens(env) } }),
});

export const asksNoKeys: Deviation = deviation({
  name: 'asks-no-keys',
  what: 'saves the bytes of asking for keys',
  changes: (happens) => ({ conduct: { asks: (_peer, env) => !happens(env) } }),
});

export const underReports: Deviation = deviation({
  name: 'under-reports',
  what: 'hides half of what it has, to give less',
  source: 'facts 2.10',
  changes: (happens) => ({
    conduct: {
      claims: (peer, env, claim) => (happens(env) ? half(peer, claim) : claim),
    },
  }),
});

export const overReports: Deviation = deviation({
  name: 'over-reports',
  what: 'claims packets that it lacks and seals junk for them',
  source: 'facts 2.10',
  evidence: 'bad-briefcase',
  changes: (happens) => ({
    conduct: {
      claims: (peer, env, claim) => (happens(env) ? { ...claim, have: everything(peer, claim.have) } : claim),
      packs: (peer, _env, _trade, id) => (hasBit(peer.store.shape, peer.store.have, id) ? 'packet' : 'junk'),
    },
  }),
});

export const sealsJunk: Deviation = deviation({
  name: 'seals-junk',
  what: 'seals junk instead of what the signed list names',
  nature: 'byzantine',
  source: 'facts 2.7',
  evidence: 'bad-briefcase',
  changes: (happens) => ({ conduct: { packs: (_peer, env) => (happens(env) ? 'junk' : 'packet') } }),
});

/** Trades in which junk stands for packets: their keys must never be shown. */
const neverReleasing = (): Pick<Conduct, 'packs' | 'releases'> => {
  const unsafe = new WeakSet<Trade>();
  return {
    packs: (peer, _env, trade, id) => {
      const isHeld = hasBit(peer.store.shape, peer.store.have, id);
      if (!isHeld) unsafe.add(trade);
      return isHeld ? 'packet' : 'junk';
    },
    releases: (_peer, _env, trade) => !unsafe.has(trade),
  };
};

export const overReportsWithholding: Deviation = deviation({
  name: 'over-reports-and-withholds',
  what: 'claims packets that it lacks, seals junk, takes the other key and keeps its own, so that nobody can prove it',
  changes: (happens) => ({
    conduct: {
      ...neverReleasing(),
      // Initiators hand their key over first, so only a responder can have the other one and keep its own.
      claims: (peer, env, claim, _tag, _to, isInitiator) =>
        !isInitiator && happens(env) ? { ...claim, have: everything(peer, claim.have) } : claim,
    },
  }),
});

export const sealsScraps: Deviation = deviation({
  name: 'seals-scraps',
  what: 'answers briefcases with next to nothing under a key that it keeps, so that nobody sees',
  changes: (happens) => {
    const scrapped = new WeakSet<Trade>();
    return {
      conduct: {
        packs: (_peer, env, trade) => {
          if (!trade.isInitiator && !scrapped.has(trade) && happens(env)) scrapped.add(trade);
          return scrapped.has(trade) ? 'scrap' : 'packet';
        },
        releases: (_peer, _env, trade) => !scrapped.has(trade),
      },
    };
  },
});

export const grindsPartners: Deviation = deviation({
  name: 'grinds-partners',
  what: 'contacts whom it likes instead of whom it drew',
  protocols: ['gossip'],
  source: 'facts 2.10',
  evidence: 'wrong-partner',
  changes: (happens) => ({
    conduct: {
      partners: (peer, env, _tag, drawn) => {
        if (!happens(env)) return drawn === null ? [] : [drawn];
        return anyone(peer, (bound) => env.random.below(bound), drawn);
      },
    },
  }),
});

export const initiatesTwice: Deviation = deviation({
  name: 'initiates-twice',
  what: 'contacts a second peer beside the one that it drew',
  protocols: ['gossip'],
  source: 'facts 2.10',
  evidence: 'wrong-partner',
  changes: (happens) => ({
    conduct: {
      partners: (peer, env, _tag, drawn) => {
        const allowed = drawn === null ? [] : [drawn];
        return happens(env)
          ? [...allowed, ...anyone(peer, (bound) => env.random.below(bound), drawn)]
          : allowed;
      },
    },
  }),
});

export const opensTwice: Deviation = deviation({
  name: 'opens-twice',
  what: 'opens two trades with the peer that it drew, with different claims',
  protocols: ['gossip'],
  source: 'facts 2.7',
  evidence: 'two-statements',
  changes: (happens) => ({
    conduct: {
      partners: (_peer, env, _tag, drawn) => {
        if (drawn === null) return [];
        return happens(env) ? [drawn, drawn] : [drawn];
      },
    },
  }),
});

export const returnsJunk: Deviation = deviation({
  name: 'returns-junk',
  what: 'answers pushes with junk although it has what was asked for',
  protocols: ['gossip'],
  source: 'facts 2.10',
  changes: (happens) => ({ conduct: { returns: (_peer, env, _owed, held) => (happens(env) ? [] : held) } }),
});

export const skipsPushes: Deviation = deviation({
  name: 'skips-pushes',
  what: 'never pushes',
  protocols: ['gossip'],
  source: 'facts 2.10',
  changes: (happens) => ({
    conduct: {
      partners: (_peer, env, tag, drawn) => (drawn === null || (tag === PUSH && happens(env)) ? [] : [drawn]),
    },
  }),
});

export const refusesPushes: Deviation = deviation({
  name: 'refuses-pushes',
  what: 'takes nothing that is pushed, so that it owes nothing',
  protocols: ['gossip'],
  changes: (happens) => ({ conduct: { wants: (_peer, env, useful) => (happens(env) ? [] : useful) } }),
});

export const refusesSome: Deviation = deviation({
  name: 'refuses-some',
  what: 'neither answers nor contacts every third member',
  source: 'facts 2.10',
  changes: (happens) => ({ conduct: { trusts: (_peer, env, from) => from % 3 !== 0 || !happens(env) } }),
});

const isRich = ({ store }: PeerState): boolean =>
  countBits(store.have) > 0.7 * store.shape.perRound * (store.newest - oldestRound(store) + 1);

export const tradesWhenPoor: Deviation = deviation({
  name: 'trades-when-poor',
  what: 'stops contacting others once it lacks next to nothing',
  changes: (happens) => ({
    conduct: {
      partners: (peer, env, _tag, drawn) => (drawn === null || (isRich(peer) && happens(env)) ? [] : [drawn]),
    },
    flight: { initiations: (peer, env, asked) => (isRich(peer) && happens(env) ? 0 : asked) },
  }),
});

export const hidesEvidence: Deviation = deviation({
  name: 'hides-evidence',
  what: 'answers audits with filler',
  changes: (happens) => ({ conduct: { reports: (_peer, env) => !happens(env) } }),
});
