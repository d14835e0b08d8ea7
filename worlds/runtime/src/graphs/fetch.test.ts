/** Fetching from a server on loopback that breaks connections, lies about lengths and parts, and serves other bytes. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { edgeCountOf } from '@concordat/graph';
import {
  DATA_SETS,
  type DataSet,
  dataSetAtHand,
  digestOfFile,
  type FetchOptions,
  fetchDataSet,
  fetchFile,
  type GraphErrorCode,
  loadGraph,
  skipWithout,
} from './index.ts';

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
const SHA256 = createHash('sha256').update(BYTES).digest('hex');

type Answer = (request: IncomingMessage, response: ServerResponse, from: number) => void;

const folder = mkdtempSync(join(tmpdir(), 'concordat-fetch-'));
/** One after the other; the last one stays. */
let answers: Answer[] = [];
let ranges: (string | undefined)[] = [];
const server = createServer((request, response) => {
  ranges.push(request.headers.range);
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  const answer = answers.length > 1 ? answers.shift() : answers[0];
  answer?.(request, response, from);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/graph.txt.gz`;
after(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

/** All from the byte asked for. */
const honest: Answer = (_, response, from) => {
  if (from >= BYTES.length) return void response.writeHead(416).end();
  const head = { 'content-length': BYTES.length - from };
  if (from > 0)
    response.writeHead(206, {
      ...head,
      'content-range': `bytes ${from}-${BYTES.length - 1}/${BYTES.length}`,
    });
  else response.writeHead(200, head);
  response.end(BYTES.subarray(from));
};

/** The answer whose connection breaks as soon as something of it has come. */
let fragile: ServerResponse | null = null;
const breakIt = (): void => {
  fragile?.destroy();
  fragile = null;
};

/** As many bytes as `count`, and a connection that breaks once some of them have come. */
const breaking =
  (count: number): Answer =>
  (_, response, from) => {
    const last = BYTES.length - 1;
    const head = {
      'content-length': BYTES.length - from,
      'content-range': `bytes ${from}-${last}/${last + 1}`,
    };
    response.writeHead(from > 0 ? 206 : 200, head);
    response.write(BYTES.subarray(from, from + count));
    fragile = response;
  };

const statusOf =
  (status: number): Answer =>
  (_, response) =>
    void response.writeHead(status).end();

let fileCount = 0;
function plan(...next: Answer[]): FetchOptions {
  answers = next;
  ranges = [];
  fileCount += 1;
  const file = join(folder, 'deep', `${fileCount}.gz`);
  return {
    url,
    file,
    sha256: SHA256,
    attempts: 3,
    retryDelayMs: 1,
    stallMs: 10_000,
    signal: AbortSignal.timeout(20_000),
    onProgress: breakIt,
  };
}

const assertWhole = ({ file }: FetchOptions): void => {
  assert.ok(readFileSync(file).equals(BYTES));
  assert.ok(!existsSync(`${file}.part`));
};
const assertFails = async (options: FetchOptions, code: GraphErrorCode, message: RegExp): Promise<void> => {
  await assert.rejects(fetchFile(options), (error: Error) => {
    assert.equal((error as Error & { code?: string }).code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
  assert.ok(!existsSync(options.file));
};

test('a file is fetched whole with progress, and not again', async () => {
  const options = plan(honest);
  const told: number[] = [];
  assert.equal(
    await fetchFile({
      ...options,
      onProgress: ({ bytesDone, bytesTotal }) => {
        assert.equal(bytesTotal, BYTES.length);
        told.push(bytesDone);
      },
    }),
    true,
  );
  assertWhole(options);
  assert.deepEqual(
    told.toSorted((a, b) => a - b),
    told,
  );
  assert.equal(told.at(-1), BYTES.length);
  assert.equal(await fetchFile({ ...options, sha256: SHA256.toUpperCase() }), false);
  assert.equal(ranges.length, 1);
});

test('a connection that breaks again and again is taken up where it broke, as long as something comes', async () => {
  const options = plan(...Array.from({ length: 9 }, () => breaking(20_000)), honest);
  await fetchFile(options);
  assertWhole(options);
  assert.equal(ranges.length, 10);
  assert.equal(ranges[0], undefined);
  for (const range of ranges.slice(1)) assert.match(range ?? '', /^bytes=\d+-$/);
});

test('what a former run left is gone on with', async () => {
  const options = plan(honest);
  await fetchFile(options);
  rmSync(options.file);
  writeFileSync(`${options.file}.part`, BYTES.subarray(0, 123_456));
  ranges = [];
  await fetchFile(options);
  assertWhole(options);
  assert.deepEqual(ranges, ['bytes=123456-']);
  rmSync(options.file);
  writeFileSync(`${options.file}.part`, BYTES);
  await fetchFile(options);
  assertWhole(options);
});

test('a part of another file, or one that is too long, is thrown away, and all is fetched', async () => {
  for (const part of [Buffer.alloc(5000, 1), Buffer.alloc(300_000, 1)]) {
    const options = plan(honest);
    await fetchFile(options);
    rmSync(options.file);
    writeFileSync(`${options.file}.part`, part);
    await fetchFile(options);
    assertWhole(options);
  }
});

test('a server that knows no parts, or sends another part, is asked for all', async () => {
  const whole: Answer = (_, response) =>
    void response.writeHead(200, { 'content-length': BYTES.length }).end(BYTES);
  const ignoring = plan(breaking(50_000), whole);
  await fetchFile(ignoring);
  assertWhole(ignoring);
  const shifted: Answer = (_, response, from) =>
    void response
      .writeHead(206, { 'content-range': `bytes ${from + 1}-${BYTES.length - 1}/${BYTES.length}` })
      .end(BYTES.subarray(from + 1));
  const lying = plan(breaking(50_000), shifted, honest);
  await fetchFile(lying);
  assertWhole(lying);
  assert.equal(ranges.at(-1), undefined);
});

test('lengths that lie: too long a promise is a broken connection, too short a body has the wrong digest', async () => {
  const promising: Answer = (_, response) => {
    response.writeHead(200, { 'content-length': 2 * BYTES.length });
    response.write(BYTES);
    fragile = response;
  };
  const options = plan(promising, honest);
  await fetchFile(options);
  assertWhole(options);
  const short: Answer = (_, response) =>
    void response.writeHead(200, { 'content-length': 1000 }).end(BYTES.subarray(0, 1000));
  await assertFails(plan(short), 'wrong-digest', /nothing of it was kept/);
});

test('other bytes are refused, and nothing of them stays', async () => {
  const other: Answer = (_, response) => void response.writeHead(200).end(BYTES.map((byte) => byte ^ 1));
  const options = plan(other);
  await assertFails(options, 'wrong-digest', /SHA-256 is [0-9a-f]{64}, not/);
  assert.ok(!existsSync(`${options.file}.part`));
});

test('refusals are told at once, faults of servers after some tries', async () => {
  await assertFails(plan(statusOf(404)), 'fetch', /404 Not Found/);
  assert.equal(ranges.length, 1);
  await assertFails(plan(statusOf(503)), 'fetch', /503/);
  assert.equal(ranges.length, 3);
  await assertFails(
    plan((_, response) => void response.destroy()),
    'fetch',
    /kept for the next try/,
  );
  assert.equal(ranges.length, 3);
  const recovered = plan(statusOf(503), honest);
  await fetchFile(recovered);
  assertWhole(recovered);
  const packed: Answer = (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'br' }).end(BYTES);
  await assertFails(plan(packed), 'fetch', /packed by the server/);
});

test('a file that is too large is refused by its promise and by its bytes', async () => {
  await assertFails({ ...plan(honest), maxBytes: 100_000 }, 'too-large', /larger than 100000 bytes/);
  const endless: Answer = (_, response) => {
    const more = (): void => {
      if (!response.destroyed) response.write(BYTES, more);
    };
    response.writeHead(200);
    more();
  };
  await assertFails({ ...plan(endless), maxBytes: 1_000_000 }, 'too-large', /larger than 1000000/);
});

test('a server that falls silent counts as broken', async () => {
  const silent: Answer = (_, response, from) => {
    response.writeHead(200, { 'content-length': BYTES.length });
    response.write(BYTES.subarray(from, 1000));
  };
  const options = plan(silent, honest);
  await fetchFile({ ...options, stallMs: 100 });
  assertWhole(options);
  assert.deepEqual(ranges, [undefined, 'bytes=1000-']);
});

test('whoever stops a fetch finds its part again', async () => {
  const controller = new AbortController();
  const silent: Answer = (_, response) =>
    void response.writeHead(200, { 'content-length': BYTES.length }).write(BYTES.subarray(0, 5000));
  const options = { ...plan(silent, honest), signal: controller.signal };
  const reason = new Error('enough');
  await assert.rejects(fetchFile({ ...options, onProgress: () => controller.abort(reason) }), reason);
  await fetchFile({ ...options, signal: AbortSignal.timeout(20_000) });
  assertWhole(options);
  assert.equal(ranges.at(-1), 'bytes=5000-');
});

test('a data set is taken by the digest of the catalogue, or by one that is given', async () => {
  const options = plan(honest);
  const dataSet: DataSet = { ...(DATA_SETS[0] as DataSet), url };
  await assert.rejects(fetchDataSet(dataSet, folder, { sha256: 'abc' }), { code: 'bad-digest' });
  assert.equal(ranges.length, 0);
  const signal = options.signal as AbortSignal;
  await assert.rejects(fetchDataSet(dataSet, folder, { signal }), { code: 'wrong-digest' });
  const file = await fetchDataSet(dataSet, folder, { sha256: SHA256, signal });
  assert.equal(await digestOfFile(file), SHA256);
  const other = { ...dataSet, sha256: SHA256 };
  assert.equal(
    await fetchDataSet(other, folder, { signal: AbortSignal.abort() }).catch(() => 'stopped'),
    'stopped',
  );
  assert.equal(await fetchDataSet(other, folder, { signal }), file, 'it is there already');
});

test('the catalogue names each data set once, with a digest', () => {
  const of = (field: 'name' | 'file' | 'sha256') => new Set(DATA_SETS.map((dataSet) => dataSet[field])).size;
  assert.deepEqual([of('name'), of('file'), of('sha256')], Array(3).fill(DATA_SETS.length));
  for (const { sha256 } of DATA_SETS) assert.match(sha256, /^[0-9a-f]{64}$/);
});

test('a data set at hand is found as fetched or packed', () => {
  const [empty, full] = [join(folder, 'empty'), join(folder, 'full')];
  mkdirSync(full);
  writeFileSync(join(full, 'deezer-hu.csv.gz'), '');
  assert.equal(dataSetAtHand('deezer-hu', empty), null);
  assert.equal(dataSetAtHand('deezer-hu', full), join(full, 'deezer-hu.csv.gz'));
  writeFileSync(join(full, 'deezer-hu.csv'), '');
  assert.equal(dataSetAtHand('deezer-hu', full), join(full, 'deezer-hu.csv'));
  assert.equal(dataSetAtHand('orkut', full), null);
});

// Of ego-Facebook copies go round that give the same people other numbers.
for (const { name, sha256, options, nodeCount, edgeCount } of DATA_SETS.filter(
  (dataSet) => dataSet.name !== 'ego-facebook',
))
  test(`the copy of ${name} at hand has the digest of the catalogue, and reads as it says`, {
    skip: skipWithout(name),
  }, async () => {
    const copy = dataSetAtHand(name);
    assert(copy !== null);
    const bytes = readFileSync(copy);
    const plain = copy.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    assert.equal(createHash('sha256').update(plain).digest('hex'), sha256);
    if (options === null) return;
    const { graph, skippedCount } = await loadGraph(copy, options);
    assert.equal(edgeCountOf(graph) + skippedCount, edgeCount);
    if (skippedCount === 0) assert.equal(graph.nodeCount, nodeCount);
  });
