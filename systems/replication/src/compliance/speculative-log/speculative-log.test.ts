/**
 * Every history of a short log in speculative ordering. EXPLORE=full goes further, to three slots over three
 * views, and takes a quarter of an hour.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explore } from '@concordat/check';
import { createPrng, type Prng } from '@concordat/kernel';
import { quorumsOf } from '../../fault-model.ts';
import { select } from '../../order/speculative/select.ts';
import type { ViewChange } from '../../replica/messages.ts';
import type { Stable } from '../../replica/state.ts';
import {
  certifiedLength,
  IDLE,
  type Member,
  valueIn,
  viewIn,
  voteAt,
  voteCode,
  withCertificate,
  withVote,
} from './member.ts';
import { createOffers, DIGESTS } from './offers.ts';
import { append, cutTo, EMPTY, lengthOf, NULL, valueAt } from './prefix.ts';
import { LOG_RULES, type LogRuleName, protocol, type WrongLogRuleName } from './rules.ts';
import { type LogScope, type LogState, speculativeLog } from './speculative-log.ts';

const isFull = process.env['EXPLORE'] === 'full';

interface Row extends LogScope {
  readonly rule?: LogRuleName;
  readonly states: number;
  readonly complete: number;
}

const SMALL: readonly Row[] = [
  { model: { u: 1, r: 1 }, slots: 2, views: 3, states: 18_179, complete: 7_245 },
  { model: { u: 1, r: 1 }, slots: 3, views: 2, states: 794, complete: 556 },
  { model: { u: 1, r: 0 }, slots: 2, views: 3, states: 2_131, complete: 1_602 },
  { model: { u: 1, r: 0 }, slots: 3, views: 2, states: 185, complete: 160 },
  { model: { u: 2, r: 1 }, slots: 2, views: 2, states: 1_044, complete: 522 },
  { model: { u: 1, r: 1, spare: 1 }, slots: 2, views: 2, states: 1_044, complete: 737 },
  // As safe, and no better: a slot behind one in which nothing is selected cannot be complete.
  { model: { u: 1, r: 1 }, slots: 2, views: 3, rule: 'ends-at-gaps', states: 9_971, complete: 5_163 },
  // Letting go of what a view's beginning refutes leads nowhere else: whoever does might as well never have held it.
  { model: { u: 1, r: 1 }, slots: 2, views: 3, rule: 'longest-certificate', states: 18_179, complete: 7_245 },
  {
    model: { u: 1, r: 1 },
    slots: 2,
    views: 3,
    rule: 'all-useful-certificates',
    states: 20_359,
    complete: 8_951,
  },
];

const LARGE: readonly Row[] = [
  { model: { u: 1, r: 0 }, slots: 2, views: 4, states: 40_643, complete: 28_091 },
  { model: { u: 1, r: 0 }, slots: 3, views: 3, states: 28_353, complete: 24_000 },
  { model: { u: 2, r: 1 }, slots: 3, views: 2, states: 27_103, complete: 15_631 },
  { model: { u: 1, r: 0, spare: 1 }, slots: 2, views: 3, states: 40_525, complete: 35_598 },
  { model: { u: 1, r: 1, spare: 1 }, slots: 3, views: 2, states: 27_103, complete: 21_075 },
  { model: { u: 1, r: 1 }, slots: 2, views: 4, states: 1_192_310, complete: 328_143 },
  { model: { u: 1, r: 1 }, slots: 3, views: 3, states: 1_309_425, complete: 553_617 },
];

const nameOf = ({ model: { u, r, spare = 0 }, slots, views }: LogScope): string =>
  `(${u}, ${r})${spare === 0 ? '' : ` and ${spare} spare`}, ${slots} slots, ${views} views`;

describe('every history of a short log', () => {
  for (const { rule = 'protocol', states, complete, ...scope } of isFull ? [...SMALL, ...LARGE] : SMALL)
    it(`${nameOf(scope)}, ${rule}: what is complete stays`, () => {
      const found = explore(speculativeLog(scope, LOG_RULES[rule]));
      assert.deepEqual(
        { states: found.states, ...found.sometimes, violation: found.violation },
        { states, complete, violation: null },
      );
    });

  it('of one slot is what the model of one slot says', () => {
    const system = speculativeLog({ model: { u: 1, r: 1 }, slots: 1, views: 5 }, protocol);
    const { states } = explore({ ...system, key: (state) => JSON.stringify(state) });
    // As `select-slot.test.ts` has it for the four views before the last.
    assert.equal(states, 21_279);
  });
});

interface Wrong {
  readonly last: string;
  /** The fewest views in which it is seen. */
  readonly views: number;
  /** True if it takes a liar. */
  readonly needsLiar?: boolean;
}

const WRONG: Readonly<Record<WrongLogRuleName, Wrong>> = {
  'certificates-first': { views: 3, last: 'view 3 may begin with a, but b is complete' },
  'votes-first': { views: 2, last: 'view 2 may begin with b, but a is complete', needsLiar: true },
  'newest-certificate': { views: 3, last: 'view 3 may begin with a, but aa is complete' },
  'certificate-of-one-slot': { views: 2, last: 'view 2 may begin with 0a, but a is complete' },
  'forgotten-tail': { views: 3, last: 'view 3 may begin with a, but aa is complete' },
  'one-view-for-all': { views: 3, last: 'view 3 may begin with ab, but aa is complete', needsLiar: true },
};

describe('a rule that is wrong in one point is found out', () => {
  const violation = (name: WrongLogRuleName, r: number, slots: number, views: number) =>
    explore(speculativeLog({ model: { u: 1, r }, slots, views }, LOG_RULES[name])).violation;

  for (const [name, { last, views, needsLiar }] of Object.entries(WRONG) as [WrongLogRuleName, Wrong][])
    it(name, () => {
      assert.equal(violation(name, 1, 2, views - 1), null);
      assert.equal(violation(name, 1, 2, views)?.at(-1), last);
      assert.equal(violation(name, 0, 2, 3)?.at(-1), needsLiar === true ? undefined : last);
    });

  it('with three slots, as published', () => {
    assert.equal(violation('certificates-first', 1, 3, 3)?.at(-1), WRONG['certificates-first'].last);
    assert.equal(violation('votes-first', 1, 3, 2)?.at(-1), WRONG['votes-first'].last);
  });

  it('by a trace that can be read', () => {
    assert.deepEqual(violation('newest-certificate', 1, 2, 3), [
      'view 0: - | - | -, complete: -',
      'view 1: - | a1 a1 CC 1:aa | a1 a1 CC 1:aa, complete: aa',
      'view 2: - | a2 a2 CC 1:aa | a2 a2 CC 2:a, complete: aa',
      'view 3 may begin with a, but aa is complete',
    ]);
  });
});

/** What a member would say in its VIEW-CHANGE; it holds one certificate at most. */
function viewChange(member: Member, chains: readonly number[], slots: number): ViewChange {
  const view = chains.findIndex((_, i) => certifiedLength(member, i + 1) > 0) + 1;
  const log = cutTo(chains[view - 1] ?? EMPTY, certifiedLength(member, view));
  const digests = Array.from({ length: lengthOf(log) }, (_, i) => DIGESTS[valueAt(log, i + 1)] as Uint8Array);
  const acknowledgements = [{ sender: 0, incarnation: 1, slot: lengthOf(log), signature: new Uint8Array() }];
  return {
    type: 'view-change',
    view: chains.length + 1,
    sender: 0,
    incarnation: 1,
    stable: [],
    claims: Array.from({ length: slots }, (_, i) => i + 1)
      .filter((slot) => voteAt(member, slot) !== 0)
      .map((slot) => {
        const vote = voteAt(member, slot);
        const accepted = [{ view: viewIn(vote), digest: DIGESTS[valueIn(vote)] as Uint8Array }];
        return { slot, prepared: null, accepted };
      }),
    certificate: view === 0 ? null : { view, digests, acknowledgements },
    signature: new Uint8Array(),
  };
}

/** Any votes, and any certificate that exists, or none. */
function lie(random: Prng, { chains }: LogState, slots: number): Member {
  let member = IDLE;
  const view = chains.length === 0 ? 0 : random.below(chains.length + 1);
  const most = view === 0 ? 0 : lengthOf(chains[view - 1] ?? EMPTY);
  if (most > 0) member = withCertificate(member, view, 1 + random.below(most));
  for (let slot = 1; slot <= slots; slot++)
    if (random.chance(0.8))
      member = withVote(member, slot, voteCode(1 + random.below(chains.length), random.below(NULL + 1)));
  return member;
}

const GENESIS: Stable = { slot: 0, history: new Uint8Array(32), state: new Uint8Array(32), certificate: [] };

describe("the protocol's own selection", () => {
  const scopes: readonly LogScope[] = [
    { model: { u: 1, r: 1 }, slots: 2, views: 3 },
    { model: { u: 1, r: 1 }, slots: 3, views: 2 },
    { model: { u: 1, r: 0 }, slots: 2, views: 3 },
    { model: { u: 2, r: 1 }, slots: 2, views: 2 },
  ];
  for (const scope of scopes)
    it(`${nameOf(scope)}: is one of those that the model allows, and not always the same`, () => {
      const { model } = scope;
      const states: LogState[] = [];
      const system = speculativeLog(scope, protocol);
      const collect = (state: LogState): null => {
        states.push(state);
        return null;
      };
      explore({ ...system, problem: collect });
      const quorums = quorumsOf(model);
      const offers = createOffers(protocol, quorums, scope.slots);
      const random = createPrng(1, 'select');
      const seen = new Set<number>();
      for (let i = 0; i < 3000; i++) {
        const state = random.pick(states);
        if (state.view === 0) continue;
        const heard = [...state.members];
        while (heard.length > quorums.agreement - random.below(quorums.r + 1))
          heard.splice(random.below(heard.length), 1);
        while (heard.length < quorums.agreement) heard.push(lie(random, state, scope.slots));
        const changes = heard.map((member) => viewChange(member, state.chains, scope.slots));
        const selection = select({ quorums, changes, genesis: GENESIS, window: 8 });
        const stem = (selection?.digests ?? []).reduce(
          (log, digest) => append(log, digest === null ? NULL : DIGESTS.indexOf(digest as Uint8Array)),
          EMPTY,
        );
        assert.ok(offers(state.members, state.chains, state.view + 1).includes(stem));
        seen.add(stem);
      }
      assert.ok(seen.size > 3, `${seen.size} different selections`);
    });
});
