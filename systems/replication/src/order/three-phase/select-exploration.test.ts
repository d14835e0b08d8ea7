/**
 * The rule that selects values for new views, explored (`compliance/select-exploration.ts`): every history of one slot for
 * the smallest fault models, random ones for larger. Rules that are wrong in one point each show that neither is blind.
 * EXPLORE=full goes further.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explore } from '@concordat/check';
import { equalBytes } from '@concordat/wire';
import { type SelectRule, selectedSlot } from '../../compliance/select-exploration.ts';
import { sample } from '../../compliance/select-histories.ts';
import type { FaultModel, Quorums } from '../../fault-model.ts';
import type { SlotClaim, Vouch } from '../../replica/messages.ts';
import { selectSlot } from './select.ts';

const isFull = process.env['EXPLORE'] === 'full';

interface Row {
  readonly model: FaultModel;
  readonly views: number;
  readonly states: number;
  readonly committed: number;
}

const SMALL: readonly Row[] = [
  { model: { u: 1, r: 0 }, views: 4, states: 16_916, committed: 5_350 },
  { model: { u: 1, r: 1 }, views: 3, states: 5_475, committed: 1_484 },
  { model: { u: 2, r: 0 }, views: 2, states: 920, committed: 324 },
  { model: { u: 2, r: 1 }, views: 1, states: 35, committed: 13 },
  { model: { u: 2, r: 2 }, views: 1, states: 35, committed: 13 },
];

const LARGE: readonly Row[] = [
  { model: { u: 1, r: 1 }, views: 4, states: 50_275, committed: 10_691 },
  { model: { u: 2, r: 0 }, views: 3, states: 28_257, committed: 7_737 },
  { model: { u: 2, r: 1 }, views: 2, states: 3_286, committed: 754 },
];

const nameOf = ({ u, r }: FaultModel): string => `(${u}, ${r})`;

describe('every history', () => {
  for (const { model, views, states, committed } of isFull ? [...SMALL, ...LARGE] : SMALL)
    it(`${nameOf(model)}, ${views} views: what commits stays, and correct members decide`, () => {
      const found = explore(selectedSlot(model, views, selectSlot));
      assert.deepEqual(
        { states: found.states, ...found.sometimes, violation: found.violation },
        { states, committed, violation: null },
      );
    });
});

describe('random histories of four views', () => {
  const runs = isFull ? 1_000_000 : 100_000;
  for (const model of [
    { u: 2, r: 1 },
    { u: 2, r: 2 },
  ])
    it(`${nameOf(model)}: what commits stays, and correct members decide`, () => {
      const { violation, committed } = sample(model, 4, selectSlot, runs);
      assert.equal(violation, null);
      assert.ok(committed > runs / 2, `${committed} runs commit`);
    });
});

/** What a rule finds in the claims. */
interface Evidence {
  /** The last prepared value that may have committed. */
  readonly prepared: Vouch | null;
  /** The last value that all may have accepted. */
  readonly accepted: Vouch | null;
  /** True if fewer than an agreement quorum are without a prepared value that speaks against `accepted`. */
  readonly isContested: boolean;
  /** True if an agreement quorum has prepared nothing. */
  readonly isFree: boolean;
}

type Counter = (holds: (claim: SlotClaim) => boolean) => number;
const isSame = (a: Vouch, b: Vouch): boolean => equalBytes(a.digest, b.digest);
const latest = (vouches: Vouch[]): Vouch | null => vouches.sort((a, b) => b.view - a.view)[0] ?? null;

function evidenceOf(
  quorums: Quorums,
  messages: number,
  claims: readonly SlotClaim[],
  liars: number,
): Evidence {
  const { agreement, vouching } = quorums;
  const count: Counter = (holds) => claims.filter(holds).length;
  const isPossible = (value: Vouch): boolean =>
    messages - count(({ prepared }) => contradicts(prepared, value, value.view + 1)) >= agreement &&
    count(({ accepted }) => accepted.some((v) => v.view >= value.view && isSame(v, value))) >= vouching;
  const isByAll = (value: Vouch): boolean =>
    count(({ accepted: [last] }) => last !== undefined && last.view >= value.view && isSame(last, value)) >=
    messages - liars;
  const accepted = latest(claims.flatMap((claim) => claim.accepted.slice(0, 1)).filter(isByAll));
  const against = accepted === null ? 0 : count(({ prepared }) => contradicts(prepared, accepted, Infinity));
  return {
    prepared: latest(
      claims.flatMap(({ prepared }) => (prepared === null ? [] : [prepared])).filter(isPossible),
    ),
    accepted,
    isContested: messages - against < agreement,
    isFree: messages - count(({ prepared }) => prepared !== null) >= agreement,
  };
}

/** True if a value is prepared not before `chosen`, and either differs or is of view `since` at least. */
const contradicts = (prepared: Vouch | null, chosen: Vouch, since: number): boolean =>
  prepared !== null && prepared.view >= chosen.view && (!isSame(prepared, chosen) || prepared.view >= since);

const free = ({ isFree }: Evidence): null | undefined => (isFree ? null : undefined);
const uncontested = ({ accepted, isContested }: Evidence): Vouch | null | undefined =>
  isContested ? undefined : accepted;

/** True if all may have accepted something after what is prepared. */
const isByAllLater = ({ prepared, accepted }: Evidence): boolean =>
  accepted !== null && (prepared === null || accepted.view > prepared.view);

/** The rule as it should be, in other words than those of `select.ts`. */
const sound = (found: Evidence): Vouch | null | undefined =>
  isByAllLater(found) ? uncontested(found) : (found.prepared ?? free(found));

interface Variant {
  readonly name: string;
  readonly select: (found: Evidence) => Vouch | null | undefined;
  /** How many more liars than r it allows for among those that accepted. */
  readonly surplus?: number;
  /** True if it is wrong for r = u only: otherwise u + 1 correct members outnumber r + 1 others. */
  readonly isFineBelow?: boolean;
  /** Where it is found out, and in which hearing. */
  readonly model: FaultModel;
  readonly last: string;
}

const WRONG: readonly Variant[] = [
  {
    name: 'what all accepted is ignored',
    select: (found) => found.prepared ?? free(found),
    model: { u: 1, r: 0 },
    last: 'view 1 hears A:a0 | A:a0: nothing',
  },
  {
    name: 'what all accepted wins over anything prepared',
    select: (found) => found.accepted ?? found.prepared ?? free(found),
    model: { u: 1, r: 1 },
    last: 'view 1 hears A:b0 | P:a0 A:a0, lies A:b0: b',
  },
  {
    name: 'what is prepared wins over what all accepted later',
    select: (found) => found.prepared ?? (found.accepted === null ? free(found) : uncontested(found)),
    model: { u: 1, r: 0 },
    last: 'view 2 hears A:b1 | P:a0 A:b1,a0: a',
  },
  {
    name: 'nothing that is prepared speaks against what all accepted later',
    select: (found) => (isByAllLater(found) ? found.accepted : (found.prepared ?? free(found))),
    model: { u: 1, r: 1 },
    last: 'view 1 hears A:b0 | P:a0 A:a0, lies A:b0: b',
  },
  {
    name: 'nobody who accepted may lie',
    select: sound,
    surplus: -1,
    model: { u: 1, r: 1 },
    last: 'view 1 hears A:a0 | A:a0, lies -: nothing',
  },
  {
    name: 'one more who accepted may lie',
    select: sound,
    surplus: 1,
    isFineBelow: true,
    model: { u: 1, r: 1 },
    last: 'view 1 hears - | -, lies A:z0: z',
  },
];

function ruleOf({ select, surplus }: Pick<Variant, 'select' | 'surplus'>): SelectRule {
  return (quorums, messages, claims) => {
    const chosen = select(evidenceOf(quorums, messages, claims, quorums.r + (surplus ?? 0)));
    return chosen === null || chosen === undefined ? chosen : chosen.digest;
  };
}

describe('a rule that is wrong in one point is found out', () => {
  it('and the one from which they differ is sound', () => {
    const rule = ruleOf({ select: sound });
    for (const r of [0, 1]) assert.equal(explore(selectedSlot({ u: 1, r }, 2, rule)).violation, null);
    for (const r of [1, 2]) assert.equal(sample({ u: 2, r }, 4, rule, 5000).violation, null);
  });

  for (const { name, model, last, ...variant } of WRONG)
    it(name, () => {
      assert.equal(explore(selectedSlot(model, 2, ruleOf(variant))).violation?.at(-1), last);
      for (const r of variant.isFineBelow === true ? [2] : [1, 2])
        assert.notEqual(sample({ u: 2, r }, 4, ruleOf(variant), 20_000).violation, null, `random, (2, ${r})`);
    });
});
