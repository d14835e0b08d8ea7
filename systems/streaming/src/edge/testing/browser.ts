/**
 * Plays a show in a real browser: ffmpeg publishes, two streams are served, one of which loses a round, and hls.js in headless
 * Chromium plays both from a page of another origin. Not part of `npm test`; it needs ffmpeg, Chromium, and a folder with
 * `npm install --prefix DIR hls.js@1.7.4 playwright-core@1.65.1`:
 *
 *   node dist/edge/testing/browser.js DIR [FOLDER FOR SCREENSHOTS]
 */

import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { startIngest } from '../ingest/ingest.ts';
import { listenTcp } from '../listening.ts';
import { startPlayer } from '../player/player.ts';
import { LOCAL_STATUS, type StreamStatus } from '../player/status.ts';
import { NO_FFMPEG, showOf, spawnFfmpeg } from './ffmpeg.ts';

/** As far as this uses playwright-core. */
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T>(expression: string): Promise<T>;
  screenshot(options: { readonly path: string }): Promise<unknown>;
  on(event: 'pageerror' | 'console', listener: (said: unknown) => void): void;
}

interface Chromium {
  launch(options: object): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>;
}

const SECONDS = 40;
/** In the middle of what the players see. */
const LOST_ROUND = 14;
const PLAYED_SECONDS = 14;

const STATUS: StreamStatus = {
  ...LOCAL_STATUS,
  title: 'A show <b>with</b> markup in its name',
  peers: 40,
  partners: [{ peer: 'bravo', uploadedBytes: 1_234_567, downloadedBytes: 1_300_000 }],
  jitter: { rounds: 200, lost: 1 },
  upload: { bytesPerSecond: 41_000, capBytesPerSecond: 50_000, totalBytes: 8_200_000 },
  download: { bytesPerSecond: 37_500, totalBytes: 7_500_000 },
  sourceCopies: 0.05,
  evictions: [
    {
      peer: 'peer 17',
      rule: 'bad-briefcase',
      reason: 'sealed something else than its signed list of contents names',
      evidence: '51de4bb7d91987be',
      round: 9,
    },
  ],
  removals: [{ peer: 'peer 3', why: 'left', reason: 'it said goodbye', round: 120 }],
};

interface Seen {
  readonly time: number;
  readonly frames: number;
  readonly errors: readonly string[];
  readonly fatal: readonly string[];
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>hls.js</title><video muted width="480" controls></video>
<script src="/hls.js"></script>
<script>
const video = document.querySelector('video');
const seen = { errors: [], fatal: [] };
const hls = new Hls();
hls.on(Hls.Events.ERROR, (_, { details, fatal }) => (fatal ? seen.fatal : seen.errors).push(details));
hls.loadSource(new URLSearchParams(location.search).get('of'));
hls.attachMedia(video);
video.play();
window.seen = () => ({ ...seen, time: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames });
</script>`;

const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function need(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** A site of another origin that has the page and hls.js. */
async function site(tools: string): Promise<{ readonly url: string; readonly server: Server }> {
  const library = readFileSync(join(tools, 'node_modules/hls.js/dist/hls.min.js'));
  const server = createServer((request, response) => {
    const isLibrary = request.url === '/hls.js';
    response.writeHead(200, { 'content-type': isLibrary ? 'text/javascript' : 'text/html' });
    response.end(isLibrary ? library : PAGE);
  });
  const { port } = await listenTcp(server, {}, 'the page');
  return { url: `http://localhost:${port}/`, server };
}

async function chromiumIn(tools: string): Promise<Chromium> {
  const file = join(tools, 'node_modules/playwright-core/index.mjs');
  need(existsSync(file), `no playwright-core in ${tools}`);
  const { chromium } = (await import(pathToFileURL(file).href)) as { chromium: Chromium };
  return chromium;
}

/** Lets a page play until it has seen so many seconds, or for twice as long. */
async function played(page: Page, url: string): Promise<Seen> {
  await page.goto(url);
  const look = (): Promise<Seen> => page.evaluate<Seen>('window.seen()');
  const first = await look();
  for (let i = 0; i < 2 * PLAYED_SECONDS; i++) {
    await pause(1000);
    const seen = await look();
    if (seen.time - first.time > PLAYED_SECONDS + 2 || seen.fatal.length > 0) return seen;
  }
  return look();
}

async function main(tools: string, pictures: string): Promise<void> {
  need(NO_FFMPEG === false, String(NO_FFMPEG));
  mkdirSync(pictures, { recursive: true });
  const chromium = await chromiumIn(tools);
  const player = await startPlayer();
  const streams = ['whole', 'lossy'].map((id) => player.add({ id, status: () => STATUS }));
  const ingest = await startIngest({
    source: { kind: 'tcp' },
    onRound: ({ number, payload }) => {
      streams[0]?.onRound(number, payload);
      streams[1]?.onRound(number, number === LOST_ROUND ? null : payload);
    },
  });
  const { url, server } = await site(tools);
  const ffmpeg = spawnFfmpeg([
    ...showOf(SECONDS, true),
    '-f',
    'mpegts',
    `tcp://127.0.0.1:${ingest.endpoint?.port}`,
  ]);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
  });
  try {
    const results = await Promise.all(
      streams.map(async ({ playlistUrl }, i) => {
        const page = await browser.newPage();
        const seen = await played(page, `${url}?of=${encodeURIComponent(playlistUrl)}`);
        await page.screenshot({ path: join(pictures, `hls-${i === 0 ? 'whole' : 'lossy'}.png`) });
        return seen;
      }),
    );
    const status = await browser.newPage();
    const complaints: unknown[] = [];
    status.on('pageerror', (error) => complaints.push(error));
    await status.goto(player.url);
    await pause(1000);
    await status.screenshot({ path: join(pictures, 'status.png') });
    const text = await status.evaluate<string>('document.body.innerText');
    console.log(JSON.stringify({ results, gaps: streams.map((stream) => stream.playback().gaps) }, null, 2));
    need(
      complaints.length === 0 && text.includes('A show <b>with</b>'),
      'the status page shows what it was given',
    );
    for (const { time, frames, fatal } of results) {
      need(fatal.length === 0, `hls.js gave up: ${fatal}`);
      need(
        time > PLAYED_SECONDS && frames > 10 * PLAYED_SECONDS,
        `hls.js has played ${time} s, ${frames} frames`,
      );
    }
    need((streams[1]?.playback().gaps ?? 0) > 0, 'the second stream has a gap');
    console.log('ok: hls.js in Chromium plays both, past the gap of the second');
  } finally {
    await browser.close();
    ffmpeg.kill('SIGKILL');
    server.close();
    server.closeAllConnections();
    await ingest.close();
    await player.close();
  }
}

await main(resolve(process.argv[2] ?? '.'), resolve(process.argv[3] ?? 'screenshots'));
