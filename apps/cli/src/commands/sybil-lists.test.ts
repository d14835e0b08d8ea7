/** Lists of `sybil rank` and `whitelist`: what they print, where, with which status, and what they say is wrong. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { concordat, linesOf, setUp, twoCliques } from '../sybil/testing/running.ts';

const { directory, file, graph: GRAPH, seeds: SEEDS } = setUp();

test('rank lists the far clique first, as CSV with a header; standard error has the rest', async () => {
  const { code, out, err } = await concordat('sybil', 'rank', GRAPH, '--seeds', SEEDS);
  assert.equal(code, 0, err);
  const [header, ...rows] = linesOf(out).map((line) => line.split(','));
  assert.deepEqual(header, ['place', 'account', 'score', 'degree', 'seed']);
  assert.deepEqual(
    rows.map(([place]) => place),
    Array.from({ length: 20 }, (_, at) => String(at + 1)),
  );
  const suspects = rows.slice(0, 10).map(([, account]) => account);
  assert.deepEqual(
    [...suspects].sort(),
    Array.from({ length: 10 }, (_, at) => `b${at}`),
  );
  assert.deepEqual(
    rows.filter((row) => row[4] === 'yes').map(([, account]) => account),
    ['a5', 'a6'],
  );
  assert.match(err, /20 accounts, 92 edges/);
});

test('rank as JSON, limited, into a file; the same suspects with every method that walks from the seeds', async () => {
  for (const method of ['sybilrank', 'acl', 'consensus', 'local-community']) {
    const out = join(directory, `${method}.json`);
    const ran = await concordat(
      ...['sybil', 'rank', GRAPH, '--seeds', SEEDS, '--method', method],
      ...['--format', 'json', '--limit', '10', '--out', out],
    );
    assert.equal(ran.code, 0, ran.err);
    assert.equal(ran.out, '');
    const { version, graph, judged, accounts } = JSON.parse(readFileSync(out, 'utf8'));
    assert.deepEqual([version, graph, judged], [1, { accounts: 20, edges: 92, components: 1 }, 20]);
    assert.equal(accounts.length, 10);
    for (const { account } of accounts) assert.match(account, /^b\d$/, method);
  }
});

test('methods that learn from fakes ask for them, and take them', async () => {
  const rank = ['sybil', 'rank', GRAPH, '--seeds', SEEDS, '--method', 'sybilscar-d'];
  const without = await concordat(...rank);
  assert.equal(without.code, 1);
  assert.match(without.err, /needs accounts known to be Sybils\n.*--sybils FILE/);
  const fakes = file('fakes.csv', 'account,seen\n"b3",yesterday\n');
  const { code, out, err } = await concordat(...rank, '--sybils', fakes, '--limit', '1');
  assert.equal(code, 0, err);
  assert.match(out, /\n1,b\d,/);
});

test('accounts that no seed reaches are counted, come last and have no place', async () => {
  const graph = file('parts.txt', `${twoCliques(5, 1)}x1 x2\nx2 x3\n`);
  const { code, out, err } = await concordat(
    'sybil',
    'rank',
    graph,
    '--seeds',
    SEEDS.replace('seeds', 'one'),
  );
  assert.equal(code, 1);
  assert.match(err, /one\.txt cannot be read/);
  assert.equal(out, '');
  const seeds = file('one.txt', 'a1\n');
  const ran = await concordat('sybil', 'rank', graph, '--seeds', seeds);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.err, /2 components; 3 of 13 accounts .* cannot be judged/);
  assert.deepEqual(linesOf(ran.out).slice(-3), [',x1,,1,no', ',x2,,2,no', ',x3,,1,no']);
});

test('what is wrong with seeds is said, with the line', async () => {
  const cases: [string, RegExp][] = [
    ['# nobody\n', /names no account\nSeeds are accounts/],
    ['a1\n\nstranger\n', /1 of 2 accounts are not in the graph: 'stranger' \(line 3\)/],
    ['a1\n"half\n', /bad\.txt:2: a quote is not closed/],
  ];
  for (const [text, expected] of cases) {
    const { code, out, err } = await concordat('sybil', 'rank', GRAPH, '--seeds', file('bad.txt', text));
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, expected);
  }
  const seeds = file('bad.txt', 'a1\nstranger\n');
  const skipped = await concordat('sybil', 'rank', GRAPH, '--seeds', seeds, '--skip-unknown');
  assert.equal(skipped.code, 0);
  assert.match(skipped.err, /1 accounts are not in the graph and are skipped/);
  const unknown = await concordat('sybil', 'rank', GRAPH, '--seeds', SEEDS, '--method', 'astrology');
  assert.match(unknown.err, /no method 'astrology'\nMethods: acl, /);
  assert.equal(unknown.code, 1);
});

test('names with commas and quotes go through CSV', async () => {
  const graph = file('names.csv', '"a, ""the"" first",b\nb,c\nc,"a, ""the"" first"\n');
  const seeds = file('names-seeds.csv', 'account\n"a, ""the"" first"\n');
  const { code, out, err } = await concordat('sybil', 'rank', graph, '--seeds', seeds);
  assert.equal(code, 0, err);
  assert.match(out, /,"a, ""the"" first",[\d.]+,2,yes\n/);
});

test('whitelist: a set around the seeds with its bound and profile, or everybody by any method', async () => {
  const profile = join(directory, 'profile.svg');
  const whitelist = ['sybil', 'whitelist', GRAPH, '--seeds', SEEDS];
  const local = [...whitelist, '--least', '8', '--profile', profile];
  const { code, out, err } = await concordat(...local);
  assert.equal(code, 0, err);
  const rows = linesOf(out).slice(1);
  assert.ok(rows.length >= 8 && rows.length <= 10, `${rows.length} accounts`);
  for (const row of rows) assert.match(row, /^\d+,a\d,/);
  assert.match(err, /fakes among them have at most [\d.e+-]+ edges/);
  assert.match(readFileSync(profile, 'utf8'), /^<svg.*the chosen set/s);
  const record = JSON.parse((await concordat(...local, '--format', 'json')).out);
  assert.deepEqual([record.list, record.method, record.accounts.length], ['whitelist', 'local', rows.length]);
  assert.ok(
    record.bound.sybilVolumePerUnit > 0 && record.cut.conductance > 0 && record.cut.conductance < 0.1,
  );
  const all = await concordat(...whitelist, '--method', 'sybilrank');
  assert.equal(all.code, 0, all.err);
  const accounts = linesOf(all.out)
    .slice(1)
    .map((line) => line.split(',')[1]?.[0]);
  assert.equal(accounts.join(''), 'a'.repeat(10) + 'b'.repeat(10));
  const wrong = await concordat(...whitelist, '--method', 'acl', '--profile', profile);
  assert.deepEqual([wrong.code, wrong.out], [1, '']);
  assert.match(wrong.err, /a profile is of the local whitelist/);
});

test('a graph that is none is told with its line, and nothing is written', async () => {
  const broken = file('broken.txt', 'a b\nc\n');
  for (const name of ['rank', 'whitelist']) {
    const { code, out, err } = await concordat('sybil', name, broken, '--seeds', SEEDS);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /broken\.txt:2: there is no column for both nodes\nA line is two names/);
  }
});

test('integro takes victims, whose friendships count less', async () => {
  const graph = file('leaky.txt', twoCliques(8, 8));
  const rank = ['sybil', 'rank', graph, '--seeds', file('leaky-seeds.txt', 'a7\n'), '--method', 'integro'];
  const without = await concordat(...rank);
  assert.equal(without.code, 1);
  assert.match(without.err, /needs a victim probability for every node\nGive with --victims FILE/);
  const victims = Array.from({ length: 7 }, (_, at) => `a${at},0.95\n`).join('');
  const { code, out, err } = await concordat(
    ...rank,
    '--victims',
    file('victims.csv', `account,probability\n${victims}`),
  );
  assert.equal(code, 0, err);
  assert.equal(linesOf(out).length, 17);
  const none = await concordat(...rank, '--victims', file('victims.csv', 'a1,0\n'));
  assert.notEqual(none.out, out, 'who is a victim changes the scores');
  for (const line of ['a1,2', 'a1', 'a1,often']) {
    const wrong = await concordat(...rank, '--victims', file('victims.csv', `${line}\n`));
    assert.equal(wrong.code, 1);
    assert.match(wrong.err, /victims\.csv:1: the probability of 'a1' is/);
  }
});
