/** The limiter without any framework: who pays what, who is refused and why, what strangers get, what a failure means. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createMetrics } from '@concordat/runtime';
import { CreditError } from '../errors.ts';
import type { ChangeLog, LogListener } from '../store/change-log.ts';
import { createMemoryLog } from '../store/memory-log.ts';
import {
  addNamed,
  headersOf,
  type NamedLinks,
  noLinks,
  type OpenLimiterOptions,
  openLimiter,
  problemOf,
} from './index.ts';

const HOUR_MS = 3_600_000;
const POLICY = { credit: 3, replenish: 1, everyMs: HOUR_MS };
const parent = mkdtempSync(join(tmpdir(), 'concordat-limiter-'));
after(() => rmSync(parent, { recursive: true, force: true }));

/** ann - bob - cid - dan - eve */
function chain(): NamedLinks {
  const links = noLinks();
  for (const [a, b] of ['ann bob', 'bob cid', 'cid dan', 'dan eve'].map((pair) => pair.split(' ')))
    addNamed(links, a as string, b as string);
  return links;
}

const open = (more: Partial<OpenLimiterOptions> = {}) =>
  openLimiter({ data: createMemoryLog(), policy: POLICY, links: chain(), clock: () => 0, ...more });

test('friends are free, others cost their distance, until the links on the way are spent', async () => {
  let nowMs = 0;
  const limiter = await open({ clock: () => nowMs });
  const look = async (viewed: string) => {
    const { isAllowed, why, hops, cost, remaining, limit } = await limiter.check({ viewer: 'ann', viewed });
    return { isAllowed, why, hops, cost, remaining, limit };
  };
  const base = { isAllowed: true, why: null, limit: 3 };
  assert.deepEqual(await look('ann'), { ...base, hops: 0, cost: 0, remaining: 3 });
  assert.deepEqual(await look('bob'), { ...base, hops: 1, cost: 0, remaining: 3 });
  assert.deepEqual(await look('cid'), { ...base, hops: 2, cost: 1, remaining: 2 });
  assert.deepEqual(await look('dan'), { ...base, hops: 3, cost: 2, remaining: 0 });
  const spent = { isAllowed: false, why: 'payer-exhausted', limit: 3, remaining: 0 };
  assert.deepEqual(await look('cid'), { ...spent, hops: 2, cost: 1 });
  assert.deepEqual(await look('bob'), { ...base, hops: 1, cost: 0, remaining: 0 }, 'friends stay free');
  nowMs = 10 * 60_000;
  const refused = await limiter.check({ viewer: 'ann', viewed: 'dan' });
  assert.deepEqual([refused.resetMs, refused.retryAfterMs], [50 * 60_000, 110 * 60_000]);
  nowMs += 110 * 60_000;
  assert.deepEqual(await look('dan'), { ...base, hops: 3, cost: 2, remaining: 0 }, 'after the time it said');
  const far = await limiter.check({ viewer: 'ann', viewed: 'dan', weight: 2 });
  assert.equal(far.retryAfterMs, null, 'more than the links ever have: nothing is gained by waiting');
  await limiter.close();
});

test('strangers are refused, served or share an account, as one likes; links make them known', async () => {
  const refusing = await open();
  assert.equal((await refusing.check({ viewer: 'zoe', viewed: 'ann' })).why, 'unknown-viewer');
  assert.equal((await refusing.check({ viewer: 'ann', viewed: 'zoe' })).why, 'unknown-viewed');
  assert.ok(
    refusing.link('zoe', 7) &&
      refusing.link(7, 'bob') &&
      !refusing.link('7', 'bob') &&
      !refusing.link(7, '7'),
  );
  assert.deepEqual([(await refusing.check({ viewer: 'zoe', viewed: 'ann' })).hops], [3]);
  assert.ok(refusing.unlink('bob', 7) && !refusing.unlink('bob', 'nobody'));
  assert.equal((await refusing.check({ viewer: 'zoe', viewed: 'ann' })).why, 'unconnected');
  assert.throws(() => refusing.link('', 'ann'), CreditError);
  await assert.rejects(refusing.check({ viewer: 'ann', viewed: 'cid', weight: 0.5 }), CreditError);

  const serving = await open({ unknownViewer: 'allow', unknownViewed: 'allow' });
  assert.ok((await serving.check({ viewer: 'zoe', viewed: 'ann' })).isAllowed);
  assert.ok((await serving.check({ viewer: 'ann', viewed: 'zoe' })).isAllowed);
  const sharing = await open({ unknownViewer: { as: 'ann' } });
  const verdicts = [];
  for (let i = 0; i < 5; i += 1)
    verdicts.push((await sharing.check({ viewer: `key-${i}`, viewed: 'cid' })).isAllowed);
  assert.deepEqual(
    verdicts,
    [true, true, true, false, false],
    'all strangers together have what one account has',
  );
  const near = await open({ bounds: { hopsMax: 2, visitsMax: 1000 } });
  assert.equal((await near.check({ viewer: 'ann', viewed: 'eve' })).why, 'too-far');
});

test('a dry run serves everybody and says what it would have refused; metrics count both', async () => {
  const metrics = createMetrics();
  const limiter = await open({ isDryRun: true, metrics });
  for (let i = 0; i < 5; i += 1) assert.ok((await limiter.check({ viewer: 'ann', viewed: 'cid' })).isAllowed);
  const last = await limiter.check({ viewer: 'ann', viewed: 'cid' });
  assert.deepEqual([last.isAllowed, last.why, last.isDryRun], [true, 'payer-exhausted', true]);
  const text = metrics.render();
  assert.match(text, /concordat_limiter_checks_total\{verdict="allowed",why="none"\} 3\n/);
  assert.match(text, /concordat_limiter_checks_total\{verdict="would-refuse",why="payer-exhausted"\} 3\n/);
  assert.match(text, /concordat_limiter_units_total 3\n/);
  assert.match(text, /concordat_limiter_accounts 5\n/);
});

/** A log whose disk fails when told to. */
function failingLog(): ChangeLog & { fail(): void } {
  let listener: LogListener = { durable: () => {}, failed: () => {} };
  let [end, durable, isFailed] = [0, 0, false];
  return {
    ...createMemoryLog(),
    listen: (next) => {
      listener = next;
    },
    get end() {
      return end;
    },
    get durable() {
      return durable;
    },
    append: () => {
      end += 1;
    },
    commit: () => {
      if (isFailed) return listener.failed(new Error('the disk is gone'));
      durable = end;
      listener.durable();
    },
    fail: () => {
      isFailed = true;
    },
  };
}

test('when charges do not become durable the limiter refuses, or serves and charges in memory, as told', async () => {
  for (const onStoreFailure of ['closed', 'open'] as const) {
    const log = failingLog();
    const limiter = await open({ data: log, onStoreFailure });
    assert.ok((await limiter.check({ viewer: 'ann', viewed: 'cid' })).isAllowed);
    log.fail();
    const verdicts = [];
    for (let i = 0; i < 4; i += 1) {
      const { isAllowed, why } = await limiter.check({ viewer: 'ann', viewed: 'cid' });
      verdicts.push(`${isAllowed} ${why}`);
    }
    const served = ['true null', 'true null', 'false payer-exhausted', 'false payer-exhausted'];
    assert.deepEqual(verdicts, onStoreFailure === 'open' ? served : new Array(4).fill('false store-failed'));
  }
});

test('an account that asks how it stands is told, in numbers and in sentences', async () => {
  const limiter = await open();
  for (const viewed of ['dan', 'cid']) await limiter.check({ viewer: 'bob', viewed });
  await limiter.check({ viewer: 'bob', viewed: 'eve' });
  const standing = limiter.standing('bob');
  assert.deepEqual(standing?.links, [
    { with: 'cid', left: 0, began: 3 },
    { with: 'ann', left: 3, began: 3 },
  ]);
  const { remaining, limit, linkCount, spentLinks, wholeInMs } = standing;
  assert.deepEqual([remaining, limit, linkCount, spentLinks, wholeInMs], [3, 6, 2, 1, 3 * HOUR_MS]);
  assert.match(
    standing.explanation.join(' '),
    /at most 3 units now; its 2 links began with 6.*1 of them are spent/,
  );
  assert.equal(limiter.standing('nobody'), null);
  assert.equal(limiter.standing('bob', 1)?.links.length, 1);
});

test('header fields and problems are as the draft has them', () => {
  const verdict = {
    isAllowed: false,
    why: 'payer-exhausted' as const,
    isDryRun: false,
    hops: 3,
    cost: 2,
    remaining: 1,
    limit: 30,
    resetMs: 59_001,
    retryAfterMs: 119_000,
  };
  const settings = { name: 'genie', windowMs: 180_000, style: 'both' as const };
  assert.deepEqual(headersOf(verdict, settings), {
    'ratelimit-policy': '"genie";q=30;w=180',
    ratelimit: '"genie";r=1;t=60;concordat-cost=2',
    'x-ratelimit-limit': '30',
    'x-ratelimit-remaining': '1',
    'x-ratelimit-reset': '60',
    'retry-after': '119',
  });
  assert.deepEqual(
    headersOf(
      { ...verdict, isAllowed: true, resetMs: null },
      { ...settings, style: 'standard', windowMs: null },
    ),
    {
      'ratelimit-policy': '"genie";q=30',
      ratelimit: '"genie";r=1;concordat-cost=2',
    },
  );
  assert.deepEqual(headersOf(verdict, { ...settings, style: 'none' }), { 'retry-after': '119' });
  const problem = JSON.parse(problemOf(verdict, 'genie'));
  assert.equal(problem.type, 'https://iana.org/assignments/http-problem-types#quota-exceeded');
  assert.deepEqual(
    [problem.status, problem['violated-policies'], problem.reason],
    [429, ['genie'], 'payer-exhausted'],
  );
  assert.equal(JSON.parse(problemOf({ ...verdict, why: 'store-failed' }, 'genie')).status, 503);
});

test('links come from files, plain or packed, and what is wrong in one is named by its line', async () => {
  const path = join(parent, 'links.csv');
  writeFileSync(path, '# friends\nann,bob\n  bob\tcid # of ann\n\ncid   ann\nann,bob\nzoe zoe');
  const limiter = await open({ links: path, data: join(parent, 'data') });
  const { network, names } = limiter.store.ledger;
  assert.deepEqual([names, network.linkCount], [['ann', 'bob', 'cid', 'zoe'], 3]);
  await limiter.check({ viewer: 'ann', viewed: 'cid' });
  await limiter.close();
  const more = `${path}.gz`;
  writeFileSync(more, gzipSync('ann,bob\nann,new\n'));
  const again = await open({ links: more, data: join(parent, 'data') });
  assert.deepEqual([again.store.ledger.names.length, again.store.ledger.network.linkCount], [5, 4]);
  await again.close();
  const wrong = [
    ['ann,bob\nann\n', /line 2/],
    ['ann,bob\n\nann,bob,cid\n', /line 3/],
    [`ann,${'b'.repeat(300)}\n`, /line 1/],
    [`${'x'.repeat(1_000_000)}`, /line 1/],
  ] as const;
  for (const [text, message] of wrong) {
    writeFileSync(path, text);
    await assert.rejects(open({ links: path }), { code: 'bad-configuration', message });
  }
  writeFileSync(more, gzipSync('ann,bob\n'.repeat(1000)).subarray(0, 30));
  await assert.rejects(open({ links: more }), { code: 'bad-configuration', message: /links.csv.gz, line/ });
  await assert.rejects(open({ links: join(parent, 'none') }), { code: 'bad-configuration', message: /none/ });
  await assert.rejects(open({ policy: { ...POLICY, credit: -1 } }), { code: 'bad-configuration' });
});

test('over landmarks the same people are served, and the same bound holds', async () => {
  const limiter = await open({ landmarksFrom: 1 });
  const verdicts = [];
  for (let i = 0; i < 5; i += 1)
    verdicts.push((await limiter.check({ viewer: 'ann', viewed: 'cid' })).isAllowed);
  assert.deepEqual(verdicts, [true, true, true, false, false]);
  assert.equal((await limiter.check({ viewer: 'eve', viewed: 'bob' })).isAllowed, true);
});
