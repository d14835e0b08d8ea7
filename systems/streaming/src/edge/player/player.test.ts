/** The way out, on sockets: what players and pages may ask, what they are told, and who is cut off. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { concatBytes } from '@concordat/wire';
import fc from 'fast-check';
import { CUTTER_DEFAULTS, createCutter, interrupt, pushPacket } from '../../media/cutter.ts';
import { createPacketSync, pushBytes } from '../../media/packet-sync.ts';
import { encodePayload, type Piece } from '../../media/payload.ts';
import { createRoundPacker, enqueue, takePayload } from '../../media/round-packer.ts';
import { createMuxer, show } from '../../media/testing/muxer.ts';
import { StreamError } from '../errors.ts';
import { fetched, segmentsIn, until } from '../testing/fetching.ts';
import { type Player, type PlayerOptions, type PlayerStream, startPlayer } from './player.ts';
import { LOCAL_STATUS, type StreamStatus } from './status.ts';

const SHOW = { frames: 60, group: 10, frameTicks: 9000, isFlagged: true, fill: 300 } as const;

/** The payloads of six segments of a second each. */
function payloadsOf(maxBytes: number, hasEnd = false): readonly Uint8Array[] {
  const cutter = createCutter({ ...CUTTER_DEFAULTS, targetMs: 1000 });
  const packer = createRoundPacker();
  const emit = (piece: Piece): void => enqueue(packer, piece);
  pushBytes(createPacketSync(), show(createMuxer(), SHOW), (packet) => pushPacket(cutter, packet, 0, emit));
  interrupt(cutter, emit);
  if (hasEnd) emit({ type: 'end' });
  const payloads: Uint8Array[] = [];
  while (packer.queue.length > 0) payloads.push(takePayload(packer, maxBytes, cutter.targetS));
  return payloads;
}

async function withPlayer(
  options: PlayerOptions,
  work: (player: Player, stream: PlayerStream) => Promise<void>,
  status: () => StreamStatus = () => LOCAL_STATUS,
): Promise<void> {
  const player = await startPlayer(options);
  try {
    await work(player, player.add({ id: 'show', status }));
  } finally {
    await player.close();
  }
}

const play = (stream: PlayerStream, payloads: readonly (Uint8Array | null)[], first = 0): void => {
  for (const [i, payload] of payloads.entries()) stream.onRound(first + i, payload);
};

describe('a player', () => {
  it('serves a playlist and its segments, to pages of any origin', async () => {
    await withPlayer({}, async (_, stream) => {
      play(stream, payloadsOf(3000, true));
      const { status, headers, body } = await fetched(stream.playlistUrl);
      assert.deepEqual(
        [status, headers['content-type'], headers['access-control-allow-origin'], headers['cache-control']],
        [200, 'application/vnd.apple.mpegurl', '*', 'no-store'],
      );
      const names = segmentsIn(body.toString());
      assert.deepEqual(names, ['0.ts', '1.ts', '2.ts', '3.ts', '4.ts', '5.ts']);
      const parts: Buffer[] = [];
      for (const name of names) {
        const segment = await fetched(stream.playlistUrl.replace('index.m3u8', name));
        assert.deepEqual([segment.status, segment.headers['content-type']], [200, 'video/mp2t']);
        parts.push(segment.body);
      }
      const head = await fetched(stream.playlistUrl, { method: 'HEAD' });
      assert.deepEqual(
        [head.status, head.body.length, Number(head.headers['content-length'])],
        [200, 0, body.length],
      );
      assert.equal(concatBytes(parts).length % 188, 0);
    });
  });

  it('answers nothing but GET and HEAD, for names of its own', async () => {
    const options = { allowedHosts: ['tv.example'], allowedOrigins: ['https://page.example'] };
    await withPlayer(options, async ({ url }, stream) => {
      play(stream, payloadsOf(1 << 20));
      const status = async (headers: Record<string, string>, method = 'GET'): Promise<number> =>
        (await fetched(url, { headers, method })).status;
      for (const host of ['localhost:1', '127.0.0.1', '[::1]:80', '192.168.1.7', 'TV.example:8080'])
        assert.equal(await status({ host }), 200, host);
      for (const host of [
        'evil.example',
        'localhost.evil.example',
        '127.0.0.1.evil.example',
        'evil.example:127',
      ])
        assert.equal(await status({ host }), 421, host);
      for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) assert.equal(await status({}, method), 405);
      const paths = [
        'live/show/',
        'live/other/index.m3u8',
        'live/show/99.ts',
        'live/show/01.ts',
        'live/show/..%2f',
        'x',
      ];
      for (const path of paths) assert.equal((await fetched(url + path)).status, 404, path);
      const origin = async (headers: Record<string, string>) =>
        (await fetched(stream.playlistUrl, { headers })).headers['access-control-allow-origin'];
      assert.equal(await origin({ origin: 'https://page.example' }), 'https://page.example');
      assert.equal(await origin({ origin: 'https://other.example' }), undefined);
    });
  });

  it('lets a playlist be waited for, not for ever', async () => {
    await withPlayer({ playlistWaitMs: 10_000 }, async (_, stream) => {
      const asking = fetched(stream.playlistUrl);
      play(stream, payloadsOf(3000));
      const { status, body } = await asking;
      assert.equal(status, 200);
      assert.ok(segmentsIn(body.toString()).length >= 2);
    });
    await withPlayer({ playlistWaitMs: 20 }, async (_, stream) => {
      const { status, headers } = await fetched(stream.playlistUrl);
      assert.deepEqual([status, headers['retry-after']], [503, '2']);
    });
  });

  it('gives the endless stream the bytes of the segments', async () => {
    await withPlayer({}, async (_, stream) => {
      const payloads = payloadsOf(3000, true);
      const half = Math.floor(payloads.length / 2);
      play(stream, payloads.slice(0, half));
      const { lastSegment } = stream.playback();
      assert.ok(lastSegment !== null);
      const reading = fetched(stream.endlessUrl);
      await until(() => stream.playback().readers === 1, 'it reads');
      play(stream, payloads.slice(half), half);
      const { body } = await reading;
      const segments: Buffer[] = [];
      for (let number = lastSegment; number < 6; number++)
        segments.push((await fetched(stream.playlistUrl.replace('index.m3u8', `${number}.ts`))).body);
      assert.deepEqual(body, Buffer.concat(segments));
    });
  });

  it('cuts off a reader that does not read', async () => {
    await withPlayer({ maxWaitingBytes: 50_000 }, async (player, stream) => {
      const socket = connect(player.endpoint.port, '127.0.0.1');
      socket.on('error', () => {});
      await once(socket, 'connect');
      socket.pause();
      socket.write('GET /live/show/stream.ts HTTP/1.1\r\nhost: localhost\r\n\r\n');
      await until(() => stream.playback().readers === 1, 'it is there');
      const bytes = new Uint8Array(188 * 5000).fill(0x47);
      const start = {
        type: 'start',
        number: 0,
        atTicks: 0,
        programDateTimeMs: 0,
        isKeyFrame: true,
        isDiscontinuous: false,
      } as const;
      for (let round = 0; round < 100 && stream.playback().slowReadersCut === 0; round++) {
        stream.onRound(
          round,
          encodePayload({ targetS: 2, pieces: round === 0 ? [start] : [{ type: 'packets', bytes }] }),
        );
        await new Promise((resolve) => setImmediate(resolve));
      }
      assert.equal(stream.playback().slowReadersCut, 1);
      await until(() => stream.playback().readers === 0, 'it is gone');
      socket.destroy();
    });
  });

  it('leaves lost segments out, and counts rounds that are skipped, late or malformed', async () => {
    await withPlayer({}, async (_, stream) => {
      const payloads = payloadsOf(3000, true);
      const lost = Math.floor(payloads.length / 2);
      for (const [i, payload] of payloads.entries()) if (i !== lost) stream.onRound(i, payload);
      stream.onRound(lost, payloads[lost] ?? null);
      const text = (await fetched(stream.playlistUrl)).body.toString();
      const { gaps, segments } = stream.playback();
      assert.ok(gaps >= 1 && gaps <= 2);
      assert.deepEqual([segmentsIn(text).length, segments], [6 - gaps, 6 - gaps]);
      assert.equal(text.split('#EXT-X-DISCONTINUITY\n').length, 2);
      const { rounds, lostRounds, malformedRounds } = stream.playback();
      assert.deepEqual([rounds, lostRounds, malformedRounds], [payloads.length, 1, 0]);
    });
    await withPlayer({}, async (_, stream) => {
      stream.onRound(0, Uint8Array.of(1, 2, 3));
      assert.equal(stream.playback().malformedRounds, 1);
    });
  });

  it('keeps a bounded number of segments, and somewhat more than it lists', async () => {
    await withPlayer({}, async (player) => {
      const status = () => LOCAL_STATUS;
      const stream = player.add({ id: 'a', status, windowSize: 3, maxHeldBytes: 1 << 20 });
      const tight = player.add({ id: 'b', status, windowSize: 3, maxHeldBytes: 20_000 });
      const bytes = new Uint8Array(188 * 50).fill(0x47);
      for (let number = 0; number < 20; number++) {
        const start = {
          type: 'start',
          number,
          atTicks: number * 90_000,
          programDateTimeMs: 0,
          isKeyFrame: true,
          isDiscontinuous: false,
        } as const;
        const payload = encodePayload({ targetS: 2, pieces: [start, { type: 'packets', bytes }] });
        for (const one of [stream, tight]) one.onRound(number, payload);
      }
      assert.deepEqual([stream.playback().firstSegment, stream.playback().lastSegment], [16, 18]);
      const held = async (one: PlayerStream, number: number) =>
        (await fetched(one.playlistUrl.replace('index.m3u8', `${number}.ts`))).status;
      assert.deepEqual([await held(stream, 12), await held(stream, 13)], [404, 200]);
      assert.deepEqual([await held(tight, 16), await held(tight, 17)], [404, 200]);
      assert.equal(tight.playback().heldBytes, 2 * bytes.length);
    });
  });

  it('survives whatever a broadcaster signs', async () => {
    await withPlayer({}, async (_, stream) => {
      const good = payloadsOf(3000);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(2999), fc.nat(255)), { maxLength: 30 }),
          (changes) => {
            const bad = good.map((payload) => payload.slice());
            for (const [i, at, value] of changes) {
              const payload = bad[i];
              if (payload !== undefined) payload[at % 60] = value;
            }
            const { rounds } = stream.playback();
            play(stream, bad, rounds);
            const { firstSegment, lastSegment } = stream.playback();
            assert.ok((lastSegment ?? 0) - (firstSegment ?? 0) < 16);
          },
        ),
        { numRuns: 50 },
      );
      assert.ok([200, 503].includes((await fetched(stream.playlistUrl)).status));
    });
  });
});

describe('status', () => {
  const status = (): StreamStatus => ({
    ...LOCAL_STATUS,
    title: '<b>The show</b>',
    phase: 'joining',
    join: { step: 'asking the tracker', done: 1, total: 3 },
    peers: 40,
    jitter: { rounds: 200, lost: 3 },
    upload: { bytesPerSecond: 40_000, capBytesPerSecond: 50_000, totalBytes: 123 },
    sourceCopies: 0.05,
    evictions: [
      { peer: 'mallory', rule: 'two-statements', reason: 'two histories', evidence: '51de4bb7', round: 9 },
      { peer: 'eve', rule: 'two-statements', reason: 'two histories', evidence: 'b9cb9b74', round: 11 },
      { peer: 'oscar', rule: 'bad-briefcase', reason: 'junk', evidence: '0123abcd', round: 12 },
    ],
    removals: [{ peer: 'bob', why: 'silent', reason: 'three pings are missing', round: 30 }],
    warnings: ['the tracker tells two stories'],
  });

  it('is JSON and Prometheus, for this origin alone', async () => {
    await withPlayer(
      {},
      async ({ url }, stream) => {
        play(stream, payloadsOf(3000));
        const json = await fetched(`${url}status.json`);
        assert.equal(json.headers['access-control-allow-origin'], undefined);
        const { version, streams } = JSON.parse(json.body.toString());
        assert.equal(version, 1);
        const [{ playback, id, playlist, ...told }] = streams;
        assert.deepEqual([id, playlist], ['show', '/live/show/index.m3u8']);
        assert.deepEqual(told, { ...status(), stream: '/live/show/stream.ts' });
        assert.equal(playback.segments, 6);
        const metrics = (await fetched(`${url}metrics`)).body.toString();
        for (const line of [
          'concordat_stream_segments_total{stream="show"} 6',
          'concordat_stream_joined{stream="show"} 0',
          'concordat_stream_peers{stream="show"} 40',
          'concordat_stream_upload_cap_bytes_per_second{stream="show"} 50000',
          'concordat_stream_evictions_total{stream="show",rule="two-statements"} 2',
          'concordat_stream_evictions_total{stream="show",rule="bad-briefcase"} 1',
          'concordat_stream_removals{stream="show",why="silent"} 1',
          'concordat_stream_warnings{stream="show"} 1',
        ])
          assert.ok(metrics.includes(`${line}\n`), line);
      },
      status,
    );
  });

  it('has a page whose policy allows its own script and style, and nothing else', async () => {
    await withPlayer({}, async ({ url }) => {
      const { headers, body } = await fetched(url);
      const page = body.toString();
      const policy = String(headers['content-security-policy']);
      const hashes = [...page.matchAll(/<(style|script)>([\s\S]*?)<\/\1>/g)].map((match) =>
        createHash('sha256')
          .update(match[2] ?? '')
          .digest('base64'),
      );
      assert.equal(hashes.length, 2);
      for (const hash of hashes) assert.ok(policy.includes(`'sha256-${hash}'`));
      assert.match(policy, /default-src 'none'.*connect-src 'self'/);
      assert.doesNotMatch(page, /innerHTML|https?:|src=/);
    });
  });
});

describe('several streams', () => {
  it('share a server; one that is removed is gone, a name is taken once', async () => {
    await withPlayer({}, async (player, stream) => {
      const other = player.add({ id: 'other', status: () => LOCAL_STATUS });
      play(stream, payloadsOf(3000));
      play(other, payloadsOf(3000).slice(0, 8));
      assert.equal((await fetched(other.playlistUrl)).status, 200);
      const code = (wanted: string) => (error: unknown) =>
        error instanceof StreamError && error.code === wanted;
      assert.throws(() => player.add({ id: 'other', status: () => LOCAL_STATUS }), code('stream-exists'));
      for (const id of ['', '../x', 'a b', 'x'.repeat(65)])
        assert.throws(() => player.add({ id, status: () => LOCAL_STATUS }), code('bad-configuration'));
      other.remove();
      assert.equal((await fetched(other.playlistUrl)).status, 404);
      assert.equal((await fetched(stream.playlistUrl)).status, 200);
      await assert.rejects(startPlayer({ listen: { port: player.endpoint.port } }), code('port-in-use'));
      await assert.rejects(startPlayer({ signal: AbortSignal.abort() }), code('aborted'));
    });
  });

  it('leave at once, whoever still reads', async () => {
    const calling = new AbortController();
    const player = await startPlayer({ signal: calling.signal });
    const stream = player.add({ id: 'show', status: () => LOCAL_STATUS });
    const reading = fetched(stream.endlessUrl);
    await until(() => stream.playback().readers === 1, 'it reads');
    calling.abort();
    await player[Symbol.asyncDispose]();
    await assert.rejects(reading);
    await assert.rejects(fetched(player.url), { code: 'ECONNREFUSED' });
  });
});
