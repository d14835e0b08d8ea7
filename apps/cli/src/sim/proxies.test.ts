/** A swarm whose clients trust no organisation: they connect to proxies, while organisations fail and lie within the budget. */

import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { KEEPER_DEFAULTS } from '@concordat/keeper';
import { createPrng, FIRST_ASSOCIATE } from '@concordat/kernel';
import type { LearnerConfig } from '@concordat/replication';
import { describeViolation, ProcessFailure, sweep } from '@concordat/sim';
import { ATTACKS } from '../attack/attacks.ts';
import type { ProxyState } from '../proxy/proxy.ts';
import type { KeeperSetting } from './configuration.ts';
import { buildCase, keeperSweep } from './keeper.ts';
import { withProxies } from './proxies.ts';

const OPTIONS = { horizonMs: 6000 };
const HORIZON_MS = 5000;

test('clients of proxies see one history over four seeds of crashes, losses and lies', () => {
  const swarm = keeperSweep({ faults: null, variant: null, proxies: 2 });
  const { violations } = sweep(swarm, { from: 0, to: 4 }, OPTIONS);
  assert.deepEqual(violations.map(describeViolation), []);
});

const LIES = [
  'false-feed',
  'hasty-feed',
  'false-contents',
  'phantom-batches',
  'corrupt-replies',
  'equivocate',
];

const setting: KeeperSetting = withProxies(
  {
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
  },
  2,
);

/** What is found wrong where organisation 3 lies to proxies: by detector. */
function findings(attack: string, spoil?: (config: LearnerConfig) => LearnerConfig, spanMs?: number) {
  assert.ok(attack in ATTACKS);
  const random = createPrng(1, 'script');
  const byzantine = new Map([[3, attack]]);
  const trial = buildCase(
    { seed: 1, config: setting, random, byzantine, horizonMs: HORIZON_MS },
    null,
    spoil,
  );
  const { world } = trial;
  const found: Record<string, string> = {};
  try {
    world.run(spanMs ?? HORIZON_MS);
    if (spanMs === undefined && !world.runUntil(() => trial.outstanding() === 0, 30_000))
      found['liveness'] = 'it is stuck';
  } catch (error) {
    if (!(error instanceof ProcessFailure)) throw error;
    found['invariant'] = error.message;
  }
  for (const [detector, judge] of Object.entries(trial.judges)) {
    const message = judge();
    if (message !== null) found[detector] = message;
  }
  return { found, proxy: () => world.stateOf<ProxyState>(FIRST_ASSOCIATE) };
}

describe('a proxy that goes by what r + 1 say', () => {
  for (const lie of LIES)
    it(`shows its clients nothing of ${lie}`, () => {
      const { found, proxy } = findings(lie);
      assert.deepEqual(found, {});
      assert.ok(proxy().learner.execution.executed > 20, 'it got somewhere');
    });
});

describe('a proxy that exposes what r organisations say instead of r + 1', () => {
  const onR = (config: LearnerConfig): LearnerConfig => ({
    ...config,
    quorums: { ...config.quorums, vouching: config.quorums.r },
  });
  it('is caught where one of them makes up batches', () => {
    const real = findings('invented-batches');
    assert.deepEqual(real.found, {}, 'the real one passes');
    assert.ok(real.proxy().learner.execution.executed > 20, 'and got somewhere');
    // It goes wrong at once, and then ever further.
    const { found } = findings('invented-batches', onR, 400);
    assert.ok('agreement' in found, `caught by ${Object.keys(found).join() || 'nothing'}`);
  });
});
