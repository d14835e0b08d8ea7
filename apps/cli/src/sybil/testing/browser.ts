/** Pages in headless Chromium, which draws WebGL in software. Chromium is the system's; playwright-core drives it. */

import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';

/** Why there can be no browser here, or false. */
export const NO_BROWSER: string | false = existsSync(CHROMIUM)
  ? false
  : 'needs Chromium (apt-get install chromium)';

export interface OpenedPage {
  readonly page: Page;
  /** What the page complained about, and whatever it asked the network for. */
  readonly complaints: readonly string[];
  readonly requests: readonly string[];
}

export interface Browser {
  open(file: string, scheme: 'light' | 'dark'): Promise<OpenedPage>;
  /** How many points of a picture have each of these colours (r, g, b), nearly. */
  count(png: Buffer, colours: readonly (readonly number[])[]): Promise<number[]>;
  close(): Promise<void>;
}

const DEADLINE_MS = 30_000;

/** Waits until an expression holds in the page. Asked from outside: the page's policy forbids what playwright waits with. */
export async function until(page: Page, expression: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  while (!(await page.evaluate<boolean>(expression))) {
    if (Date.now() > deadline) throw new Error(`it never came true: ${expression}`);
    await sleep(20);
  }
}

/** Runs in a blank page: a browser reads pictures without a library of ours. */
async function countColours(given: {
  readonly url: string;
  readonly colours: readonly (readonly number[])[];
}): Promise<number[]> {
  const image = new Image();
  image.src = given.url;
  await image.decode();
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('no canvas');
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  const counts = given.colours.map(() => 0);
  for (let at = 0; at < data.length; at += 4)
    for (const [which, [red = 0, green = 0, blue = 0]] of given.colours.entries()) {
      const difference =
        Math.abs((data[at] as number) - red) +
        Math.abs((data[at + 1] as number) - green) +
        Math.abs((data[at + 2] as number) - blue);
      if (difference < 24) counts[which]! += 1;
    }
  return counts;
}

export async function openBrowser(): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'],
  });
  return {
    open: async (file, scheme) => {
      const page = await browser.newPage({ colorScheme: scheme, viewport: { width: 1280, height: 800 } });
      const [complaints, requests]: [string[], string[]] = [[], []];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (said) => {
        if (said.type() === 'error') complaints.push(said.text());
      });
      page.on('request', (request) => requests.push(request.url()));
      page.on('dialog', (dialog) => {
        complaints.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      await page.goto(pathToFileURL(file).href);
      await until(page, 'document.documentElement.dataset.drawn !== undefined');
      return { page, complaints, requests };
    },
    count: async (png, colours) => {
      const page = await browser.newPage();
      const url = `data:image/png;base64,${png.toString('base64')}`;
      const counts = await page.evaluate(countColours, { url, colours });
      await page.close();
      return counts;
    },
    close: () => browser.close(),
  };
}
