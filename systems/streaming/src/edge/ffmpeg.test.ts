/** A show from ffmpeg by each of the four ways in, through rounds, to two players: the same segments at both, which ffmpeg reads. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { type Ingest, type IngestSource, startIngest } from './ingest/ingest.ts';
import type { IngestEvent } from './ingest/intake.ts';
import { type Player, type PlayerStream, startPlayer } from './player/player.ts';
import { LOCAL_STATUS } from './player/status.ts';
import { fetched, segmentsIn, until } from './testing/fetching.ts';
import { NO_FFMPEG, run, showOf, spawnFfmpeg } from './testing/ffmpeg.ts';

const ROUND_MS = 100;

interface Stage {
  readonly ingest: Ingest;
  readonly events: IngestEvent[];
  /** Two players; the second joins a little later, and what it is given can be held back. */
  readonly players: readonly Player[];
  readonly streams: readonly PlayerStream[];
  readonly payloads: Uint8Array[];
}

/** `given` says which payload the second player gets. */
async function onStage(
  source: IngestSource,
  work: (stage: Stage) => Promise<void>,
  given: (number: number, payload: Uint8Array) => Uint8Array | null = (_, payload) => payload,
): Promise<void> {
  const players = [await startPlayer(), await startPlayer()];
  const streams = players.map((player) => player.add({ id: 'show', status: () => LOCAL_STATUS }));
  const events: IngestEvent[] = [];
  const payloads: Uint8Array[] = [];
  const ingest = await startIngest({
    source,
    roundMs: ROUND_MS,
    segments: { targetMs: 1000 },
    idleMs: source.kind === 'udp' ? 700 : 10_000,
    onEvent: (event) => events.push(event),
    onRound: ({ number, payload }) => {
      assert.equal(number, payloads.length, 'rounds come in order');
      payloads.push(payload);
      streams[0]?.onRound(number, payload);
      streams[1]?.onRound(number, given(number, payload));
    },
  });
  try {
    await work({ ingest, events, players, streams, payloads });
  } finally {
    await ingest.close();
    for (const player of players) await player.close();
  }
}

/** Lets ffmpeg publish to the end, then ends the stream. */
async function publish({ ingest, events }: Stage, args: readonly string[]): Promise<void> {
  const child = spawnFfmpeg(args);
  await until(() => child.exitCode !== null || child.signalCode !== null, 'ffmpeg has published');
  assert.equal(child.exitCode, 0);
  await until(() => events.some(({ type }) => type === 'publisher-left'), 'the publisher has left');
  ingest.finish();
  await ingest.ended;
}

/** Judges what players serve: the same at all of them, each segment readable alone, the whole without a complaint. */
async function judge(streams: readonly PlayerStream[], seconds: number): Promise<void> {
  const playlists = await Promise.all(streams.map(({ playlistUrl }) => fetched(playlistUrl)));
  const texts = playlists.map(({ body }) => body.toString());
  assert.equal(texts[1], texts[0]);
  const names = segmentsIn(texts[0] ?? '');
  assert.ok(names.length >= seconds - 1 && names.length <= seconds + 1, texts[0]);
  assert.match(texts[0] ?? '', /#EXT-X-ENDLIST\n$/);
  const folder = mkdtempSync(join(tmpdir(), 'streaming-'));
  try {
    for (const name of names) {
      const urls = streams.map(({ playlistUrl }) => playlistUrl.replace('index.m3u8', name));
      const [one, other] = await Promise.all(urls.map((url) => fetched(url)));
      assert.ok(one?.status === 200 && one.body.length % 188 === 0);
      assert.deepEqual(other?.body, one.body);
      writeFileSync(join(folder, name), one.body);
      const probe = await run('ffprobe', [
        '-v',
        'warning',
        '-show_streams',
        '-of',
        'json',
        join(folder, name),
      ]);
      assert.deepEqual([probe.status, probe.errors], [0, ''], name);
      const { streams: found } = JSON.parse(probe.output);
      assert.deepEqual(found.map(({ codec_name: codec }: { codec_name: string }) => codec).sort(), [
        'aac',
        'h264',
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const url = streams[0]?.playlistUrl ?? '';
  const decoded = await run('ffmpeg', ['-v', 'error', '-xerror', '-i', url, '-f', 'null', '-']);
  assert.deepEqual([decoded.status, decoded.errors], [0, '']);
  const counted = await run('ffprobe', [
    '-v',
    'error',
    '-count_frames',
    '-select_streams',
    'v',
    '-show_entries',
    'stream=nb_read_frames',
    '-of',
    'csv=p=0',
    url,
  ]);
  assert.equal(Number.parseInt(counted.output, 10), seconds * 20, 'every frame arrives');
}

describe('a show from ffmpeg', { skip: NO_FFMPEG }, () => {
  it('comes in by a pipe', async () => {
    const child = spawnFfmpeg([...showOf(6, false), '-f', 'mpegts', '-'], 'pipe');
    assert.ok(child.stdout !== null);
    await onStage({ kind: 'stream', input: child.stdout }, async ({ ingest, streams }) => {
      await ingest.ended;
      await judge(streams, 6);
    });
  });

  it('comes in over TCP, with B-frames and without tables of its own at key frames', async () => {
    await onStage({ kind: 'tcp' }, async (stage) => {
      const url = `tcp://127.0.0.1:${stage.ingest.endpoint?.port}`;
      const show = showOf(6, false).map((word) => (word === 'zerolatency' ? 'film' : word));
      await publish(stage, [...show, '-bf', '2', '-pat_period', '5', '-f', 'mpegts', url]);
      await judge(stage.streams, 6);
    });
  });

  it('comes in over UDP', async () => {
    await onStage({ kind: 'udp' }, async (stage) => {
      const url = `udp://127.0.0.1:${stage.ingest.endpoint?.port}?pkt_size=1316`;
      await publish(stage, [...showOf(3, true), '-f', 'mpegts', url]);
      assert.equal(stage.ingest.status().lossEvents, 0);
      await judge(stage.streams, 3);
    });
  });

  it('comes in as HLS by HTTP PUT', async () => {
    await onStage({ kind: 'http' }, async (stage) => {
      const url = `http://127.0.0.1:${stage.ingest.endpoint?.port}/live/index.m3u8`;
      const flags = ['-f', 'hls', '-hls_time', '2', '-hls_list_size', '5', '-hls_flags', 'delete_segments'];
      await publish(stage, [...showOf(6, false), ...flags, '-method', 'PUT', url]);
      await judge(stage.streams, 6);
    });
  });

  it('goes on as a discontinuity when its publisher is killed and comes back', async () => {
    await onStage({ kind: 'tcp' }, async (stage) => {
      const { ingest, events, streams } = stage;
      const url = `tcp://127.0.0.1:${ingest.endpoint?.port}`;
      const child = spawnFfmpeg([...showOf(60, true), '-f', 'mpegts', url]);
      await until(() => ingest.status().nextSegment >= 2, 'a segment is there');
      child.kill('SIGKILL');
      await until(() => events.some(({ type }) => type === 'publisher-left'), 'it is gone');
      events.length = 0;
      await publish(stage, [...showOf(3, false), '-f', 'mpegts', url]);
      const { body } = await fetched(streams[0]?.playlistUrl ?? '');
      const [before, behind] = body.toString().split('#EXT-X-DISCONTINUITY\n');
      assert.ok(segmentsIn(before ?? '').length >= 2);
      assert.equal(segmentsIn(behind ?? '').length, 3);
      const decoded = await run('ffmpeg', [
        '-v',
        'error',
        '-i',
        streams[0]?.playlistUrl ?? '',
        '-f',
        'null',
        '-',
      ]);
      assert.equal(decoded.status, 0);
      assert.doesNotMatch(decoded.errors, /Failed to open|Invalid data/);
    });
  });

  it('plays past rounds that one peer has lost', async () => {
    const child = spawnFfmpeg([...showOf(8, true), '-f', 'mpegts', '-'], 'pipe');
    assert.ok(child.stdout !== null);
    await onStage(
      { kind: 'stream', input: child.stdout },
      async ({ ingest, streams }) => {
        await ingest.ended;
        const [whole, lossy] = await Promise.all(streams.map(({ playlistUrl }) => fetched(playlistUrl)));
        const names = segmentsIn(whole?.body.toString() ?? '');
        const text = lossy?.body.toString() ?? '';
        const kept = segmentsIn(text);
        const lost = names.filter((name) => !kept.includes(name));
        assert.ok(lost.length === 1 || lost.length === 2, text);
        assert.deepEqual(
          kept,
          names.filter((name) => !lost.includes(name)),
        );
        const [before, behind, ...others] = text.split('#EXT-X-DISCONTINUITY\n');
        assert.deepEqual(others, []);
        assert.equal(segmentsIn(before ?? '').length, names.indexOf(lost[0] ?? ''));
        assert.ok(segmentsIn(behind ?? '').length > 0);
        const url = streams[1]?.playlistUrl ?? '';
        assert.equal((await fetched(url.replace('index.m3u8', lost[0] ?? ''))).status, 404);
        const frames = [
          '-count_frames',
          '-select_streams',
          'v',
          '-show_entries',
          'stream=nb_read_frames',
          '-of',
          'csv=p=0',
        ];
        const counted = await run('ffprobe', ['-v', 'fatal', ...frames, url]);
        assert.equal(Number.parseInt(counted.output, 10), 20 * (8 - lost.length));
      },
      // A round in the middle of a segment, half way.
      (number, payload) => (number === 45 ? null : payload),
    );
  });
});
