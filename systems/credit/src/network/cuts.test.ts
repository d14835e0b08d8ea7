/** Remembered cuts refuse what a search would refuse, and nothing else, whatever happens to the links over them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preferentialAttachment } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import {
  addAccount,
  addAttackRegion,
  advance,
  createLandmarks,
  createNetwork,
  endHold,
  genie,
  landmarkRouter,
  link,
  ostra,
  pay,
  reserve,
  unlink,
} from '../index.ts';
import { assertSound } from '../testing/invariants.ts';
import { forgetCuts, isCutOff } from './cuts.ts';

const HOUR_MS = 3_600_000;
const HONEST = 120;

for (const policy of [genie({ credit: 3, replenish: 1, everyMs: HOUR_MS }), ostra({ tokens: 2 })])
  for (const isRouted of [false, true])
    test(`${policy.name}${isRouted ? ' over landmarks' : ''}: with remembered cuts all decisions are the same`, () => {
      let [cutOff, served] = [0, 0];
      for (let seed = 1; seed <= 8; seed += 1) {
        const prng = createPrng(seed, policy.name);
        const graph = preferentialAttachment({ nodeCount: HONEST, edgesPerNode: 3 }, prng);
        const network = createNetwork({ graph, policy, nowMs: 0 });
        addAttackRegion(network, { accounts: 100, attackLinks: 4 }, prng);
        const settings = { universes: 1, levels: 3, repairVisits: 100_000 };
        const route = isRouted ? landmarkRouter(createLandmarks(network, prng, settings)) : undefined;
        const tokens: number[] = [];
        for (let step = 0; step < 300; step += 1) {
          const any = (): number => prng.below(network.nodeCount);
          const kind = prng.below(20);
          if (kind === 0) link(network, any(), any());
          if (kind === 1) unlink(network, any(), network.targets[prng.below(network.filled)] as number);
          if (kind === 2)
            endHold(network, tokens.pop() ?? 0, prng.pick(['commit', 'release', 'forfeit'] as const));
          if (kind === 3 && prng.chance(0.1)) advance(network, step * HOUR_MS);
          if (kind === 4) addAccount(network);
          // Crawlers look outwards; now and then somebody looks at them, which gives them credit.
          const [from, to] = prng.chance(0.8)
            ? [HONEST + prng.below(100), prng.below(HONEST)]
            : [any(), any()];
          if (from === to) continue;
          const request = { from, to, amount: policy.grain * (1 + prng.below(3)) };
          const copy = structuredClone(network);
          forgetCuts(copy.cuts);
          const expected = pay(copy, request).ok;
          if (isCutOff(network, from, to, request.amount)) cutOff += 1;
          const result = kind < 12 ? pay(network, request, route) : reserve(network, request, 0, route);
          assert.equal(result.ok, expected, `seed ${seed}, step ${step}`);
          if (result.ok) served += 1;
          if (result.ok && 'hold' in result) tokens.push(result.hold.token);
        }
        assertSound(network);
      }
      assert.ok(cutOff > 500 && served > 300, `${cutOff} cut off, ${served} served`);
    });
