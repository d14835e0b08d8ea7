/** The ways in, on sockets: one publisher at a time, strangers refused, order of pushed segments, overload, errors with codes. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { createMetrics } from '@concordat/runtime';
import { decodePayload, type Piece } from '../../media/payload.ts';
import { createMuxer, show } from '../../media/testing/muxer.ts';
import { StreamError } from '../errors.ts';
import { fetched, until } from '../testing/fetching.ts';
import { type Ingest, type IngestOptions, type IngestSource, startIngest } from './ingest.ts';
import type { IngestEvent } from './intake.ts';
import { measureIngest } from './measures.ts';

const SHOW = { frames: 20, group: 10, frameTicks: 9000, isFlagged: true, fill: 300 } as const;
const SEGMENTS = { targetMs: 1000 };

interface Watched {
  readonly ingest: Ingest;
  readonly events: IngestEvent[];
  readonly port: number;
}

async function withIngest(
  options: Partial<IngestOptions> & { readonly source: IngestSource },
  work: (watched: Watched) => Promise<void>,
): Promise<void> {
  const events: IngestEvent[] = [];
  const ingest = await startIngest({
    segments: SEGMENTS,
    onEvent: (event) => events.push(event),
    ...options,
  });
  try {
    await work({ ingest, events, port: ingest.endpoint?.port ?? 0 });
  } finally {
    await ingest.close();
  }
}

/** All pieces that wait, and the end. */
function drained(ingest: Ingest): Piece[] {
  ingest.finish();
  const pieces: Piece[] = [];
  while (pieces.at(-1)?.type !== 'end') {
    const payload = decodePayload(ingest.take());
    assert.ok(payload !== null);
    pieces.push(...payload.pieces);
  }
  return pieces;
}

const startsOf = (pieces: readonly Piece[]): readonly boolean[] =>
  pieces.flatMap((piece) => (piece.type === 'start' ? [piece.isDiscontinuous] : []));

const why = (events: readonly IngestEvent[]): readonly string[] =>
  events.map((event) => ('why' in event ? `${event.type}: ${event.why}` : event.type));

async function connected(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

const closed = async (socket: Socket): Promise<void> => {
  socket.resume();
  if (!socket.closed) await once(socket, 'close', { signal: AbortSignal.timeout(20_000) });
};

describe('TCP', () => {
  it('takes one publisher at a time, and who only connects is none', async () => {
    await withIngest({ source: { kind: 'tcp' } }, async ({ ingest, events, port }) => {
      const silent = await connected(port);
      const publisher = await connected(port);
      publisher.write(show(createMuxer(), SHOW));
      await until(() => ingest.status().nextSegment === 2, 'it publishes');
      const second = await connected(port);
      second.write(show(createMuxer(), SHOW));
      await closed(second);
      assert.equal(ingest.status().nextSegment, 2);
      publisher.end();
      await closed(publisher);
      await until(() => ingest.status().publisher === null, 'it has left');
      silent.write(show(createMuxer(), SHOW));
      await until(() => ingest.status().nextSegment === 4, 'another publishes');
      assert.deepEqual(
        events.map(({ type }) => type),
        ['publisher-joined', 'refused', 'publisher-left', 'publisher-joined'],
      );
      assert.deepEqual(startsOf(drained(ingest)), [false, false, true, false]);
      silent.destroy();
    });
  });

  it('refuses what a browser sends, though transport packets are inside', async () => {
    await withIngest({ source: { kind: 'tcp' } }, async ({ ingest, events, port }) => {
      const browser = await connected(port);
      browser.write('POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n');
      browser.write(show(createMuxer(), SHOW));
      await closed(browser);
      assert.deepEqual(why(events), ['refused: it speaks HTTP']);
      assert.equal(ingest.status().receivedBytes, 0);
    });
  });

  it('lets a silent publisher go', async () => {
    await withIngest({ source: { kind: 'tcp' }, idleMs: 200 }, async ({ events, port }) => {
      const publisher = await connected(port);
      publisher.write(show(createMuxer(), SHOW));
      await closed(publisher);
      await until(() => events.length === 2, 'it has left');
      assert.deepEqual(why(events), ['publisher-joined', 'publisher-left: it was silent for 200 ms']);
    });
  });
});

describe('UDP', () => {
  it('takes one sender at a time, until it is silent, and tells what is lost', async () => {
    await withIngest({ source: { kind: 'udp' }, idleMs: 300 }, async ({ ingest, events, port }) => {
      const [one, other] = [createSocket('udp4').unref(), createSocket('udp4').unref()];
      const send = async (socket: typeof one, bytes: Uint8Array): Promise<void> => {
        for (let at = 0; at < bytes.length; at += 1316) {
          const before = ingest.status().receivedBytes;
          await new Promise((resolve) =>
            socket.send(bytes.subarray(at, at + 1316), port, '127.0.0.1', resolve),
          );
          if (socket === one) await until(() => ingest.status().receivedBytes > before, 'it has come');
        }
      };
      const muxer = createMuxer();
      await send(one, show(muxer, SHOW));
      await send(other, show(createMuxer(), SHOW));
      await until(() => events.length === 2, 'the other one is refused');
      assert.equal(ingest.status().lossEvents, 0);
      const more = show(muxer, { ...SHOW, startTicks: 20 * 9000 });
      // Seven packets of sound and picture are lost in the middle.
      await send(one, more.subarray(0, 1316));
      await send(one, more.subarray(2632));
      assert.equal(ingest.status().lossEvents, 2);
      await until(() => events.length === 3, 'it is silent');
      assert.deepEqual(
        events.map(({ type }) => type),
        ['publisher-joined', 'refused', 'publisher-left'],
      );
      one.close();
      other.close();
    });
  });
});

describe('HTTP PUT', () => {
  const listing = (first: number, names: readonly string[], tail = ''): string =>
    `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:${first}\n${names.map((name) => `#EXTINF:1,\n${name}\n`).join('')}${tail}`;

  it('takes segments in the order of the playlist, however they arrive', async () => {
    await withIngest({ source: { kind: 'http' } }, async ({ ingest, events, port }) => {
      const put = async (name: string, body: string | Uint8Array) =>
        (await fetched(`http://127.0.0.1:${port}/live/${name}`, { method: 'PUT', body })).status;
      const muxer = createMuxer();
      const parts = [0, 1, 2, 3, 4].map((i) => show(muxer, { ...SHOW, frames: 10, startTicks: i * 90_000 }));
      const [a, b, c, , e] = parts;
      assert.ok(a && b && c && e);
      assert.equal(await put('b.ts', b), 204);
      assert.equal(await put('a.ts', a), 204);
      assert.equal(ingest.status().receivedBytes, 0, 'nothing before it is listed');
      assert.equal(await put('index.m3u8', listing(7, ['a.ts', 'b.ts'])), 204);
      assert.equal(ingest.status().receivedBytes, a.length + b.length);
      assert.equal(await put('c.ts', c), 204);
      assert.equal(await put('e.ts', e), 204);
      assert.equal(await put('index.m3u8', listing(8, ['b.ts', 'c.ts', 'd.ts', 'e.ts'])), 204);
      const gone = await fetched(`http://127.0.0.1:${port}/live/a.ts`, { method: 'DELETE' });
      assert.equal(gone.status, 204);
      assert.equal(
        await put('index.m3u8', listing(8, ['b.ts', 'c.ts', 'd.ts', 'e.ts'], '#EXT-X-ENDLIST\n')),
        204,
      );
      assert.deepEqual(
        events.map(({ type }) => type),
        ['publisher-joined', 'missing', 'publisher-left'],
      );
      assert.deepEqual(startsOf(drained(ingest)), [false, false, false, true]);
    });
  });

  it('waits for an upload that its playlist has overtaken', async () => {
    await withIngest({ source: { kind: 'http' } }, async ({ ingest, events, port }) => {
      const bytes = show(createMuxer(), SHOW);
      const put = async (name: string, body: string | Uint8Array) =>
        (await fetched(`http://127.0.0.1:${port}/live/${name}`, { method: 'PUT', body })).status;
      assert.equal(await put('0.ts', bytes), 204);
      assert.equal(await put('index.m3u8', listing(0, ['0.ts'])), 204);
      assert.equal(ingest.status().receivedBytes, bytes.length);
      const uploading = await connected(port);
      const head = `PUT /live/1.ts HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${bytes.length}\r\n`;
      uploading.write(`${head}expect: 100-continue\r\n\r\n`);
      await once(uploading, 'data', { signal: AbortSignal.timeout(20_000) });
      assert.equal(await put('index.m3u8', listing(0, ['0.ts', '1.ts'])), 204);
      assert.equal(ingest.status().receivedBytes, bytes.length);
      uploading.write(bytes);
      await until(() => ingest.status().receivedBytes === 2 * bytes.length, 'it has come');
      uploading.destroy();
      assert.deepEqual(why(events), ['publisher-joined']);
    });
  });

  it('refuses pages of browsers, other hosts, other methods and other files, and a second folder', async () => {
    await withIngest(
      { source: { kind: 'http', allowedHosts: ['studio.example'] } },
      async ({ ingest, port }) => {
        const status = async (path: string, method: string, headers: Record<string, string>, body = '') =>
          (await fetched(`http://127.0.0.1:${port}${path}`, { method, headers, body })).status;
        assert.equal(await status('/a/x.m3u8', 'PUT', { host: 'evil.example' }), 421);
        assert.equal(await status('/a/x.m3u8', 'PUT', { origin: 'http://127.0.0.1' }), 403);
        assert.equal(await status('/a/x.m3u8', 'POST', {}), 405);
        assert.equal(await status('/a/x.m3u8', 'OPTIONS', {}), 405);
        assert.equal(await status('/a/x.mp4', 'PUT', {}), 415);
        assert.equal(ingest.status().publisher, null);
        assert.equal(await status('/a/x.m3u8', 'PUT', { host: 'studio.example:80' }, 'nonsense'), 400);
        assert.equal(await status('/a/x.m3u8', 'PUT', {}, `#EXTM3U\n${'#'.repeat(300_000)}`), 413);
        assert.equal(await status('/b/x.m3u8', 'PUT', {}, listing(0, [])), 409);
        assert.equal(await status('/a/x.m3u8', 'PUT', {}, listing(0, [])), 204);
      },
    );
  });

  it('holds a bounded number of segments that nobody lists', async () => {
    await withIngest({ source: { kind: 'http' } }, async ({ ingest, port }) => {
      const statuses: number[] = [];
      for (let i = 0; i < 66; i++)
        statuses.push(
          (await fetched(`http://127.0.0.1:${port}/${i}.ts`, { method: 'PUT', body: 'x' })).status,
        );
      assert.deepEqual([...new Set(statuses.slice(0, 64))], [204]);
      assert.deepEqual(statuses.slice(64), [413, 413]);
      assert.equal(ingest.status().receivedBytes, 0);
    });
  });
});

describe('an ingest', () => {
  it('cuts the stream when more comes than rounds can carry, and goes on at a key frame', async () => {
    const input = new PassThrough();
    const options = {
      source: { kind: 'stream', input },
      maxPayloadBytes: 10_000,
      maxQueueBytes: 20_000,
    } as const;
    await withIngest(options, async ({ ingest, events }) => {
      const muxer = createMuxer();
      const flood = show(muxer, { ...SHOW, frames: 200 });
      input.write(flood);
      await until(() => ingest.status().receivedBytes === flood.length, 'it has come');
      assert.ok(ingest.status().queuedBytes <= 20_000 + 188);
      assert.deepEqual([ingest.status().overloads, events.at(-1)?.type], [1, 'overloaded']);
      const metrics = createMetrics();
      measureIngest(metrics, 'show', ingest);
      assert.match(metrics.render(), /\nconcordat_ingest_overloads_total\{stream="show"\} 1\n/);
      const pieces: Piece[] = [];
      while (events.at(-1)?.type !== 'recovered') {
        const payload = ingest.take();
        assert.ok(payload.length <= 10_000);
        pieces.push(...(decodePayload(payload)?.pieces ?? []));
      }
      input.end(show(muxer, { ...SHOW, frames: 10, startTicks: 200 * 9000 }));
      await until(() => ingest.status().isEnded, 'the input is over');
      pieces.push(...drained(ingest));
      const marks = pieces.filter(({ type }) => type !== 'packets').map(({ type }) => type);
      assert.deepEqual(marks.slice(-4), ['pause', 'start', 'pause', 'end']);
      const starts = startsOf(pieces);
      assert.deepEqual(starts, [...starts.slice(0, -1).map(() => false), true]);
    });
  });

  it('keeps the time itself if asked to, and ends with its input', async () => {
    const input = new PassThrough();
    const numbers: number[] = [];
    const pieces: Piece[] = [];
    const ingest = await startIngest({
      source: { kind: 'stream', input },
      segments: SEGMENTS,
      roundMs: 50,
      firstRound: 40,
      onRound: ({ number, payload }) => {
        numbers.push(number);
        pieces.push(...(decodePayload(payload)?.pieces ?? []));
      },
    });
    input.end(show(createMuxer(), SHOW));
    await ingest.ended;
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => 40 + i),
    );
    assert.deepEqual(pieces.at(-1), { type: 'end' });
    assert.equal(startsOf(pieces).length, 2);
    await ingest.close();
  });

  it('is told from a port that is taken, from settings that cannot be, and from being called off', async () => {
    const code = (wanted: string) => (error: unknown) =>
      error instanceof StreamError && error.code === wanted;
    await withIngest({ source: { kind: 'tcp' } }, async ({ port }) => {
      await assert.rejects(startIngest({ source: { kind: 'tcp', port } }), code('port-in-use'));
      await assert.rejects(startIngest({ source: { kind: 'http', port } }), code('port-in-use'));
    });
    await withIngest({ source: { kind: 'udp' } }, async ({ port }) => {
      await assert.rejects(startIngest({ source: { kind: 'udp', port } }), code('port-in-use'));
    });
    await assert.rejects(startIngest({ source: { kind: 'tcp', host: '192.0.2.1' } }), code('port-failed'));
    const source = { kind: 'tcp' } as const;
    for (const wrong of [
      { roundMs: 0 },
      { maxPayloadBytes: 10 },
      { maxQueueBytes: 1 },
      { segments: { longestMs: 1 } },
    ])
      await assert.rejects(startIngest({ source, ...wrong }), code('bad-configuration'));
    await assert.rejects(startIngest({ source, signal: AbortSignal.abort() }), code('aborted'));
    const calling = new AbortController();
    const ingest = await startIngest({ source, signal: calling.signal });
    calling.abort();
    await ingest.ended;
    await assert.rejects(connected(ingest.endpoint?.port ?? 0).then((socket) => closed(socket)));
  });
});
