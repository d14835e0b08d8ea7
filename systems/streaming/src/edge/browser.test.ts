/** Chromium plays a live show to its end with hls.js, also past a round that is lost, and shows the status page. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { startIngest } from './ingest/ingest.ts';
import { type PlayerStream, startPlayer } from './player/player.ts';
import { LOCAL_STATUS, type StreamStatus } from './player/status.ts';
import { type Browser, NO_BROWSER, openBrowser, type PlayingPage, type Seen } from './testing/browser.ts';
import { NO_FFMPEG, showOf, spawnFfmpeg } from './testing/ffmpeg.ts';

const SECONDS = 16;
const FRAMES_PER_SECOND = 20;
/** Of those that carry something: a crowded machine begins late. In the middle of what the browser sees, which begins at the live edge. */
const LOST_ROUND = 9;
const CARRIES_BYTES = 5000;
const DEADLINE_MS = 60_000;

const STATUS: StreamStatus = {
  ...LOCAL_STATUS,
  title: 'A show <b>with</b> markup in its name',
  partners: [{ peer: 'bravo', uploadedBytes: 1_234_567, downloadedBytes: 1_300_000 }],
  evictions: [
    {
      peer: 'mallory',
      rule: 'bad-briefcase',
      reason: 'sealed something else than its signed list of contents names',
      evidence: '51de4bb7d91987be',
      round: 9,
    },
  ],
  removals: [{ peer: 'peer 3', why: 'left', reason: 'it said goodbye', round: 120 }],
};

/** Waits until the page has played the end, or hls.js has given up. */
async function playedToTheEnd(page: PlayingPage): Promise<Seen> {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const seen = await page.seen();
    if (seen.hasEnded || seen.fatal.length > 0 || Date.now() > deadline) return seen;
    await sleep(250);
  }
}

/** One that gets every round, and one that misses one; both end with the show. */
async function playBoth(browser: Browser, streams: readonly PlayerStream[]): Promise<void> {
  const pages = await Promise.all(streams.map(({ playlistUrl }) => browser.play(playlistUrl)));
  for (const [i, { fatal, hasEnded, frames }] of (await Promise.all(pages.map(playedToTheEnd))).entries()) {
    const who = i === 0 ? 'whole' : 'with a gap';
    assert.deepEqual([who, fatal, hasEnded], [who, [], true]);
    // From the live edge on, and less what was lost.
    assert.ok(frames > (FRAMES_PER_SECOND * SECONDS) / 4, `${who}: ${frames} frames`);
  }
}

async function readStatusPage(browser: Browser, url: string): Promise<void> {
  const page = await browser.open();
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (said) => complaints.push(said.text()));
  await page.goto(url);
  await page.getByText(STATUS.title).first().waitFor();
  await page.getByText('sealed something else than its signed list of contents names').first().waitFor();
  assert.deepEqual(complaints, []);
}

test('hls.js in Chromium plays a live show, and goes on past a lost round', {
  skip: NO_BROWSER || NO_FFMPEG,
  timeout: 2 * DEADLINE_MS,
}, async () => {
  const player = await startPlayer();
  const streams = ['whole', 'lossy'].map((id) => player.add({ id, status: () => STATUS }));
  let rounds = 0;
  const ingest = await startIngest({
    source: { kind: 'tcp' },
    segments: { targetMs: 1000 },
    onRound: ({ number, payload }) => {
      const carries = payload.length > CARRIES_BYTES;
      if (carries) rounds++;
      const isLost = carries && rounds === LOST_ROUND;
      streams[0]?.onRound(number, payload);
      streams[1]?.onRound(number, isLost ? null : payload);
    },
  });
  const browser = await openBrowser();
  const to = `tcp://127.0.0.1:${ingest.endpoint?.port}`;
  const ffmpeg = spawnFfmpeg([...showOf(SECONDS, true), '-f', 'mpegts', to]);
  ffmpeg.once('exit', () => ingest.finish());
  try {
    const playing = playBoth(browser, streams);
    await readStatusPage(browser, player.url);
    await playing;
    // A round has its part in two segments, as a rule.
    assert.deepEqual(
      streams.map((stream) => stream.playback().gaps > 0),
      [false, true],
    );
  } finally {
    ffmpeg.kill('SIGKILL');
    await browser.close();
    await ingest.close();
    await player.close();
  }
});
