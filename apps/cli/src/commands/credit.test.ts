/** The commands of `credit`: the figure, and the service as servers of any language use it, killed and started again. */

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { concordat } from '../sybil/testing/running.ts';
import { creditCommand } from './credit.ts';

const MAIN = fileURLToPath(new URL('../main.js', import.meta.url));
const directory = mkdtempSync(join(tmpdir(), 'concordat-credit-'));
const children = new Set<ChildProcess>();
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

const LINKS = join(directory, 'links.txt');
// A chain: what ann pays for dan goes over all of it.
writeFileSync(LINKS, '# who knows whom\nann bob\nbob,cid\ncid dan\n');

interface Running {
  readonly url: string;
  readonly child: ChildProcess;
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

async function serve(data: string, ...more: string[]): Promise<Running> {
  const args = ['credit', 'serve', '--data', data, '--links', LINKS, '--listen', '127.0.0.1:0'];
  const settings = ['--credit', '3', '--replenish', '1', '--every', '86400'];
  const child = spawn(process.execPath, [MAIN, ...args, ...settings, ...more], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const [url] = await once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(30_000) });
  const stop = async (signal: NodeJS.Signals): Promise<number | null> => {
    const gone = once(child, 'exit');
    child.kill(signal);
    const [code] = await gone;
    children.delete(child);
    return code;
  };
  return { url, child, stop };
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

async function ask(url: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const init =
    body === undefined
      ? {}
      : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) };
  const response = await fetch(url, { ...init, headers, signal: AbortSignal.timeout(30_000) });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

test('serve: a check costs, is refused when credit is gone, and stays charged after kill -9', async () => {
  const data = join(directory, 'charges');
  const first = await serve(data);
  const look = { viewer: 'ann', viewed: 'dan' };
  const allowed = await ask(`${first.url}/check`, look);
  assert.equal(allowed.status, 200);
  const { allowed: isAllowed, cost, hops, remaining, limit } = JSON.parse(allowed.text);
  assert.deepEqual([isAllowed, cost, hops, remaining, limit], [true, 2, 3, 1, 3]);
  assert.match(allowed.headers.get('ratelimit') ?? '', /^"genie";r=1;t=\d+;concordat-cost=2$/);
  assert.equal(
    (await ask(`${first.url}/check`, { viewer: 'ann', viewed: 'bob' })).status,
    200,
    'friends are free',
  );
  assert.equal(await first.stop('SIGKILL'), null);
  const second = await serve(data);
  const refused = await ask(`${second.url}/check`, look);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('content-type'), 'application/problem+json');
  assert.match(refused.headers.get('retry-after') ?? '', /^\d+$/);
  const problem = JSON.parse(refused.text);
  assert.deepEqual([problem.allowed, problem.remaining, problem.status], [false, 1, 429]);
  const standing = JSON.parse((await ask(`${second.url}/accounts/ann`)).text);
  assert.deepEqual([standing.account, standing.remaining, standing.limit], ['ann', 1, 3]);
  assert.equal(await second.stop('SIGTERM'), 0);
});

test('serve: links are made and taken away, and outlive the process', async () => {
  const data = join(directory, 'links');
  const first = await serve(data);
  const unknown = await ask(`${first.url}/check`, { viewer: 'eve', viewed: 'dan' });
  assert.deepEqual([unknown.status, JSON.parse(unknown.text).why], [429, 'unknown-viewer']);
  for (const isChanged of [true, false]) {
    const { status, text } = await ask(`${first.url}/link`, { a: 'eve', b: 7 });
    assert.deepEqual([status, JSON.parse(text)], [200, { changed: isChanged }]);
  }
  await ask(`${first.url}/link`, { a: 7, b: 'dan' });
  assert.equal(await first.stop('SIGKILL'), null);
  const second = await serve(data);
  const seen = await ask(`${second.url}/check`, { viewer: 'eve', viewed: 'dan' });
  assert.deepEqual([seen.status, JSON.parse(seen.text).cost], [200, 1]);
  assert.deepEqual(JSON.parse((await ask(`${second.url}/unlink`, { a: 'eve', b: '7' })).text), {
    changed: true,
  });
  const cut = await ask(`${second.url}/check`, { viewer: 'eve', viewed: 'dan' });
  assert.deepEqual([cut.status, JSON.parse(cut.text).why], [429, 'unconnected']);
  assert.equal((await ask(`${second.url}/accounts/nobody`)).status, 404);
  const { text } = await ask(`${second.url}/metrics`);
  assert.match(text, /^concordat_limiter_accounts 6$/m);
  assert.match(text, /^concordat_limiter_checks_total\{.*verdict="refused".*\} 1$/m);
  for (const path of ['health', 'ready']) assert.equal((await ask(`${second.url}/${path}`)).text, 'ok\n');
  await second.stop('SIGINT');
});

test('serve: what is no question is answered without a charge; browsers and large bodies are turned away', async () => {
  const { url, stop } = await serve(join(directory, 'bounds'), '--dry-run');
  const cases: [unknown, number, RegExp][] = [
    ['[]', 400, /no JSON object/],
    ['{', 400, /no JSON object/],
    [{ viewer: 'ann' }, 400, /viewed.* are names of accounts/],
    [{ viewer: { a: 1 }, viewed: 'bob' }, 400, /are names/],
    [{ viewer: 'ann', viewed: 'dan', weight: -1 }, 400, /a weight is a whole number/],
    [{ viewer: 'ann', viewed: 'dan', weight: '1' }, 400, /weight.* is a number/],
    ['x'.repeat(5000), 413, /at most 4096 bytes/],
  ];
  for (const [body, status, text] of cases) {
    const answer = await ask(`${url}/check`, body);
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.text, text);
  }
  const long = await ask(`${url}/link`, { a: 'n'.repeat(300), b: 'ann' });
  assert.deepEqual([long.status, /1 to 254 letters/.test(long.text)], [400, true]);
  assert.equal((await ask(`${url}/check`)).status, 404);
  assert.equal((await ask(`${url}/accounts/%ff`)).status, 404);
  const page = await ask(`${url}/check`, { viewer: 'ann', viewed: 'dan' }, { origin: 'http://evil.example' });
  assert.deepEqual([page.status, /not for pages in browsers/.test(page.text)], [403, true]);
  const standing = JSON.parse((await ask(`${url}/accounts/ann`)).text);
  assert.equal(standing.remaining, standing.limit, 'nothing of all this was charged');
  for (let look = 0; look < 3; look += 1) {
    const { status, text } = await ask(`${url}/check`, { viewer: 'ann', viewed: 'dan' });
    const { allowed, dryRun, why } = JSON.parse(text);
    assert.deepEqual(
      [status, allowed, dryRun, why],
      [200, true, true, look === 0 ? null : 'payer-exhausted'],
    );
  }
  await stop('SIGTERM');
});

test('serve: what cannot start says why', async () => {
  const data = join(directory, 'starts');
  const { url, stop } = await serve(data);
  const serveAgain = ['credit', 'serve', '--data', data, '--credit', '3', '--replenish', '1'];
  const locked = await concordat(...serveAgain, '--listen', '127.0.0.1:0');
  assert.equal(locked.code, 1);
  const taken = await concordat(
    'credit',
    'serve',
    '--data',
    join(directory, 'other'),
    '--listen',
    new URL(url).host,
  );
  assert.equal(taken.code, 1);
  assert.match(taken.err, /nobody can listen at 127\.0\.0\.1:\d+: .*EADDRINUSE/);
  const links = join(directory, 'bad-links.txt');
  writeFileSync(links, 'ann bob\nann bob cid\n');
  const bad = await concordat(...serveAgain.slice(0, 3), join(directory, 'third'), '--links', links);
  assert.equal(bad.code, 1);
  assert.match(bad.err, /bad-links\.txt, line 2: two names/);
  const nowhere = await concordat('credit', 'serve', '--links', LINKS);
  assert.match(nowhere.err, /either --data DIRECTORY or --database URL/);
  const away = `postgres://nobody@127.0.0.1:${new URL(url).port}/none`;
  const database = await concordat('credit', 'serve', '--database', away);
  assert.equal(database.code, 1);
  assert.match(database.err, /no connection to PostgreSQL: /);
  const nothing = await concordat(...serveAgain, '--every', '0');
  assert.match(nothing.err, /--credit, --replenish and --every: at least 1/);
  await stop('SIGTERM');
});

test('simulate: linear in links, flat in accounts, as table and figures', async () => {
  const out = join(directory, 'figures');
  const {
    code,
    out: text,
    err,
  } = await concordat(
    ...['credit', 'simulate', '--accounts', '300', '--periods', '3', '--order', 'nearest'],
    ...['--attack-links', '5,10,20', '--crawler-accounts', '20,200', '--format', 'csv', '--out', out],
  );
  assert.equal(code, 0, err);
  const [header, ...rows] = text
    .trimEnd()
    .split('\n')
    .map((line) => line.split(','));
  assert.equal(
    header?.join(),
    'sweep,order,crawler_accounts,attack_links,crawler_views,free_views,profiles_seen,units_taken,units_bound,crawler_refused,honest_views,honest_refused,honest_refused_share',
  );
  assert.deepEqual(
    rows.map((row) => row.slice(0, 4).join()),
    [
      'links,nearest,200,5',
      'links,nearest,200,10',
      'links,nearest,200,20',
      'accounts,nearest,20,10',
      'accounts,nearest,200,10',
    ],
  );
  for (const row of rows) {
    const [links, taken, bound] = [row[3], row[7], row[8]].map(Number);
    assert.equal(bound, (links ?? 0) * (4 + 2 * 2));
    assert.ok((taken ?? 0) <= (bound ?? 0) && (taken ?? 0) > 0.8 * (bound ?? 0));
  }
  assert.equal(rows[3]?.[7], rows[4]?.[7], 'ten times the accounts take as many units');
  assert.match(err, /at most \d+\.\d+ % of honest views are refused/);
  for (const name of ['by-links.svg', 'by-accounts.svg'])
    assert.match(readFileSync(join(out, name), 'utf8'), /^<svg.*nearest profiles first/s);
  assert.equal(readFileSync(join(out, 'points.csv'), 'utf8'), text);
});

test('simulate on a graph of ones own; what makes no sense is said', async () => {
  const graph = join(directory, 'ring.txt');
  writeFileSync(
    graph,
    Array.from({ length: 60 }, (_, at) => `p${at} p${(at + 1) % 60}\np${at} p${(at + 2) % 60}\n`).join(''),
  );
  const small = ['--periods', '2', '--attack-links', '2,4', '--crawler-accounts', '4', '--format', 'json'];
  const { code, out, err } = await concordat('credit', 'simulate', graph, ...small);
  assert.equal(code, 0, err);
  assert.equal(JSON.parse(out).points.length, 6);
  const cases: [string[], RegExp][] = [
    [['--attack-links', '4,2'], /ascending/],
    [['--credit', '0'], /--credit and --replenish: at least 1/],
    [['--attack-links', '100000', '--crawler-accounts', '1'], /or pairs of accounts run out/],
    [['--patience', '0'], /--patience: at least 1/],
    [['--directed'], /credit is between friends/],
  ];
  for (const [args, expected] of cases) {
    const ran = await concordat('credit', 'simulate', graph, ...args);
    assert.deepEqual([ran.code, ran.out], [1, '']);
    assert.match(ran.err, expected);
  }
});

test('both commands have help with examples', () => {
  for (const command of creditCommand().commands) {
    let text = '';
    command.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
    command.outputHelp();
    assert.match(text, new RegExp(`Examples:\n +concordat credit ${command.name()} `));
  }
});
