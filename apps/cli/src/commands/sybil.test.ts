/** `sybil generate`, `evaluate`, `explain` and `fetch`: what they print and write, and what they say is wrong. */

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { concordat, linesOf, setUp, twoCliques } from '../sybil/testing/running.ts';
import { sybilCommand } from './sybil.ts';

const { directory, file, graph: GRAPH, seeds: SEEDS } = setUp();

test('generate, then evaluate on its labels: tables and figures, and the same again from the same dice', async () => {
  const [made, again] = [join(directory, 'made'), join(directory, 'again')];
  const shape = [
    '--accounts',
    '200',
    '--attack',
    'triangle-closing',
    '--attack-edges',
    '40',
    '--seeds',
    '10',
  ];
  const first = await concordat('sybil', 'generate', '--out', made, ...shape);
  assert.equal(first.code, 0, first.err);
  assert.match(first.err, /400 accounts, 200 of them fake, \d+ friendships, 40 of them attack edges/);
  await concordat('sybil', 'generate', '--out', again, ...shape);
  for (const name of ['graph.txt', 'seeds.txt', 'labels.csv'])
    assert.equal(readFileSync(join(made, name), 'utf8'), readFileSync(join(again, name), 'utf8'));
  const labels = readFileSync(join(made, 'labels.csv'), 'utf8');
  assert.equal(labels.match(/,honest$/gm)?.length, 200);
  const results = join(directory, 'results');
  const ran = await concordat(
    ...['sybil', 'evaluate', join(made, 'graph.txt'), '--labels', join(made, 'labels.csv')],
    ...['--methods', 'sybilrank,acl', '--draws', '2', '--format', 'csv', '--out', results],
  );
  assert.equal(ran.code, 0, ran.err);
  const [header, ...rows] = linesOf(ran.out).map((line) => line.split(','));
  assert.deepEqual(header?.slice(0, 5), ['method', 'draws', 'auc', 'auc_low', 'auc_high']);
  assert.deepEqual(rows.map(([method]) => method).sort(), ['acl', 'sybilrank']);
  for (const [method, draws, auc] of rows) {
    assert.equal(draws, '2');
    assert.ok(Number(auc) > 0.9 && Number(auc) <= 1, `${method}: ${auc}`);
  }
  assert.match(ran.err, /40 edges between honest accounts and fakes/);
  assert.equal(linesOf(readFileSync(join(results, 'runs.csv'), 'utf8')).length, 1 + 2 * 2);
  const summary = JSON.parse(readFileSync(join(results, 'summary.json'), 'utf8'));
  assert.equal(summary.methods.length, 2);
  const whitelists = linesOf(readFileSync(join(results, 'whitelist.csv'), 'utf8')).map((line) =>
    line.split(','),
  );
  assert.deepEqual(whitelists[0], ['draw', 'accounts', 'sybils', 'precision', 'sybils_per_attack_edge']);
  const lists = whitelists.slice(1);
  assert.equal(lists.length, 2);
  const mean = (column: number): number => lists.reduce((sum, row) => sum + Number(row[column]), 0) / 2;
  assert.equal(summary.whitelist.accounts, mean(1));
  assert.ok(Math.abs(summary.whitelist.sybilsPerAttackEdge - mean(2) / 40) < 1e-9);
  for (const [name, text] of [
    ['roc.svg', 'sybilrank'],
    ['conductance.svg', 'conductance of the set'],
  ] as const)
    assert.match(readFileSync(join(results, name), 'utf8'), new RegExp(`^<svg.*${text}`, 's'));
});

test('evaluate mounts attacks; what cannot be is said before anything runs', async () => {
  const graph = file('honest.txt', twoCliques(40, 30));
  const attack = [
    'sybil',
    'evaluate',
    graph,
    '--attack',
    'aimed',
    '--seed-count',
    '5',
    '--known-sybils',
    '0',
  ];
  const { code, out, err } = await concordat(...attack, '--attack-edges', '20', '--draws', '2');
  assert.equal(code, 0, err);
  assert.match(out, /^method +AUC/);
  assert.doesNotMatch(out, /sybilscar/, 'methods that need fakes are left out where none are told');
  const tooMany = await concordat(...attack, '--attack-edges', '100000');
  assert.equal(tooMany.code, 1);
  assert.match(tooMany.err, /100000 attack edges do not fit\nAt most \d+ between 80 honest accounts/);
  const labels = file('labels.csv', 'account,label\na1,honest\nb1,sybil\na1,sybil\n');
  const twice = await concordat('sybil', 'evaluate', graph, '--labels', labels);
  assert.match(twice.err, /labels\.csv:4: 'a1' is sybil here, and honest in line 2/);
  const wrong = await concordat('sybil', 'evaluate', graph, '--labels', file('labels.csv', 'a1,friend\n'));
  assert.match(
    wrong.err,
    /labels\.csv:1: the label of 'a1' is 'friend'\nA label is honest or sybil \(1 or -1\)/,
  );
  const stranger = await concordat('sybil', 'evaluate', graph, '--labels', file('labels.csv', 'zed,sybil\n'));
  assert.match(stranger.err, /accounts are not in the graph: 'zed' \(line 1\)/);
  const few = await concordat(
    'sybil',
    'evaluate',
    graph,
    '--labels',
    file('labels.csv', 'a1,honest\nb1,sybil\n'),
  );
  assert.match(few.err, /of 1 honest and 1 fake accounts, 20 and 20 are to be told/);
  const neither = await concordat('sybil', 'evaluate', graph);
  assert.match(neither.err, /either --labels FILE or --attack MODEL/);
  for (const ran of [twice, wrong, stranger, few, neither]) assert.deepEqual([ran.code, ran.out], [1, '']);
});

test('explain tells the cut, names its edges, and writes a page', async () => {
  const page = join(directory, 'b5.html');
  const explain = ['sybil', 'explain', GRAPH, '--seeds', SEEDS, '--account', 'b5'];
  const { code, out, err } = await concordat(...explain, '--html', page);
  assert.equal(code, 0, err);
  assert.match(out, /^b5 is apart from the seeds/);
  assert.match(out, /The cut: 2 edges/);
  assert.match(out, /2 chains of friends to the seeds/);
  assert.match(out, /In the list of suspects it is \d+ of 20\.\n$/);
  assert.ok(existsSync(page));
  const json = await concordat(...explain, '--format', 'json');
  const record = JSON.parse(json.out);
  assert.deepEqual(
    [record.account, record.side, record.attackEdges, record.chainCount],
    ['b5', 'apart', 2, 2],
  );
  assert.deepEqual(record.cut.edges.map((pair: readonly string[]) => [...pair].sort().join('-')).sort(), [
    'a0-b0',
    'a1-b1',
  ]);
  const stranger = await concordat(...explain.slice(0, -1), 'zed');
  assert.deepEqual([stranger.code, stranger.out], [1, '']);
  assert.match(stranger.err, /the graph has no account 'zed'/);
  const directed = await concordat(...explain, '--directed');
  assert.match(directed.err, /cuts are explained between friends\n.*--reciprocal/);
});

test('a name that hopes to run in the page, or in the terminal, does not', async () => {
  const hostile = '</script><img src=x onerror=alert(1)>';
  const graph = file(
    'hostile.csv',
    twoCliques(6, 1).replaceAll('b3', `"${hostile}"`).replaceAll('b4', 'b\u001b[31m4').replaceAll(' ', ','),
  );
  const page = join(directory, 'hostile.html');
  const explain = ['sybil', 'explain', graph, '--seeds', file('hostile-seeds.txt', 'a3\n'), '--account'];
  const { code, out, err } = await concordat(...explain, hostile.replaceAll(' ', ','), '--html', page);
  assert.equal(code, 0, err);
  assert.doesNotMatch(readFileSync(page, 'utf8'), /<img/);
  const coloured = await concordat(...explain, 'b\u001b[31m4');
  assert.equal(coloured.code, 0, coloured.err);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is what is looked for
  assert.doesNotMatch(out + coloured.out, /\u001b/);
});

test('fetch takes a file by its digest, from anywhere, and says how it is read', async () => {
  const content = '# directed\n1 2\n2 3\n';
  const sha256 = createHash('sha256').update(content).digest('hex');
  const server = createServer((_, response) => response.end(content)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ratings.csv`;
  const fetch = (name: string) => ['sybil', 'fetch', name, '--out', join(directory, 'graphs'), '--url', url];
  const wrong = await concordat(...fetch('bitcoin-otc'));
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
  assert.match(
    wrong.err,
    new RegExp(`its SHA-256 is ${sha256}, not 76bd9d8f1d[0-9a-f]{54}: nothing of it was kept`),
  );
  const word = await concordat(...fetch('bitcoin-otc'), '--sha256', 'abc');
  assert.match(word.err, /not a SHA-256 of 64 hexadecimal digits: abc/);
  const { code, out, err } = await concordat(...fetch('bitcoin-otc'), '--sha256', sha256);
  assert.equal(code, 0, err);
  assert.equal(readFileSync(out.trim(), 'utf8'), content);
  assert.match(err, /rank .*bitcoin-otc\.csv --directed --positive-only --seeds FILE/);
  const labels = await concordat(...fetch('bitcoin-otc-labels'), '--sha256', sha256);
  assert.match(labels.err, /evaluate GRAPH --labels .*bitcoin-otc-labels\.csv/);
  const nobody = await concordat('sybil', 'fetch', 'orkut', '--out', directory);
  assert.match(nobody.err, /no data set 'orkut'\nData sets: ego-facebook, /);
  const list = await concordat('sybil', 'datasets');
  assert.match(list.out, /^soc-epinions1 +75877 accounts, 405739 edges/m);
});

test('every command has help with examples', () => {
  const { commands } = sybilCommand();
  assert.equal(commands.length, 7);
  for (const command of commands) {
    let text = '';
    command.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
    command.outputHelp();
    assert.match(text, new RegExp(`Examples:\n +concordat sybil ${command.name()}`));
  }
});
