/**
 * A stream in headless Chromium, played by hls.js on a page of another origin, as on somebody's own web site. Chromium is the
 * system's; playwright-core drives it.
 */

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import type { ErrorDetails } from 'hls.js';
import type { Page } from 'playwright-core';
import { listenTcp } from '../listening.ts';

const CHROMIUM = '/usr/bin/chromium';

/** Why there can be no browser here, or false. */
export const NO_BROWSER: string | false = existsSync(CHROMIUM)
  ? false
  : 'needs Chromium (apt-get install chromium)';

/** What hls.js has come to. */
export interface Seen {
  /** Seconds on the stream's clock. */
  readonly time: number;
  readonly frames: number;
  /** The end of the stream was played. */
  readonly hasEnded: boolean;
  /** What hls.js went on from, and what it gave up for. */
  readonly errors: readonly ErrorDetails[];
  readonly fatal: readonly ErrorDetails[];
}

export interface PlayingPage {
  seen(): Promise<Seen>;
  screenshot(file: string): Promise<void>;
}

export interface Browser {
  /** Begins to play a playlist. */
  play(playlistUrl: string): Promise<PlayingPage>;
  /** Any other page, blank. */
  open(): Promise<Page>;
  close(): Promise<void>;
}

const PAGE = `<!doctype html><meta charset="utf-8"><title>hls.js</title>
<style>body { font: 16px system-ui; margin: 1rem }</style><h3>hls.js, at a viewer's own machine</h3>
<video muted width="640" controls></video><script src="/hls.js"></script>
<script>
const video = document.querySelector('video');
const seen = { errors: [], fatal: [] };
const hls = new Hls();
hls.on(Hls.Events.ERROR, (_, { details, fatal }) => (fatal ? seen.fatal : seen.errors).push(details));
hls.loadSource(new URLSearchParams(location.search).get('of'));
hls.attachMedia(video);
video.play();
window.seen = () => ({
  ...seen,
  time: video.currentTime,
  frames: video.getVideoPlaybackQuality().totalVideoFrames,
  hasEnded: video.ended,
});
</script>`;

/** A site that has the page and hls.js. */
async function site(): Promise<{ readonly url: string; readonly server: Server }> {
  const library = readFileSync(fileURLToPath(import.meta.resolve('hls.js/dist/hls.min.js')));
  const server = createServer((request, response) => {
    const isLibrary = request.url === '/hls.js';
    response.writeHead(200, { 'content-type': isLibrary ? 'text/javascript' : 'text/html' });
    response.end(isLibrary ? library : PAGE);
  });
  const { port } = await listenTcp(server, {}, 'the page');
  return { url: `http://localhost:${port}/`, server };
}

export async function openBrowser(): Promise<Browser> {
  // Only here: acceptance trials of other things do not wait for it.
  const { chromium } = await import('playwright-core');
  const { url, server } = await site();
  const closeSite = (): void => {
    server.close();
    server.closeAllConnections();
  };
  const browser = await chromium
    .launch({
      executablePath: CHROMIUM,
      args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
    })
    .catch((error: unknown) => {
      closeSite();
      throw error;
    });
  return {
    play: async (playlistUrl) => {
      const page = await browser.newPage();
      await page.goto(`${url}?of=${encodeURIComponent(playlistUrl)}`);
      return {
        seen: () => page.evaluate<Seen>('window.seen()'),
        screenshot: async (path) => void (await page.screenshot({ path })),
      };
    },
    open: () => browser.newPage(),
    close: async () => {
      await browser.close();
      closeSite();
    },
  };
}
