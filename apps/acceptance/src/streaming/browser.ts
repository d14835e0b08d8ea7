/**
 * A viewer's stream in headless Chromium, by hls.js, from a page of another origin. Chromium is Debian's; hls.js and playwright-core are
 * fetched once, below `.cache`.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** As far as this uses playwright-core. */
interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T>(expression: string): Promise<T>;
  screenshot(options: { readonly path: string }): Promise<unknown>;
}

interface Chromium {
  launch(options: object): Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>;
}

/** What hls.js has come to. */
export interface Seen {
  /** Seconds on the stream's clock. */
  readonly time: number;
  readonly frames: number;
  readonly errors: readonly string[];
  readonly fatal: readonly string[];
}

const CACHE = fileURLToPath(new URL('../../../../.cache/streaming', import.meta.url));
const CHROMIUM = '/usr/bin/chromium';
const PACKAGES = ['hls.js@1.7.4', 'playwright-core@1.65.1'];

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
window.seen = () => ({ ...seen, time: video.currentTime, frames: video.getVideoPlaybackQuality().totalVideoFrames });
</script>`;

/** Fetches what is missing; why there can be no browser, or null. */
export function lacksBrowser(): string | null {
  if (!existsSync(CHROMIUM)) return 'Chromium is not installed: apt-get install chromium';
  if (existsSync(join(CACHE, 'node_modules/playwright-core'))) return null;
  mkdirSync(CACHE, { recursive: true });
  const args = ['install', '--prefix', CACHE, '--no-audit', '--no-fund', '--ignore-scripts', ...PACKAGES];
  try {
    execFileSync('npm', args, { stdio: 'ignore', timeout: 60_000 });
    return null;
  } catch {
    return `${PACKAGES.join(' and ')} cannot be fetched`;
  }
}

async function site(): Promise<{ readonly url: string; readonly server: Server }> {
  const library = readFileSync(join(CACHE, 'node_modules/hls.js/dist/hls.min.js'));
  const server = createServer((request, response) => {
    const isLibrary = request.url === '/hls.js';
    response.writeHead(200, { 'content-type': isLibrary ? 'text/javascript' : 'text/html' });
    response.end(isLibrary ? library : PAGE);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const bound = server.address();
  return { url: `http://localhost:${typeof bound === 'object' ? bound?.port : 0}/`, server };
}

/** Plays for so many seconds; pictures of the player and of the status page go to `pictures`, if that is a folder. */
export async function playInBrowser(
  playlist: string,
  seconds: number,
  pictures: string | null,
): Promise<{ readonly first: Seen; readonly last: Seen }> {
  const module = pathToFileURL(join(CACHE, 'node_modules/playwright-core/index.mjs')).href;
  const { chromium }: { readonly chromium: Chromium } = await import(module);
  const { url, server } = await site();
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--autoplay-policy=no-user-gesture-required'],
  });
  try {
    const page = await browser.newPage();
    await page.goto(`${url}?of=${encodeURIComponent(playlist)}`);
    // Until it has filled its buffer.
    await sleep(3000);
    const first = await page.evaluate<Seen>('window.seen()');
    await sleep(1000 * seconds);
    const last = await page.evaluate<Seen>('window.seen()');
    if (pictures !== null) {
      mkdirSync(pictures, { recursive: true });
      await page.screenshot({ path: join(pictures, 'stream-player.png') });
      const status = await browser.newPage();
      await status.goto(new URL('/', playlist).href);
      await sleep(1500);
      await status.screenshot({ path: join(pictures, 'stream-status.png') });
    }
    return { first, last };
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}
