/**
 * A live stream among processes of this machine: ffmpeg's test picture with sound through a broadcaster to two dozen peers. Three
 * deviate, two can be called by nobody, five are killed in the middle. What the others play is asked of their players.
 */

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NO_BROWSER, openBrowser } from '@concordat/streaming/browser';
import type { Acceptance, Trial } from '../trial.ts';
import { followPlaylist, startDeviant, startViewer, statusOf, type Viewer } from './viewers.ts';

const CLI = fileURLToPath(new URL('../../../cli/bin/concordat.js', import.meta.url));
const HONEST = 21;
const HIDDEN = 2;
const KILLED = 5;
const DEVIATIONS = ['delivers-nothing', 'withholds-keys', 'seals-junk'];
/** Segments of two seconds: a player with three of them in store does not notice anything shorter. */
const STALL_MS = 6000;
const BEFORE_S = 15;
const AFTER_S = 25;

export const streaming: Acceptance = {
  name: 'streaming',
  summary:
    'a live stream among two dozen peers, of which some lie and some are killed: do the others play it, byte for byte?',
  needs: ['ffmpeg'],
  deadlineMs: 240_000,
  run: runStreaming,
};

interface Cast {
  readonly encoder: ChildProcess;
  readonly publisher: ChildProcess;
  readonly invite: string;
}

function startPublisher(folder: string): Promise<Cast> {
  const encoder = spawn(
    'ffmpeg',
    [
      ...['-loglevel', 'error', '-re', '-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25'],
      ...['-f', 'lavfi', '-i', 'sine=frequency=440', '-c:v', 'libx264', '-preset', 'ultrafast', '-g', '50'],
      ...['-b:v', '800k', '-c:a', 'aac', '-f', 'mpegts', '-'],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const publisher = spawn(
    process.execPath,
    [
      ...[CLI, 'stream', 'publish', '--bitrate', '1.5', '--copies', '4', '--listen', '127.0.0.1:0'],
      ...['--data', folder],
    ],
    { stdio: [encoder.stdout, 'pipe', 'ignore'] },
  );
  return new Promise((resolve, reject) => {
    let said = '';
    publisher.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
      const invite = /'(concordat-stream:[^']+)'/.exec(said)?.[1];
      if (invite !== undefined) resolve({ encoder, publisher, invite });
    });
    publisher.once('exit', (code) => reject(new Error(`the publisher ended with ${code}: ${said}`)));
  });
}

/** Looks at all players once a second. */
async function follow(viewers: readonly Viewer[], seconds: number): Promise<void> {
  for (let i = 0; i < seconds; i++) {
    await Promise.all([...viewers.map((viewer) => followPlaylist(viewer).catch(() => {})), sleep(1000)]);
  }
}

async function untilPlaying(viewers: readonly Viewer[], signal: AbortSignal): Promise<void> {
  for (const viewer of viewers)
    while (!signal.aborted && (await statusOf(viewer).catch(() => null))?.phase !== 'playing')
      await sleep(500);
  // Playlists are shown with their second segment.
  await follow(viewers, 6);
}

/** Segments whose bytes are not the same at all who have them. */
function differing(viewers: readonly Viewer[]): string[] {
  const names = new Set(viewers.flatMap((viewer) => [...viewer.segments.keys()]));
  return [...names].filter(
    (name) => new Set(viewers.flatMap((viewer) => viewer.segments.get(name) ?? [])).size > 1,
  );
}

const lostOf = async (viewer: Viewer): Promise<number> => (await statusOf(viewer))?.jitter.lost ?? Number.NaN;

async function runStreaming(trial: Trial): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'concordat-stream-trial-'));
  const { encoder, publisher, invite } = await startPublisher(folder);
  const viewers = Array.from({ length: HONEST }, (_, i) => startViewer(`viewer ${i}`, invite, i >= HIDDEN));
  const deviants = DEVIATIONS.map((deviation) => startDeviant(invite, deviation));
  const everything = [encoder, publisher, ...viewers.map(({ child }) => child), ...deviants];
  try {
    await untilPlaying(viewers, trial.signal);
    await playThrough(trial, viewers);
    await judgeDeviants(trial, folder, invite, viewers.slice(0, HONEST - KILLED));
    await endStream(trial, encoder, viewers.slice(0, HONEST - KILLED));
  } finally {
    for (const child of everything) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of the three that deviate one signed a lie: it is out at all viewers, for that, and a file convicts it. The others were only silent. */
async function judgeDeviants(
  trial: Trial,
  folder: string,
  invite: string,
  viewers: readonly Viewer[],
): Promise<void> {
  const evidence = join(folder, 'evidence');
  const files = existsSync(evidence) ? readdirSync(evidence) : [];
  const statuses = await Promise.all(viewers.map(statusOf));
  const told = statuses.map((status) => status?.evictions.map(({ peer, rule }) => `${peer} ${rule}`).join());
  const isOne = files.length === 1 && /^bad-briefcase-\d+\.proof$/.test(files[0] ?? '');
  trial.check(isOne, `the publisher keeps one proof, of the junk: ${files.join() || 'none'}`);
  const expected = `peer ${files[0]?.replace(/\D/g, '')} bad-briefcase`;
  const agreeing = told.filter((each) => each === expected).length;
  trial.check(
    agreeing === viewers.length,
    `${agreeing} of ${viewers.length} viewers show its eviction, and why`,
  );
  const verify = ['evidence', 'verify', ...files.map((file) => join(evidence, file)), '--stream', invite];
  const { status, stdout } = spawnSync(process.execPath, [CLI, ...verify], { encoding: 'utf8' });
  trial.check(status === 0, `judged offline: ${stdout.split('\n').slice(1, 3).join(',') || 'not valid'}`);
}

async function playThrough(trial: Trial, viewers: readonly Viewer[]): Promise<void> {
  const [staying, leaving] = [viewers.slice(0, HONEST - KILLED), viewers.slice(HONEST - KILLED)];
  const before = await Promise.all(staying.map(lostOf));
  for (const viewer of viewers) viewer.longestMs = 0;
  const browsing = watchInBrowser(trial, staying);
  await follow(viewers, BEFORE_S);
  for (const { child } of leaving) child.kill('SIGKILL');
  await follow(staying, AFTER_S);
  await browsing;
  const after = await Promise.all(staying.map(lostOf));
  const lost = after.reduce((sum, count, i) => sum + count - (before[i] ?? 0), 0);
  const rounds = staying.length * (BEFORE_S + AFTER_S);
  trial.check(lost === 0, `no round lost at ${staying.length} viewers in ${rounds} peer-rounds: ${lost}`);
  const longest = Math.max(...staying.map(({ longestMs }) => longestMs));
  trial.check(
    longest < STALL_MS,
    `nobody stalls: a new segment after ${Math.round(longest)} ms at the longest`,
  );
  const different = differing(viewers);
  const compared = viewers.reduce((sum, { segments }) => sum + segments.size, 0);
  trial.check(
    different.length === 0 && compared > HONEST * 10,
    `${compared} segments at ${HONEST} viewers, each the same bytes everywhere${different.length > 0 ? ` but ${different.join()}` : ''}`,
  );
  const statuses = await Promise.all(staying.map(statusOf));
  const over = statuses.filter(
    (status) => status !== null && status.upload.bytesPerSecond > (status.upload.capBytesPerSecond ?? 0),
  );
  trial.check(over.length === 0, `upload within the cap at all viewers: ${over.length} above`);
  const rates = statuses.map((status) => status?.upload.bytesPerSecond ?? 0);
  trial.note(
    `upload of viewers: ${Math.round(Math.min(...rates) / 1000)} to ${Math.round(Math.max(...rates) / 1000)} KB/s`,
  );
  const hidden = statuses.slice(0, HIDDEN).map((status) => status?.jitter.lost ?? -1);
  trial.note(`viewers that nobody can call lost ${hidden.join(' and ')} rounds since they joined`);
}

/** Until a player has filled its buffer. */
const FILLING_MS = 3000;
const BROWSER_S = BEFORE_S + AFTER_S - 10;

/** One of them is watched in a browser meanwhile, where there is one. */
async function watchInBrowser(trial: Trial, viewers: readonly Viewer[]): Promise<void> {
  const viewer = viewers[HIDDEN];
  if (NO_BROWSER !== false || viewer === undefined)
    return trial.note(`not watched in a browser: ${NO_BROWSER}`);
  const playlist = await viewer.playlist;
  const browser = await openBrowser();
  try {
    const page = await browser.play(playlist);
    await sleep(FILLING_MS);
    const first = await page.seen();
    await sleep(1000 * BROWSER_S);
    const last = await page.seen();
    const played = last.time - first.time;
    // A browser without a graphics card may drop frames on a crowded machine; it must not stand still.
    trial.check(
      last.fatal.length === 0 && played > 0.9 * BROWSER_S,
      `hls.js in Chromium plays ${played.toFixed(1)} s in ${BROWSER_S} s, ${last.frames} frames, errors: ${[...last.fatal, ...last.errors].join() || 'none'}`,
    );
    if (trial.out === '.') return;
    mkdirSync(trial.out, { recursive: true });
    await page.screenshot(join(trial.out, 'stream-player.png'));
    const status = await browser.open();
    await status.goto(new URL('/', playlist).href);
    // Its figures are those of a second.
    await sleep(1500);
    await status.screenshot({ path: join(trial.out, 'stream-status.png') });
  } finally {
    await browser.close();
  }
}

const END_S = 30;

/** The encoder ends, and everybody plays the end. */
async function endStream(trial: Trial, encoder: ChildProcess, viewers: readonly Viewer[]): Promise<void> {
  encoder.kill('SIGINT');
  const isOver = (): boolean => viewers.every(({ exited }) => exited !== null);
  for (let i = 0; i < END_S && !isOver(); i++) await sleep(1000);
  const clean = viewers.filter(({ exited }) => exited === 0).length;
  trial.check(
    clean === viewers.length,
    `when the encoder ends, viewers end by themselves: ${clean} of ${viewers.length}`,
  );
}
