/** Demonstrated attacks in a simulated federation: switched on and off while clients of the others are served. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeProof, type Proof, verifyProof } from '@concordat/accountability';
import { createModelKeys } from '@concordat/crypto';
import { KEEPER_DEFAULTS } from '@concordat/keeper';
import type { Note } from '@concordat/kernel';
import { createPrng } from '@concordat/kernel';
import { replicationRules } from '@concordat/replication';
import { fromHex } from '@concordat/wire';
import type { DomainState } from '../domain/domain.ts';
import type { KeeperSetting } from '../sim/configuration.ts';
import { buildCase } from '../sim/keeper.ts';
import { ATTACKS } from './attacks.ts';
import { createDemonstration } from './demonstration.ts';

const setting: KeeperSetting = {
  faults: { u: 1, r: 1 },
  members: 4,
  replica: { checkpointInterval: 8, window: 16, heartbeatMs: 100, retransmitMs: 100 },
  keeper: { ...KEEPER_DEFAULTS, heartbeatMs: 200, names: ['alpha', 'bravo', 'charlie', 'delta'] },
  network: {},
  load: {
    clients: 3,
    readers: 1,
    operations: 60,
    pipeline: 2,
    paceMs: 50,
    sessionMs: 9000,
    moveEveryMs: 0,
    paths: ['/node-0', '/node-1'],
  },
};

const HORIZON_MS = 5000;

/** Lies that contradict each other under one signature; those of a next leader only if it comes to lead. */
const CONVICTING = new Set([
  'equivocate',
  'equivocate-time',
  'propose-twice',
  'two-new-views',
  'split-new-view',
  // Whoever leads cannot take the leader's place but by a second proposal.
  'usurp',
]);

/** Runs the federation with member 0, which leads at first, attacking; returns evidence notes of all members. */
function attacked(name: string, seed = 3) {
  const notes: { readonly node: number; readonly note: Note }[] = [];
  const trial = buildCase(
    {
      seed,
      config: setting,
      random: createPrng(seed, 'attack'),
      byzantine: new Map([[0, name]]),
      horizonMs: HORIZON_MS,
    },
    null,
  );
  trial.world.observe({ noted: (_at, node, note) => void notes.push({ node, note }) });
  trial.world.run(HORIZON_MS);
  const isDone = trial.world.runUntil(() => trial.outstanding() === 0, 30_000);
  assert.ok(isDone, `clients of the others go on under ${name}`);
  for (const [judge, verdict] of Object.entries(trial.judges)) assert.equal(verdict(), null, judge);
  const view = trial.world.stateOf<DomainState>(1).replica.view;
  return { notes, view, cluster: trial.world.stateOf<DomainState>(1).replica.config.cluster, seed };
}

for (const name of Object.keys(ATTACKS)) {
  test(`clients of others are served correctly under ${name}`, () => {
    const { notes, view } = attacked(name);
    // The liar has its honest proposal as well, which it never sent: what it finds when its lie comes back is no evidence.
    const proofs = notes.filter(({ node, note }) => node !== 0 && note.kind === 'evidence');
    const isProven = CONVICTING.has(name);
    if (!isProven) assert.deepEqual(proofs, [], 'only lies about the order leave evidence');
    if (name === 'mute' || name === 'equivocate') assert.ok(view > 0, 'it does not lead for long');
  });
}

test('equivocation ends with a proof that anyone can verify', () => {
  const { notes, cluster, seed } = attacked('equivocate');
  const found = notes.find(({ node, note }) => note.kind === 'evidence' && node !== 0);
  assert.ok(found !== undefined, 'an honest member finds it');
  const proof = decodeProof(fromHex(String(found.note['proof'])) ?? new Uint8Array(0)) as Proof;
  assert.equal(proof.accused, 0);
  const { verify } = createModelKeys(4, seed)(1);
  assert.equal(verifyProof(proof, { cluster, verify, rules: replicationRules }).valid, true);
});

test('a demonstration obeys known attacks only', () => {
  const { control } = createDemonstration();
  assert.deepEqual(control('attack mute'), { attack: 'mute' });
  assert.deepEqual(control('attack stop'), { attack: 'stop' });
  assert.match(JSON.stringify(control('attack nobody')), /no attack called nobody/);
  assert.equal(control('status'), undefined);
});
