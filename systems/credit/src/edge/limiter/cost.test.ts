/** What a check costs, in a size that runs as a test: it asserts counts and prints rates. `BENCH_SCALE=50` for figures. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { preferentialAttachment } from '@concordat/graph';
import { createPrng } from '@concordat/kernel';
import { addNamed, noLinks, openLimiter } from './index.ts';

const SCALE = Number(process.env['BENCH_SCALE'] ?? 1);
const parent = mkdtempSync(join(tmpdir(), 'concordat-cost-'));
after(() => rmSync(parent, { recursive: true, force: true }));

for (const acknowledge of ['durable', 'memory'] as const)
  for (const together of [1, 64])
    test(`checks, ${together} at a time, acknowledged when ${acknowledge}`, {
      timeout: 50_000,
    }, async (t) => {
      const nodeCount = 2000;
      const links = noLinks();
      const { offsets, targets } = preferentialAttachment({ nodeCount, edgesPerNode: 8 }, createPrng(1));
      for (let node = 0; node < nodeCount; node += 1)
        for (let at = offsets[node] as number; at < (offsets[node + 1] as number); at += 1)
          addNamed(links, `user ${node}`, `user ${targets[at]}`);
      const limiter = await openLimiter({
        data: join(parent, `${acknowledge}-${together}`),
        policy: { credit: 1000, replenish: 1, everyMs: 86_400_000 },
        links,
        acknowledge,
      });
      const prng = createPrng(2);
      const count = together * 20 * SCALE;
      let [allowed, units] = [0, 0];
      const work = async (): Promise<void> => {
        for (let i = 0; i < count / together; i += 1) {
          const [viewer, viewed] = [`user ${prng.below(nodeCount)}`, `user ${prng.below(nodeCount)}`];
          const verdict = await limiter.check({ viewer, viewed });
          if (verdict.isAllowed) allowed += 1;
          units += verdict.cost;
        }
      };
      const started = performance.now();
      await Promise.all(Array.from({ length: together }, work));
      const tookMs = performance.now() - started;
      t.diagnostic(
        `${Math.round((1000 * count) / tookMs)} checks/s, ${((1000 * tookMs) / count).toFixed(1)} us each`,
      );
      assert.equal(allowed, count);
      assert.ok(units > count / 2);
      await limiter.close();
    });
