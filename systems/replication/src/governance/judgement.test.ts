/** What approves a change and what does not, with no replica around: all that execution, newcomers and courts go by. */

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { createProof, encodeProof, signStatement } from '@concordat/accountability';
import { modelHash, modelSeeds, modelSignatures } from '@concordat/crypto';
import { toHex, utf8 } from '@concordat/wire';
import { approve, approved, changed, delegate } from '../compliance/governed.ts';
import { TWO_PROPOSALS } from '../replica/rules.ts';
import { PROPOSAL, proposalBody } from '../replica/statements.ts';
import { nextConfiguration } from './changes.ts';
import {
  decodeReconfigure,
  decodeVerdict,
  encodeReconfigure,
  encodeVerdict,
  type Reconfigure,
  type Verdict,
} from './command.ts';
import {
  associateIds,
  type Configuration,
  configurationProblem,
  decodeConfiguration,
  encodeConfiguration,
  memberIds,
} from './configuration.ts';
import { approvalsNeeded, type Court, changesIn, refusalOf } from './judgement.ts';
import { firstViewOf } from './views.ts';

const SEED = 1;
const CLUSTER = modelHash(utf8('compliance'));

const genesis: Configuration = {
  epoch: 0,
  faults: { u: 1, r: 1, spare: 0 },
  order: 'three-phase',
  speculates: false,
  fastCommit: true,
  commitOptimisation: false,
  admission: 'signature',
  version: 1,
  members: [0, 1, 2, 3].map((id) => delegate(SEED, id)),
  retired: [],
  associates: [],
};

const courtOf = (...known: readonly Configuration[]): Court => ({
  cluster: CLUSTER,
  hash: modelHash,
  verifyWith: modelSignatures.verifyWith,
  configurationOf: (epoch) => known.find((one) => one.epoch === epoch) ?? null,
});
const court = courtOf(genesis);

const replaced = changed(SEED, genesis, { join: [4], leave: [3] });

const command = (
  next: Configuration,
  approvers: readonly number[],
  proof: Uint8Array = new Uint8Array(0),
): Reconfigure => ({
  next,
  approvals: approve(SEED, next, approvers),
  proof,
});

const judge = (given: Reconfigure, present = genesis): string | null => refusalOf(court, present, given);

describe('approvals', () => {
  it('of n - u members suffice, whoever they are, and fewer are a veto', () => {
    for (const three of [
      [0, 1, 2],
      [0, 1, 3],
      [0, 2, 3],
      [1, 2, 3],
      [0, 1, 2, 3],
    ])
      assert.equal(judge(command(replaced, three)), null);
    for (const two of [[], [0], [0, 1], [2, 3]])
      assert.match(judge(command(replaced, two)) ?? '', /3 approvals are needed, here are/);
  });

  it('are for one next configuration, one epoch and one cluster', () => {
    const other = changed(SEED, genesis, { join: [5], leave: [3] });
    assert.match(judge({ ...command(other, [0, 1, 2]), next: replaced }) ?? '', /does not hold/);
    const later = { ...genesis, epoch: 1 };
    const again = { ...replaced, epoch: 2 };
    assert.match(judge({ ...command(replaced, [0, 1, 2]), next: again }, later) ?? '', /does not hold/);
    const elsewhere: Court = { ...court, cluster: modelHash(utf8('another')) };
    assert.match(refusalOf(elsewhere, genesis, command(replaced, [0, 1, 2])) ?? '', /does not hold/);
  });

  it('of strangers and newcomers are none', () => {
    assert.match(judge(command(replaced, [0, 1, 4])) ?? '', /4 is no member/);
    const forged = command(replaced, [0, 1, 2]).approvals.map((one, i) =>
      i === 2 ? { ...one, member: 3 } : one,
    );
    assert.match(judge({ ...command(replaced, []), approvals: forged }) ?? '', /member 3 does not hold/);
  });

  it('that are repeated are not even readable', () => {
    const [one] = approve(SEED, replaced, [0]);
    assert.ok(one !== undefined);
    const bytes = encodeReconfigure({ next: replaced, approvals: [one, one, one], proof: new Uint8Array(0) });
    assert.equal(decodeReconfigure(bytes), null);
  });
});

describe('transitions', () => {
  const refused = (next: Configuration): string => judge(approved(SEED, genesis, next)) ?? '';

  it('are to the next epoch', () => {
    assert.match(refused({ ...replaced, epoch: 2 }), /this is epoch 0/);
    assert.match(judge(command({ ...replaced, epoch: 0 }, [])) ?? '', /this is epoch 0/);
  });

  it('keep as many members as the fault model needs', () => {
    assert.match(refused(changed(SEED, genesis, { leave: [3] })), /without a replacement, or lower u and r/);
    assert.match(refused(changed(SEED, genesis, { join: [4] })), /need 4 members, here are 5/);
    assert.equal(refused(changed(SEED, genesis, { leave: [3], faults: { u: 1, r: 0 } })), '');
    assert.equal(refused(changed(SEED, genesis, { join: [4, 5], faults: { u: 2, r: 1 } })), '');
  });

  it('never give an id a second time, or forget who left', () => {
    const present = { ...replaced, epoch: 1 };
    const back = changed(SEED, present, { join: [3], leave: [4] });
    const problem = refusalOf(courtOf(present), present, approved(SEED, present, back));
    assert.match(problem ?? '', /cannot come back/);
    assert.match(refused({ ...replaced, retired: [] }), /stay listed/);
    assert.match(refused({ ...replaced, retired: [3, 7] }), /stay listed/);
  });

  it('are between configurations that can be run', () => {
    assert.match(refused({ ...replaced, faults: { u: 0, r: 1, spare: 0 } }), /r is at most u/);
    const spare = changed(SEED, genesis, { join: [4, 5], faults: { u: 1, r: 1, spare: 1 } });
    assert.match(refused(spare), /only speculative/);
    const [first] = genesis.members;
    assert.ok(first !== undefined);
    const twice = replaced.members.map((one) => (one.id === 4 ? { ...one, key: first.key } : one));
    assert.match(refused({ ...replaced, members: twice }), /same key/);
  });

  it('are told in words', () => {
    const next = changed(SEED, genesis, {
      join: [4, 5],
      rekey: [0],
      faults: { u: 2, r: 1 },
      settings: { order: 'speculative' },
    });
    assert.deepEqual(changesIn(genesis, next), [
      'member 4 joins',
      'member 5 joins',
      'member 0 has new keys',
      'u = 2, r = 1',
      'speculative ordering',
    ]);
  });
});

describe('an eviction with evidence', () => {
  const seeds = modelSeeds(31, SEED);

  /** Member 3 proposed two logs in an epoch, by the key it had then. */
  function proofIn(epoch: number, seed = seeds[3] as Uint8Array): Uint8Array {
    const statement = (fill: number) => {
      const place = { incarnation: 0, view: firstViewOf(epoch) + 3, slot: 5 };
      const body = proposalBody(modelHash, {
        ...place,
        history: new Uint8Array(32).fill(fill),
        batch: { time: fill, refs: [] },
      });
      const sign = (bytes: Uint8Array) => modelSignatures.signWith(seed, bytes);
      return signStatement({ sign }, CLUSTER, PROPOSAL, body);
    };
    const proof = createProof(CLUSTER, 3, TWO_PROPOSALS.name, statement(1), statement(2));
    assert.ok(proof !== null);
    return encodeProof(proof);
  }

  it('does not ask the accused', () => {
    assert.equal(judge(command(replaced, [0, 1, 2], proofIn(0))), null);
    assert.match(judge(command(replaced, [0, 1, 3], proofIn(0))) ?? '', /3 approvals are needed, here are 2/);
    assert.equal(approvalsNeeded({ ...genesis, faults: { u: 0, r: 0, spare: 0 }, members: [] }, 3), 0);
  });

  it('evicts the accused, and on a proof that holds', () => {
    const other = changed(SEED, genesis, { join: [4], leave: [2] });
    assert.match(judge(command(other, [0, 1, 2], proofIn(0))) ?? '', /keeps member 3/);
    assert.match(judge(command(replaced, [0, 1, 2], Uint8Array.of(1))) ?? '', /is no proof/);
    assert.match(judge(command(replaced, [0, 1, 2], proofIn(0, seeds[2]))) ?? '', /did not sign/);
  });

  it('goes by the keys of the epoch that the evidence is from', () => {
    const rekeyed = changed(SEED, genesis, { rekey: [3] });
    const next = changed(SEED, rekeyed, { join: [4], leave: [3] });
    const knows = courtOf(genesis, rekeyed);
    assert.equal(refusalOf(knows, rekeyed, command(next, [0, 1, 2], proofIn(0))), null);
    assert.match(refusalOf(knows, rekeyed, command(next, [0, 1, 2], proofIn(1))) ?? '', /did not sign/);
    assert.match(refusalOf(knows, rekeyed, command(next, [0, 1, 2], proofIn(7))) ?? '', /did not sign/);
  });
});

test('verdicts survive a round trip', () => {
  const verdicts: Verdict[] = [
    { accepted: true, epoch: 3, afterSlot: 128 },
    { accepted: false, reason: '3 approvals are needed, here are 2' },
  ];
  for (const verdict of verdicts) assert.deepEqual(decodeVerdict(encodeVerdict(verdict)), verdict);
});

test('golden bytes of a configuration: what one version signed, all later ones read', () => {
  const configuration: Configuration = {
    epoch: 2,
    faults: { u: 0, r: 0, spare: 0 },
    order: 'speculative',
    speculates: true,
    fastCommit: true,
    commitOptimisation: false,
    admission: 'signature',
    version: 1,
    members: [
      {
        id: 4,
        key: new Uint8Array(32).fill(1),
        admin: new Uint8Array(32).fill(2),
        contact: Uint8Array.of(7),
      },
    ],
    retired: [0],
    associates: [],
  };
  const bytes = encodeConfiguration(configuration);
  assert.equal(
    toHex(bytes),
    [
      '01',
      '0000000000000002',
      '0000',
      '0000',
      '0000',
      '01',
      '03',
      '0000000000000001',
      '00000001',
      '0004',
      '01'.repeat(32),
      '02'.repeat(32),
      '00000001',
      '07',
      '00000001',
      '0000',
    ].join(''),
  );
  assert.deepEqual(decodeConfiguration(bytes), configuration);
  for (let size = 0; size < bytes.length; size++)
    assert.equal(decodeConfiguration(bytes.subarray(0, size)), null);
  assert.equal(decodeConfiguration(Uint8Array.of(...bytes, 0)), null);
});

describe('associates', () => {
  const card = (id: number) => ({
    key: modelSignatures.publicKeyOf(modelHash(utf8(`associate ${id}`))),
    contact: utf8(`associate ${id}`),
  });
  const after = (present: Configuration, change: Parameters<typeof nextConfiguration>[1]): Configuration => {
    const next = nextConfiguration(present, change);
    if ('problem' in next) throw new Error(next.problem);
    return next;
  };
  const admitted = after(genesis, { admit: [card(1), card(2)] });

  it('are admitted by the same approvals as members, and get numbers of their own', () => {
    assert.deepEqual(associateIds(admitted), [96, 97]);
    assert.deepEqual(changesIn(genesis, admitted), [
      'member 96 is admitted, as domain 96',
      'member 97 is admitted, as domain 97',
    ]);
    assert.equal(judge(approved(SEED, genesis, admitted)), null);
    assert.match(judge(command(admitted, [0, 1])) ?? '', /3 approvals are needed/);
  });

  it('are dismissed for ever: nobody gets their number again, and members count on from theirs', () => {
    const dismissed = after(admitted, { dismiss: [96] });
    assert.deepEqual([associateIds(dismissed), dismissed.retired], [[97], [96]]);
    const again = after(dismissed, { admit: [card(3)] });
    assert.deepEqual(associateIds(again), [97, 98]);
    const { id, ...newcomer } = delegate(SEED, 4);
    const joined = after(again, { join: [newcomer], leave: [0] });
    assert.deepEqual(memberIds(joined), [1, 2, 3, id]);
    assert.deepEqual(joined.retired, [0, 96]);
  });

  it('have numbers in their range, in order, and keys of their own', () => {
    const one = { id: 96, ...card(1) };
    const problemWith = (...associates: Configuration['associates']) =>
      configurationProblem({ ...genesis, associates });
    assert.equal(problemWith(one, { ...card(2), id: 125 }), null);
    for (const id of [0, 4, 95, 126]) assert.match(problemWith({ ...one, id }) ?? '', /from 96 on/);
    assert.match(problemWith({ ...one, id: 97 }, { ...card(2), id: 96 }) ?? '', /ascending/);
    assert.match(problemWith(one, { ...one, id: 97 }) ?? '', /key of another/);
    assert.match(problemWith({ ...one, key: delegate(SEED, 2).key }) ?? '', /key of another/);
  });

  it('are told of where another key or contact stands under a known number, as of members', () => {
    const [first] = admitted.associates;
    assert.ok(first !== undefined);
    const rekeyed = { ...admitted, associates: [{ ...first, ...card(3) }, ...admitted.associates.slice(1)] };
    assert.deepEqual(changesIn(admitted, rekeyed), ['member 96 has new keys', 'member 96 has a new contact']);
    const [one, ...others] = genesis.members;
    assert.ok(one !== undefined);
    const moved = { ...genesis, members: [{ ...one, contact: utf8('elsewhere') }, ...others] };
    assert.deepEqual(changesIn(genesis, moved), [`member ${one.id} has a new contact`]);
  });

  it('change the format of a configuration only where there are some', () => {
    const bytes = encodeConfiguration(admitted);
    assert.equal(bytes[0], 2);
    assert.deepEqual(decodeConfiguration(bytes), admitted);
    const plain = encodeConfiguration(genesis);
    assert.equal(plain[0], 1);
    assert.equal(decodeConfiguration(Uint8Array.of(2, ...plain.subarray(1), 0, 0, 0, 0)), null);
  });
});
