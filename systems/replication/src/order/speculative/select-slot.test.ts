/**
 * The rule against the table C1 to C10 and the runs A and B that broke the published ones, and every history of a few
 * views with one slot. EXPLORE=full goes further.
 */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { explore } from '@concordat/check';
import { certificatesFirst, SLOT_RULES, votesFirst } from '../../compliance/published-rules.ts';
import { type SpeculativeRule, speculativeSlot } from '../../compliance/speculative-exploration.ts';
import { type FaultModel, quorumsOf } from '../../fault-model.ts';
import { type SpeculativeClaim, selectSlot, type Vote } from './select-slot.ts';

const QUORUMS = quorumsOf({ u: 1, r: 1 });

/** `a@1`: the digest named a, in view 1. */
function seen(text: string): Vote {
  const [name = '', view = ''] = text.split('@');
  return { view: Number(view), digest: new Uint8Array(32).fill(name.charCodeAt(0)) };
}

const nameOf = (digest: Uint8Array | null): string | null =>
  digest === null ? null : String.fromCharCode(digest[0] ?? 0);

/** `a@1 CC(a@1)`: voted, holds; `-` for nothing. */
function claim(text: string): SpeculativeClaim {
  const certificate = text.match(/CC\((.*)\)/)?.[1];
  const latest = text.replace(/CC\(.*\)/, '').trim();
  return {
    latest: latest === '' || latest === '-' ? null : seen(latest),
    certificate: certificate === undefined ? null : seen(certificate),
  };
}

const isNamed =
  (invalid: string) =>
  ({ digest }: Vote): boolean =>
    nameOf(digest) !== invalid;

interface Row {
  readonly name: string;
  readonly heard: readonly string[];
  readonly selected: string | null;
  /** A digest whose certificates are not valid. */
  readonly invalid?: string;
  readonly contradiction?: string;
}

const TABLE: readonly Row[] = [
  { name: 'C1 votes above a certificate', heard: ['b@2', 'b@2', 'CC(a@1)'], selected: 'b' },
  {
    name: 'C2 a certificate of the view of the votes',
    heard: ['a@1 CC(a@1)', 'b@1', 'b@1'],
    selected: 'a',
    contradiction: 'b',
  },
  { name: 'C3 votes alone', heard: ['b@2', 'b@2', 'b@2'], selected: 'b' },
  { name: 'C4 too few votes', heard: ['a@1', 'b@1', '-'], selected: null },
  {
    name: 'C5 an invalid certificate neither wins nor hides another',
    heard: ['CC(z@5)', 'CC(a@1)', 'a@1'],
    invalid: 'z',
    selected: 'a',
  },
  { name: 'C6 votes of the next view', heard: ['CC(x@2)', 'y@3', 'y@3'], selected: 'y' },
  {
    name: 'C7 a primary that proposed two values',
    heard: ['CC(x@2)', 'y@2', 'y@2'],
    selected: 'x',
    contradiction: 'y',
  },
  { name: 'C8 the highest certificate', heard: ['CC(a@1)', 'CC(b@2)', 'b@2'], selected: 'b' },
  { name: 'C9 votes of different views', heard: ['CC(a@1)', 'b@2', 'b@3'], selected: 'b' },
  { name: 'C10 one vote above', heard: ['CC(a@1)', 'b@2', 'a@1'], selected: 'a' },
];

describe('the selection', () => {
  for (const { name, heard, selected, invalid, contradiction } of TABLE)
    it(`${name}: ${heard.join(' | ')} selects ${selected ?? 'anything'}`, () => {
      for (const claims of permutations(heard.map(claim))) {
        const found = selectSlot(QUORUMS, claims, isNamed(invalid ?? ''));
        assert.equal(nameOf(found.digest), selected);
        assert.equal(nameOf(found.contradiction?.digest ?? null), contradiction ?? null);
      }
    });
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}

const ours: SpeculativeRule = SLOT_RULES.protocol;

/** What members hold in one slot, step by step: r0 lies. */
class Script {
  readonly held = new Map<string, SpeculativeClaim>();
  readonly complete: string[] = [];

  vote(value: string, ...members: readonly string[]): void {
    for (const member of members) {
      const { certificate } = this.held.get(member) ?? claim('-');
      this.held.set(member, { latest: seen(value), certificate });
    }
  }

  certify(value: string, ...members: readonly string[]): void {
    for (const member of members) {
      const { latest } = this.held.get(member) ?? claim('-');
      this.held.set(member, { latest, certificate: seen(value) });
    }
    // r0 acknowledges, too.
    if (members.length + 1 >= QUORUMS.agreement) this.complete.push(value.charAt(0));
  }

  /** What the rule selects when the new primary hears these members, and r0 says that. */
  change(rule: SpeculativeRule, lie: string, ...members: readonly string[]): string | null {
    const honest = members.map((member) => this.held.get(member) ?? claim('-'));
    return nameOf(rule(QUORUMS, [...honest, claim(lie)]));
  }
}

/** SOSP'07's rule loses what completed by the votes of all, two view changes later. */
function runA(rule: SpeculativeRule): readonly string[] {
  const script = new Script();
  // View 1: r0 sends a to r2 and r3 and keeps the certificate that their answers make.
  script.vote('a@1', 'r2', 'r3');
  // View 2, led by r1: it hears r0, itself and r3, and nothing binds it.
  script.vote('b@1', 'r1');
  assert.equal(script.change(rule, 'b@1', 'r1', 'r3'), 'b');
  script.vote('b@2', 'r1', 'r2', 'r3');
  script.complete.push('b');
  // View 3, led by r2: r0 shows its certificate.
  const selected = script.change(rule, 'CC(a@1)', 'r2', 'r3');
  if (selected === 'a') {
    script.vote('a@3', 'r2', 'r3');
    script.certify('a@3', 'r2', 'r3');
  }
  return script.complete;
}

/** The other order of preference loses what completed by a certificate, one view change later. */
function runB(rule: SpeculativeRule): readonly string[] {
  const script = new Script();
  // View 1: r0 sends a to r1 and r2, b to r3; a client completes a by its certificate.
  script.vote('a@1', 'r1', 'r2');
  script.vote('b@1', 'r3');
  script.certify('a@1', 'r1', 'r2');
  // View 2: r0 claims to have accepted b.
  const selected = script.change(rule, 'b@1', 'r1', 'r3');
  if (selected === 'b') {
    script.vote('b@2', 'r1', 'r3');
    script.certify('b@2', 'r1', 'r3');
  }
  return script.complete;
}

describe('the runs that broke published rules', () => {
  it('A: certificates first completes two values in one slot, ours does not', () => {
    assert.deepEqual(runA(certificatesFirst), ['b', 'a']);
    assert.deepEqual(runA(ours), ['b']);
  });

  it('B: votes first completes two values in one slot, ours does not', () => {
    assert.deepEqual(runB(votesFirst), ['a', 'b']);
    assert.deepEqual(runB(ours), ['a']);
  });
});

const isFull = process.env['EXPLORE'] === 'full';

interface Explored {
  readonly model: FaultModel;
  readonly views: number;
  /** The beginning included. */
  readonly states: number;
  readonly complete: number;
}

const SMALL: readonly Explored[] = [
  { model: { u: 1, r: 0 }, views: 4, states: 11_943, complete: 5_640 },
  { model: { u: 1, r: 1 }, views: 4, states: 21_279, complete: 6_826 },
  { model: { u: 2, r: 0 }, views: 2, states: 871, complete: 400 },
  { model: { u: 2, r: 1 }, views: 2, states: 2_078, complete: 588 },
  { model: { u: 2, r: 2 }, views: 2, states: 2_078, complete: 588 },
  { model: { u: 1, r: 0, spare: 1 }, views: 2, states: 763, complete: 500 },
  { model: { u: 1, r: 1, spare: 1 }, views: 2, states: 1_652, complete: 794 },
];

const LARGE: readonly Explored[] = [
  { model: { u: 1, r: 1 }, views: 5, states: 134_741, complete: 37_120 },
  { model: { u: 2, r: 0 }, views: 3, states: 14_164, complete: 5_542 },
  { model: { u: 2, r: 1 }, views: 3, states: 40_750, complete: 8_094 },
  { model: { u: 1, r: 0, spare: 1 }, views: 3, states: 10_780, complete: 6_462 },
  { model: { u: 1, r: 1, spare: 1 }, views: 3, states: 24_872, complete: 10_260 },
  { model: { u: 2, r: 1, spare: 1 }, views: 2, states: 7_477, complete: 2_366 },
];

const nameOfModel = ({ u, r, spare = 0 }: FaultModel): string =>
  `(${u}, ${r})${spare === 0 ? '' : ` and ${spare} spare`}`;

const violationOf = (model: FaultModel, views: number, rule: SpeculativeRule) =>
  explore(speculativeSlot(model, views, rule)).violation;

describe('every history of one slot', () => {
  for (const { model, views, states, complete } of isFull ? [...SMALL, ...LARGE] : SMALL)
    it(`${nameOfModel(model)}, ${views} views: at most one value completes`, () => {
      const found = explore(speculativeSlot(model, views, ours));
      assert.deepEqual(
        { states: found.states, ...found.sometimes, violation: found.violation },
        { states, complete, violation: null },
      );
    });

  it('shows what is wrong with certificates first, in three views and not in two', () => {
    assert.equal(violationOf({ u: 1, r: 1 }, 2, certificatesFirst), null);
    assert.match(violationOf({ u: 1, r: 1 }, 3, certificatesFirst)?.at(-1) ?? '', /both/);
  });

  it('shows that certificates first is wrong even where nobody lies', () => {
    assert.match(violationOf({ u: 1, r: 0 }, 3, certificatesFirst)?.at(-1) ?? '', /both/);
  });

  it('shows what is wrong with votes first, in two views', () => {
    assert.match(violationOf({ u: 1, r: 1 }, 2, votesFirst)?.at(-1) ?? '', /both/);
  });

  it('shows what is wrong with a threshold that does not know of spare members, in two views', () => {
    const ignorant: SpeculativeRule = (quorums, claims) => ours({ ...quorums, spare: 0 }, claims);
    assert.match(violationOf({ u: 1, r: 1, spare: 1 }, 2, ignorant)?.at(-1) ?? '', /both/);
    assert.match(violationOf({ u: 1, r: 0, spare: 1 }, 2, ignorant)?.at(-1) ?? '', /both/);
  });
});
