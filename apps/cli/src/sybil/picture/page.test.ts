/** The page in a browser: what is drawn, what names from outside can do to it (nothing), keyboard, search and the dark. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type Browser, NO_BROWSER, openBrowser, until } from '../testing/browser.ts';
import { layOut } from './layout.ts';
import { pageOf, scriptJson } from './page.ts';
import type { PageData } from './page-data.ts';

const HOSTILE = '</script><img src=x onerror="alert(1)"><!--';
const SENTENCE = 'A verdict <b>with</b> markup & "quotes"';

const directory = mkdtempSync(join(tmpdir(), 'concordat-page-'));
after(() => rmSync(directory, { recursive: true }));

/** Two cliques of six, the account and the name that hopes to run among the first, with two edges between them. */
function pageData(): PageData {
  const names = ['suspect', HOSTILE, 's2', 's3', 's4', 's5', 'seed', 'h1', 'h2', 'h3', 'h4', 'h5'];
  const edges: [number, number][] = [];
  for (const from of [0, 6])
    for (let a = from; a < from + 6; a += 1) for (let b = a + 1; b < from + 6; b += 1) edges.push([a, b]);
  edges.push([1, 7], [2, 8]);
  const side = names.map((_, at) => (at < 6 ? 1 : 0));
  const { x, y } = layOut(edges, side);
  return {
    nodes: names.map((name, at) => ({
      name,
      x: x[at] as number,
      y: y[at] as number,
      isApart: side[at] === 1,
      isSeed: at === 6,
      degree: 5,
      score: at === 5 ? null : 0.5,
      place: at === 5 ? null : at + 1,
    })),
    edges,
    judged: 11,
  };
}

const FILE = join(directory, 'page.html');
writeFileSync(
  FILE,
  pageOf(
    {
      account: HOSTILE,
      verdict: SENTENCE,
      sections: [{ heading: 'Why', lines: ['Two edges:', `  ${HOSTILE} - h1`, '  s2 - h2'] }],
      leftOut: 'It shows 12 of 100 accounts.',
    },
    pageData(),
  ),
);

test('data inside a script element cannot end it', () => {
  const text = scriptJson({ name: HOSTILE, ends: '\u2028' });
  assert.doesNotMatch(text, /[<>\u2028]/);
  assert.deepEqual(JSON.parse(text), { name: HOSTILE, ends: '\u2028' });
});

test('the layout keeps the sides apart, and is the same each time', () => {
  const { nodes, edges } = pageData();
  const side = nodes.map(({ isApart }) => Number(isApart));
  const again = layOut(edges, side);
  for (const [at, node] of nodes.entries()) {
    assert.equal(node.x, again.x[at]);
    assert.equal(node.x > 0, node.isApart, node.name);
    assert.ok(Number.isFinite(node.y));
  }
});

const run = { skip: NO_BROWSER, timeout: 60_000 };

/** Colours of the page, as its style has them by day. */
const DAY = {
  apart: [217, 130, 43],
  trusted: [91, 143, 199],
  account: [106, 27, 154],
  seed: [18, 99, 63],
  cut: [212, 42, 76],
};

async function withBrowser(use: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await openBrowser();
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

test('sides, account, seed and cut are drawn; nothing is fetched, nothing from outside runs', run, () =>
  withBrowser(async (browser) => {
    const { page, complaints, requests } = await browser.open(FILE, 'light');
    assert.equal(await page.evaluate('document.documentElement.dataset.drawn'), 'yes');
    assert.deepEqual(
      await page.evaluate(
        '[picture.graph.order, picture.graph.size, document.querySelectorAll("#cut tr").length]',
      ),
      [12, 32, 2],
    );
    const cut = await page.evaluate(
      'picture.graph.filterEdges((key, { isCut }) => isCut).map((key) => picture.graph.extremities(key).map(Number))',
    );
    assert.deepEqual(cut, [
      [1, 7],
      [2, 8],
    ]);
    // The legend has all colours, too, and lies over the picture.
    await page.evaluate('document.getElementById("legend").hidden = true');
    await page.waitForTimeout(300);
    const counts = await browser.count(await page.locator('#stage').screenshot(), Object.values(DAY));
    for (const [at, name] of Object.keys(DAY).entries())
      assert.ok((counts[at] as number) > 30, `${name}: ${counts[at]} points`);
    assert.equal(await page.locator('h1').textContent(), HOSTILE);
    assert.equal(await page.locator('header p').textContent(), SENTENCE);
    assert.equal(await page.locator('section li').nth(0).textContent(), `${HOSTILE} - h1`);
    assert.equal(await page.locator('img').count(), 0);
    assert.deepEqual(complaints, []);
    assert.deepEqual(requests, [pathToFileURL(FILE).href]);
  }),
);

test('search, friends and keys: all of it without a pointer', run, () =>
  withBrowser(async (browser) => {
    const { page, complaints } = await browser.open(FILE, 'light');
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate('document.activeElement.id'), 'stage');
    await page.keyboard.press('+');
    await page.keyboard.press('ArrowLeft');
    const { x, ratio } = await page.evaluate<{ x: number; ratio: number }>(
      'picture.renderer().getCamera().getState()',
    );
    assert.ok(ratio < 1 && x < 0.5, `ratio ${ratio}, x ${x}`);
    await page.keyboard.press('0');
    assert.equal(await page.evaluate('picture.renderer().getCamera().getState().ratio'), 1);
    await page.keyboard.press('Tab');
    await page.keyboard.type('IMG SRC');
    await page.keyboard.press('Enter');
    assert.equal(await page.locator('#selected h3').textContent(), HOSTILE);
    const friends = page.locator('#selected .around button');
    assert.deepEqual(
      [await friends.count(), await friends.nth(0).textContent()],
      [6, 'h1 (across the cut)'],
      'edges of the cut come first',
    );
    await friends.nth(0).press('Enter');
    assert.equal(await page.locator('#selected h3').textContent(), 'h1');
    assert.match(
      (await page.locator('#selected li').allTextContents()).join(),
      /suspect 8 of 11, score 0\.5/,
    );
    await page.locator('#name').fill('nobody');
    await page.locator('#name').press('Enter');
    assert.equal(await page.locator('#found').textContent(), 'not in this picture');
    await page.locator('#stage').press('Escape');
    assert.equal(await page.evaluate('picture.state.selected'), null);
    assert.deepEqual(complaints, []);
  }),
);

test('a pointer over an account shows its name and score; the dark has its own colours', run, () =>
  withBrowser(async (browser) => {
    const { page, complaints } = await browser.open(FILE, 'dark');
    const at = await page.evaluate<{ x: number; y: number }>(
      '(() => { const { x, y } = picture.renderer().getNodeDisplayData("6"); return picture.renderer().framedGraphToViewport({ x, y }); })()',
    );
    const box = await page.locator('#stage').boundingBox();
    await page.mouse.move((box?.x ?? 0) + at.x, (box?.y ?? 0) + at.y);
    await until(page, '!document.getElementById("tip").hidden');
    assert.match(
      (await page.locator('#tip').textContent()) ?? '',
      /^seed.*a seed, on the seeds’ side.*suspect 7 of 11/,
    );
    const counts = await browser.count(await page.locator('#frame').screenshot(), [
      [20, 24, 28],
      [255, 255, 255],
    ]);
    assert.ok((counts[0] as number) > 100_000, `the paper is dark: ${counts[0]} points`);
    assert.equal(counts[1], 0, 'and nothing is white');
    await page.emulateMedia({ colorScheme: 'light' });
    await until(page, 'picture.graph.getNodeAttribute("6", "color") === "#12633f"');
    assert.deepEqual(complaints, []);
  }),
);
