import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHistogram } from './histogram.ts';
import { createMetrics } from './metrics.ts';
import { type PageRequest, type Pages, startMonitor } from './monitor.ts';

test('the text form is what Prometheus reads', () => {
  const metrics = createMetrics();
  metrics.counter('notes_total', 'Notes.', { kind: 'view "1"\n' }).add();
  metrics.counter('notes_total', 'Notes.', { kind: 'view "1"\n' }).add(2);
  metrics.gauge('depth', 'Depth.', () => 7);
  const histogram = metrics.histogram('wait_seconds', 'Waits.', 0.001, { disk: 'a' });
  for (const value of [0.0005, 0.001, 0.003, 1]) histogram.record(value);
  assert.equal(
    metrics.render(),
    [
      '# HELP notes_total Notes.',
      '# TYPE notes_total counter',
      'notes_total{kind="view \\"1\\"\\n"} 3',
      '# HELP depth Depth.',
      '# TYPE depth gauge',
      'depth 7',
      '# HELP wait_seconds Waits.',
      '# TYPE wait_seconds histogram',
      'wait_seconds_bucket{disk="a",le="0.001"} 2',
      'wait_seconds_bucket{disk="a",le="0.002"} 2',
      'wait_seconds_bucket{disk="a",le="0.004"} 3',
      ...[0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512].map(
        (le) => `wait_seconds_bucket{disk="a",le="${le}"} 3`,
      ),
      'wait_seconds_bucket{disk="a",le="1.024"} 4',
      'wait_seconds_bucket{disk="a",le="+Inf"} 4',
      'wait_seconds_sum{disk="a"} 1.0045',
      'wait_seconds_count{disk="a"} 4',
      '# TYPE wait_seconds_max gauge',
      'wait_seconds_max{disk="a"} 1',
      '',
    ].join('\n'),
  );
});

test('families that others measure are rendered as they are at that moment', () => {
  const metrics = createMetrics();
  metrics.counter('own_total', 'Own.').add();
  let count = 1;
  metrics.measured(() => [
    { name: 'packets', kind: 'gauge', samples: [{ value: 2.5 }] },
    {
      name: 'latency',
      kind: 'summary',
      samples: [
        { labels: { quantile: '0.5' }, value: Number.NaN },
        { suffix: '_count', value: count++ },
      ],
    },
  ]);
  const text = (rendered: number): string =>
    [
      '# HELP own_total Own.\n# TYPE own_total counter\nown_total 1',
      '# HELP packets packets\n# TYPE packets gauge\npackets 2.5',
      `# HELP latency latency\n# TYPE latency summary\nlatency{quantile="0.5"} NaN\nlatency_count ${rendered}\n`,
    ].join('\n');
  assert.equal(metrics.render(), text(1));
  assert.equal(metrics.render(), text(2));
});

test('quantiles are upper bounds, never above the maximum', () => {
  const histogram = createHistogram(1);
  assert.equal(histogram.quantile(0.5), 0);
  for (let i = 1; i <= 100; i++) histogram.record(i);
  assert.equal(histogram.quantile(0.5), 64);
  assert.equal(histogram.quantile(1), 100);
  assert.equal(histogram.max, 100);
  histogram.record(1e30);
  assert.equal(histogram.count, 101);
});

test('the monitor tells health, readiness and figures', async () => {
  const metrics = createMetrics();
  metrics.counter('a_total', 'A.').add(5);
  let unready: string | null = 'catching up';
  let unhealthy: string | null = null;
  const monitor = await startMonitor({ metrics, unhealthy: () => unhealthy, unready: () => unready });
  const get = async (path: string, method = 'GET'): Promise<[number, string]> => {
    const response = await fetch(`http://127.0.0.1:${monitor.address.port}${path}`, { method });
    return [response.status, await response.text()];
  };
  assert.deepEqual(await get('/health'), [200, 'ok\n']);
  assert.deepEqual(await get('/ready'), [503, 'catching up\n']);
  unready = null;
  assert.deepEqual(await get('/ready?now'), [200, 'ok\n']);
  unhealthy = 'halted';
  assert.deepEqual(await get('/health'), [503, 'halted\n']);
  assert.deepEqual(await get('/ready'), [503, 'halted\n']);
  assert.match((await get('/metrics'))[1], /^a_total 5$/m);
  assert.equal((await get('/other'))[0], 404);
  assert.equal((await get('/metrics', 'POST'))[0], 405);
  await monitor.close();
});

test('pages of others see who asks, and bodies are bounded', async () => {
  const seen: PageRequest[] = [];
  const pages: Pages = {
    path: '/commands',
    answer: async (request) => {
      seen.push(request);
      if (request.name === 'bug') throw new Error('a bug');
      return { status: 418, type: 'text/x', body: request.name };
    },
  };
  const options = { metrics: createMetrics(), unhealthy: () => null, unready: () => null, pages };
  const monitor = await startMonitor(options);
  const { port } = monitor.address;
  const ask = (path: string, init: RequestInit = {}) => fetch(`http://127.0.0.1:${port}${path}`, init);
  const response = await ask('/commands/a%20b?c');
  assert.deepEqual([response.status, response.headers.get('content-type')], [418, 'text/x']);
  assert.equal(await response.text(), 'a%20b');
  await ask('/commands', { method: 'HEAD' });
  await ask('/commands/', { method: 'POST', body: 'x'.repeat(4096), headers: { origin: 'http://evil' } });
  const host = `127.0.0.1:${port}`;
  const plain = { peer: '127.0.0.1', host, origin: null, body: '' };
  assert.deepEqual(seen, [
    { ...plain, method: 'GET', name: 'a%20b' },
    { ...plain, method: 'GET', name: '' },
    { ...plain, method: 'POST', name: '', origin: 'http://evil', body: 'x'.repeat(4096) },
  ]);
  assert.equal((await ask('/commands/a', { method: 'POST', body: 'x'.repeat(4097) })).status, 413);
  assert.equal((await ask('/commands/a', { method: 'DELETE' })).status, 405);
  assert.match(await (await ask('/commandsx')).text(), /\/commands/);
  assert.equal(seen.length, 3);
  assert.equal((await ask('/commands/bug')).status, 500);
  await monitor.close();
});
