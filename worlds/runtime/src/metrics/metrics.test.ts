import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHistogram } from './histogram.ts';
import { createMetrics } from './metrics.ts';
import { startMonitor } from './monitor.ts';

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
