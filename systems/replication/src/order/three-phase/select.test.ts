/** The decision procedure of a new view: PBFT's cases by table, and its two promises on random histories. */

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createPrng, type Prng } from '@concordat/kernel';
import { type Quorums, quorumsOf } from '../../fault-model.ts';
import type { Checkpoint, SlotClaim, ViewChange, Vouch } from '../../replica/messages.ts';
import type { Stable } from '../../replica/state.ts';
import { select, selectSlot } from './select.ts';

const digest = (name: string): Uint8Array => {
  const bytes = new Uint8Array(32);
  bytes.set(new TextEncoder().encode(name));
  return bytes;
};
const nameOf = (bytes: Uint8Array | null | undefined): string | null | undefined =>
  bytes === undefined || bytes === null ? bytes : new TextDecoder().decode(bytes).replaceAll('\0', '');

const vouch = (text: string): Vouch => ({ view: Number(text.slice(1)), digest: digest(text.slice(0, 1)) });

/** `P:a1 A:a1,b0`: prepared a in view 1, accepted a in 1 and b in 0. */
function claim(text: string): SlotClaim {
  const prepared = /P:(\w+)/.exec(text)?.[1];
  const accepted = /A:([\w,]+)/.exec(text)?.[1];
  return {
    slot: 1,
    prepared: prepared === undefined ? null : vouch(prepared),
    accepted: accepted === undefined ? [] : accepted.split(',').map(vouch),
  };
}

interface Row {
  readonly name: string;
  readonly messages: number;
  readonly claims: readonly string[];
  readonly selected: string | null | undefined;
}

const FOUR: readonly Row[] = [
  { name: 'nobody claims anything: free', messages: 3, claims: [], selected: null },
  {
    name: 'accepted by all: it may have committed',
    messages: 3,
    claims: ['A:a0', 'A:a0', 'A:a0'],
    selected: 'a',
  },
  { name: 'accepted by all but one, who may lie', messages: 3, claims: ['A:a0', 'A:a0'], selected: 'a' },
  { name: 'accepted by fewer: free', messages: 3, claims: ['A:a0', 'A:b0'], selected: null },
  { name: 'accepted by fewer of more: free', messages: 4, claims: ['A:a0', 'A:a0'], selected: null },
  {
    name: 'accepted by all in a later view than prepared: the later view wins',
    messages: 3,
    claims: ['P:a0 A:b1', 'A:b1', 'A:b1'],
    selected: 'b',
  },
  {
    name: 'accepted by all, but another is prepared in the same view: the prepared one',
    messages: 4,
    claims: ['P:a1 A:a1', 'A:b1', 'A:b1', 'A:a1'],
    selected: 'a',
  },
  {
    name: 'accepted by all but one, who claims to have prepared another: one more message must tell',
    messages: 3,
    claims: ['P:z1 A:z1', 'A:b1', 'A:b1'],
    selected: undefined,
  },
  {
    name: 'committed: selected',
    messages: 3,
    claims: ['P:a0 A:a0', 'P:a0 A:a0', 'P:a0 A:a0'],
    selected: 'a',
  },
  { name: 'one prepared, one accepted: selected', messages: 3, claims: ['P:a0 A:a0', 'A:a0'], selected: 'a' },
  {
    name: 'a lone claim that nobody corroborates does not decide',
    messages: 3,
    claims: ['P:a0 A:a0'],
    selected: undefined,
  },
  { name: 'and is overruled by the fourth', messages: 4, claims: ['P:a0 A:a0'], selected: null },
  {
    name: 'the higher view wins',
    messages: 4,
    claims: ['P:a0 A:a0', 'P:b1 A:b1', 'P:b1 A:b1,a0', 'A:a0'],
    selected: 'b',
  },
  {
    name: 'a conflict in one view does not decide among three',
    messages: 3,
    claims: ['P:a0 A:a0', 'P:b0 A:b0', 'A:a0'],
    selected: undefined,
  },
  {
    name: 'and is decided by the fourth',
    messages: 4,
    claims: ['P:a0 A:a0', 'P:b0 A:b0', 'A:a0', 'A:a0'],
    selected: 'a',
  },
  {
    name: 'a forged claim of a higher view does not stand against three',
    messages: 4,
    claims: ['P:a0 A:a0', 'P:a0 A:a0', 'P:a0 A:a0', 'P:z5 A:z5'],
    selected: 'a',
  },
  {
    name: 'accepted in an earlier view than prepared corroborates nothing',
    messages: 4,
    claims: ['P:b2 A:b2', 'A:b1', 'A:a1', 'P:c1 A:c1'],
    selected: undefined,
  },
  {
    name: 'accepted in a later view corroborates',
    messages: 3,
    claims: ['P:a0 A:a0', 'A:a3'],
    selected: 'a',
  },
];

describe('one slot among four members (1, 1)', () => {
  const quorums = quorumsOf({ u: 1, r: 1 });
  for (const { name, messages, claims, selected } of FOUR)
    it(name, () => assert.equal(nameOf(selectSlot(quorums, messages, claims.map(claim))), selected));
});

describe('one slot among three members (1, 0)', () => {
  const quorums = quorumsOf({ u: 1, r: 0 });
  it('one who prepared is believed', () =>
    assert.equal(nameOf(selectSlot(quorums, 2, [claim('P:a0 A:a0')])), 'a'));
  it('of two the later is right', () =>
    assert.equal(nameOf(selectSlot(quorums, 2, [claim('P:a0 A:a0'), claim('P:b1 A:b1')])), 'b'));
  it('silence is free', () => assert.equal(selectSlot(quorums, 2, []), null));
});

const GENESIS: Stable = { slot: 0, history: digest(''), state: digest(''), certificate: [] };

function change(
  sender: number,
  claims: readonly SlotClaim[],
  stable: readonly Checkpoint[] = [],
): ViewChange {
  return {
    type: 'view-change',
    view: 9,
    sender,
    incarnation: 0,
    stable,
    claims,
    certificate: null,
    signature: new Uint8Array(64),
  };
}

function checkpointAt(slot: number, sender: number): Checkpoint {
  const [history, state] = [digest(`h${slot}`), digest(`s${slot}`)];
  return {
    type: 'checkpoint',
    slot,
    history,
    state,
    sender,
    incarnation: 0,
    epoch: 0,
    signature: new Uint8Array(64),
  };
}

describe('a whole selection', () => {
  const quorums = quorumsOf({ u: 1, r: 1 });
  const choose = (changes: readonly ViewChange[]) =>
    select({ quorums, changes, genesis: GENESIS, window: 16 });
  const both = (slot: number, name: string): SlotClaim => ({
    slot,
    prepared: { view: 0, digest: digest(name) },
    accepted: [{ view: 0, digest: digest(name) }],
  });

  it('needs an agreement quorum', () => assert.equal(choose([change(0, []), change(1, [])]), null));

  it('begins at the highest checkpoint that anyone proves', () => {
    const certificate = [0, 1, 2].map((sender) => checkpointAt(8, sender));
    const changes = [
      change(0, [both(8, 'a'), both(9, 'b')]),
      change(1, [both(9, 'b')], certificate),
      change(2, []),
    ];
    const selection = choose(changes);
    assert.equal(selection?.base.slot, 8);
    assert.deepEqual(selection?.digests.map(nameOf), ['b']);
  });

  it('fills holes with nothing, and ends with the last thing that may have committed', () => {
    const far: SlotClaim = { slot: 5, prepared: null, accepted: [{ view: 0, digest: digest('e') }] };
    const changes = [
      change(0, [both(2, 'b'), both(4, 'd')]),
      change(1, [both(2, 'b'), both(4, 'd'), far]),
      change(2, []),
    ];
    assert.deepEqual(choose(changes)?.digests.map(nameOf), [null, 'b', null, 'd']);
  });

  it('looks no further than the window', () => {
    const changes = [change(0, [both(2, 'b'), both(40, 'z')]), change(1, [both(2, 'b')]), change(2, [])];
    assert.deepEqual(choose(changes)?.digests.map(nameOf), [null, 'b']);
  });
});

/** What one correct member knows of the one slot of a random run. */
interface Memory {
  accepted: Vouch[];
  prepared: Vouch | null;
}

interface Run {
  readonly quorums: Quorums;
  readonly memories: Memory[];
  readonly liars: number;
  committed: Uint8Array | null;
}

const claimOf = ({ prepared, accepted }: Memory): SlotClaim => ({ slot: 1, prepared, accepted });

function lie(random: Prng, views: number): SlotClaim {
  const any = (): Vouch => ({ view: random.below(views), digest: digest(random.pick(['a', 'b', 'c', 'z'])) });
  return {
    slot: 1,
    prepared: random.chance(0.8) ? any() : null,
    accepted: random.chance(0.8) ? [any()] : [],
  };
}

/** A random subset of `count` of `items`. */
function choose<T>(random: Prng, items: readonly T[], count: number): T[] {
  const rest = [...items];
  return Array.from({ length: count }, () => rest.splice(random.below(rest.length), 1)[0] as T);
}

function claims(random: Prng, correct: readonly Memory[], lying: number, views: number): SlotClaim[] {
  return [...correct.map(claimOf), ...Array.from({ length: lying }, () => lie(random, views))];
}

/** What view `view` may propose: what random VIEW-CHANGEs decide, or undefined if these do not decide. */
function decide(run: Run, random: Prng, view: number): Uint8Array | null | undefined {
  const { quorums, memories, liars } = run;
  const lying = random.below(liars + 1);
  const correct = choose(random, memories, Math.max(quorums.agreement - lying, 0));
  const heard = claims(random, correct, lying, view);
  return selectSlot(quorums, heard.length, heard);
}

/**
 * One view: some members accept, if enough do some prepare, if enough do it is committed. A lying primary proposes two
 * values where nothing is decided, and liars vote for both.
 */
function playView(run: Run, random: Prng, view: number): void {
  const { quorums, memories, liars } = run;
  const selected = view === 0 ? null : decide(run, random, view);
  if (selected === undefined) return;
  const proposals =
    selected !== null
      ? [selected]
      : random.chance(0.3) && liars > 0
        ? [digest('a'), digest('b')]
        : [digest(random.pick(['a', 'b', 'c']))];
  let open = [...memories];
  for (const value of proposals) {
    const accepting = choose(random, open, random.below(open.length + 1));
    open = open.filter((memory) => !accepting.includes(memory));
    const vote = { view, digest: value };
    for (const memory of accepting)
      memory.accepted = [vote, ...memory.accepted.filter((known) => nameOf(known.digest) !== nameOf(value))];
    if (accepting.length + liars < quorums.agreement) continue;
    const preparing = choose(random, accepting, random.below(accepting.length + 1));
    for (const memory of preparing) memory.prepared = vote;
    if (preparing.length + liars < quorums.agreement) continue;
    assert.ok(run.committed === null || nameOf(run.committed) === nameOf(value), 'one value commits');
    run.committed = value;
  }
}

test('whatever up to r liars say, a committed value is selected, and all correct members decide', () => {
  let committed = 0;
  for (let seed = 0; seed < 3000; seed++) {
    const random = createPrng(seed, 'select');
    const u = 1 + random.below(3);
    const quorums = quorumsOf({ u, r: random.below(u + 1) });
    const liars = random.below(quorums.r + 1);
    const memories = Array.from({ length: quorums.members - liars }, () => ({
      accepted: [],
      prepared: null,
    }));
    const run: Run = { quorums, memories, liars, committed: null };
    const views = 1 + random.below(5);
    for (let view = 0; view < views; view++) playView(run, random, view);
    if (run.committed !== null) {
      committed++;
      for (let i = 0; i < 5; i++) {
        const selected = decide(run, random, views);
        assert.ok(selected === undefined || nameOf(selected) === nameOf(run.committed), `seed ${seed}`);
      }
    }
    const everyone = claims(random, run.memories, 0, views);
    assert.notEqual(selectSlot(quorums, everyone.length, everyone), undefined, `seed ${seed} decides`);
    const withLies = claims(random, run.memories, liars, views);
    assert.notEqual(
      selectSlot(quorums, withLies.length, withLies),
      undefined,
      `seed ${seed} decides despite lies`,
    );
  }
  assert.ok(committed > 300, `${committed} runs commit`);
});
