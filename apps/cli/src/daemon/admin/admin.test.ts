/** The port for operators of a real daemon: who may ask what, ZooKeeper's shapes of answers, and metrics that parse. */

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ADMIN_COMMANDS } from '@concordat/keeper';
import { freePort } from '@concordat/runtime';
import { placesIn } from '../../config/organisation.ts';
import { clientPortOf, federationOf, HERE, makeMember, startAlone } from '../../testing/alone.ts';
import type { Daemon } from '../daemon.ts';
import { remembered } from './admin.ts';
import { bytesIn } from './machine.ts';
import { isFromHere } from './pages.ts';

const directory = mkdtempSync(join(tmpdir(), 'admin-'));
const started: { daemon: Daemon | null; monitor: number } = { daemon: null, monitor: 0 };

before(async () => {
  const monitor = await freePort();
  started.daemon = await startAlone(directory, federationOf(await makeMember(directory)), {
    monitor: { host: HERE, port: monitor },
    superDigest: 'root:OperatorsSuperDigest',
    words: new Set(['ruok', 'mntr', 'dirs']),
  });
  started.monitor = monitor;
  for (const end = Date.now() + 30_000; (await ask('ruok')).fields['error'] !== null; await sleep(50))
    assert.ok(Date.now() < end, 'it serves');
});

after(async () => {
  await started.daemon?.close();
  rmSync(directory, { recursive: true, force: true });
});

const PAGE = readFileSync(new URL('../../../../../docs/operate/ZOOKEEPER.md', import.meta.url), 'utf8');

/** What the rows of the operators' page that begin so name: words in backquotes. */
const rows = (beginning: RegExp): string[] =>
  PAGE.split('\n')
    .filter((line) => beginning.test(line))
    .flatMap((line) => [...line.replace(beginning, '').matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ''));

interface Asked {
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Unlike `fetch`, lets a test name another host. */
function get(path: string, { method = 'GET', body = '', headers = {} }: Asked = {}) {
  return new Promise<{ readonly status: number; readonly type: string; readonly text: string }>(
    (resolve, reject) => {
      const { monitor: port } = started;
      const asked = request({ host: HERE, port, path, method, headers }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '', text }),
        );
      });
      asked.on('error', reject).end(body);
    },
  );
}

async function ask(name: string, asked: Asked = {}) {
  const { status, text } = await get(`/commands/${name}`, asked);
  return { status, text, fields: JSON.parse(text) as Readonly<Record<string, unknown>> };
}

test('the list is a page of links, each of which answers in the same shape', async () => {
  const { status, type, text } = await get('/commands');
  assert.deepEqual([status, type], [200, 'text/html; charset=utf-8']);
  const names = [...text.matchAll(/href="\/commands\/(\w+)"/g)].map(([, name]) => name ?? '');
  assert.deepEqual(
    names,
    ADMIN_COMMANDS.map(({ names: [name] }) => name),
  );
  for (const { names: all, access } of ADMIN_COMMANDS) {
    for (const name of all) {
      const { status: code, fields } = await ask(name);
      assert.equal(fields['command'], all[0]);
      assert.equal(code, access === 'changes' ? 405 : 200, name);
      assert.equal(fields['error'] === null, access === 'figures' || access === 'details', name);
    }
  }
  assert.deepEqual((await ask('nonsense')).fields, {
    command: 'nonsense',
    error: 'Unknown command: nonsense',
  });
});

test('the page for operators lists every command with those who may ask', () => {
  const columns = {
    figures: /^\| whoever reads metrics \|/,
    details: /^\| programs on this machine \|/,
    changes: /^\| programs on this machine, with POST \|/,
    refused: /^\| answered with a sentence that says why not \|/,
  };
  for (const [access, beginning] of Object.entries(columns)) {
    const commands = ADMIN_COMMANDS.filter((command) => command.access === access);
    assert.deepEqual(rows(beginning).sort(), commands.map(({ names: [name] }) => name).sort());
  }
});

test('values come from the daemon', async () => {
  const { fields: leader } = await ask('leader');
  assert.deepEqual([leader['is_leader'], leader['leader_id'], leader['leader_ip']], [true, 0, HERE]);
  const { fields: state } = await ask('zabstate');
  assert.deepEqual([state['voting'], state['zabstate'], state['myid']], [true, 'broadcast', 0]);
  const { fields: monitor } = await ask('monitor');
  assert.deepEqual([monitor['quorum_size'], monitor['peer_state']], [1, 'leading - broadcast']);
  assert.ok(Number(monitor['open_file_descriptor_count']) > 3);
  assert.ok(Number((await ask('dirs')).fields['datadir_size']) > 0);
});

/** What the clients' port answers to a word, or to other first bytes, until it closes. */
function say(word: string | Uint8Array): Promise<string> {
  const port = started.daemon === null ? 0 : clientPortOf(started.daemon);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, HERE, () => socket.write(word));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(text));
  });
}

test('words tell what only the daemon knows, and those not allowed are refused', async () => {
  assert.equal(await say('ruok'), 'imok');
  assert.match(await say('dirs'), /^datadir_size: [1-9]\d*\nlogdir_size: [1-9]\d*\n$/);
  const mntr = await say('mntr');
  assert.match(mntr, /^zk_quorum_size\t1$/m);
  assert.match(mntr, /^zk_open_file_descriptor_count\t\d+$/m);
  assert.equal(await say('srvr'), 'srvr is not executed because it is not in the whitelist.\n');
  assert.equal(await say(Uint8Array.of(0xff, 0xf4, 0xff, 0xfd, 0x06)), '');
});

test('changes need a POST, and one that changes nothing says so', async () => {
  const told = await ask('stat_reset');
  assert.deepEqual(
    [told.status, told.fields['error']],
    [405, 'This command changes something: it needs a POST'],
  );
  const post = await ask('stat_reset', { method: 'POST' });
  assert.deepEqual([post.status, post.fields], [200, { command: 'stat_reset', error: null }]);
  const shed = await ask('shed', { method: 'POST', body: '{"percentage": 100}' });
  assert.deepEqual(shed.fields, {
    percentage_requested: 100,
    connections_shed: 0,
    command: 'shed_connections',
    error: null,
  });
  assert.equal((await ask('shed', { method: 'POST', body: 'no' })).status, 400);
  assert.equal((await get('/commands', { method: 'POST' })).status, 405);
});

test('details and changes are for programs on this machine, not for pages in its browsers', async () => {
  const disguises: readonly Asked[] = [
    { headers: { origin: 'http://evil.example' } },
    { headers: { origin: 'null' } },
    { headers: { host: 'evil.example' } },
    { headers: { host: `evil.example:${started.monitor}` } },
    { headers: { host: '127.0.0.1.evil.example' } },
  ];
  for (const disguise of disguises) {
    for (const { names, access } of ADMIN_COMMANDS) {
      const method = access === 'changes' ? 'POST' : 'GET';
      const { status, fields } = await ask(names[0], { ...disguise, method });
      const isOpen = access === 'figures' || access === 'refused';
      assert.equal(status, isOpen ? 200 : 403, names[0]);
      if (!isOpen) assert.deepEqual(Object.keys(fields), ['command', 'error']);
    }
  }
  const asked = { host: '127.0.0.1:7070', origin: null };
  for (const peer of ['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1'])
    assert.ok(isFromHere({ ...asked, peer }));
  for (const host of ['localhost', 'LOCALHOST:1', '[::1]:7070', '127.0.0.1'])
    assert.ok(isFromHere({ ...asked, peer: '::1', host }));
  for (const peer of ['10.0.0.1', '::ffff:10.0.0.1', '127.evil', 'fe80::1', ''])
    assert.ok(!isFromHere({ ...asked, peer }), peer);
});

test('the size of a directory is that of its files, or unknown', () => {
  const at = mkdtempSync(join(directory, 'sizes-'));
  assert.equal(bytesIn(at), 0);
  mkdirSync(join(at, 'damaged'));
  writeFileSync(join(at, 'one'), 'abc');
  writeFileSync(join(at, 'damaged', 'two'), 'defg');
  assert.equal(bytesIn(at), 7);
  assert.equal(bytesIn(join(at, 'absent')), -1);
});

test('what costs system calls is read once a second', () => {
  let now = 0;
  let reads = 0;
  const read = remembered(
    () => ++reads,
    () => now,
  );
  assert.deepEqual([read(), read()], [1, 1]);
  now = 999;
  assert.equal(read(), 1);
  now = 1000;
  assert.deepEqual([read(), read()], [2, 2]);
});

test('nothing secret is in any answer', async () => {
  const { identity } = placesIn(directory);
  const kept = JSON.parse(readFileSync(identity, 'utf8')) as { seed: string; tls: { key: string } };
  const keyLines = kept.tls.key.split('\n').filter((line) => /^[\w+/=]{40,}$/.test(line));
  assert.ok(kept.seed.length === 64 && keyLines.length > 0);
  const secrets = [kept.seed, ...keyLines, 'OperatorsSuperDigest', 'of the environment'];
  process.env['CONCORDAT_TEST_SECRET'] = 'of the environment';
  for (const { names } of ADMIN_COMMANDS) {
    const { text } = await ask(names[0]);
    for (const secret of secrets) assert.ok(!text.includes(secret), names[0]);
  }
});

/** Name and labels of a sample, its value. */
const SAMPLE =
  /^([a-z_][a-z0-9_]*)(\{[a-z_]+="(?:[^"\\\n]|\\["\\n])*"(?:,[a-z_]+="(?:[^"\\\n]|\\["\\n])*")*\})? (\S+)$/;

test('metrics are Prometheus text, with the names that dashboards for ZooKeeper query', async () => {
  const { text } = await get('/metrics');
  const kinds = new Map<string, string>();
  const samples = new Map<string, number>();
  for (const line of text.trimEnd().split('\n')) {
    const [, named, kind] = /^# TYPE (\S+) (counter|gauge|summary|histogram)$/.exec(line) ?? [];
    if (named !== undefined) {
      assert.ok(!kinds.has(named), `${named} has two families`);
      kinds.set(named, kind ?? '');
    }
    if (line.startsWith('#')) continue;
    const [, name = '', labels = '', value] = SAMPLE.exec(line) ?? [];
    assert.ok(name !== '' && (value === 'NaN' || Number.isFinite(Number(value))), line);
    assert.ok(!samples.has(name + labels), `${name}${labels} twice`);
    samples.set(name + labels, Number(value));
    assert.ok(kinds.has(name) || kinds.has(name.replace(/_(bucket|sum|count|max)$/, '')), line);
  }
  const gauges =
    'znode_count watch_count ephemerals_count approximate_data_size num_alive_connections outstanding_requests ' +
    'packets_received packets_sent avg_latency min_latency max_latency global_sessions uptime quorum_size ' +
    'open_file_descriptor_count learners process_resident_memory_bytes';
  const counters = 'bytes_received_count response_bytes connection_drop_count connection_rejected';
  for (const name of gauges.split(' ')) assert.equal(kinds.get(name), 'gauge', name);
  for (const name of counters.split(' ')) assert.equal(kinds.get(name), 'counter', name);
  for (const name of ['readlatency', 'updatelatency', 'fsynctime']) {
    assert.equal(kinds.get(name), 'summary');
    assert.ok(
      samples.has(`${name}{quantile="0.5"}`) && samples.has(`${name}_count`) && samples.has(`${name}_sum`),
    );
  }
  assert.equal(samples.get('znode_count'), 4);
  const own = [...kinds.keys()].filter((name) => !name.startsWith('concordat_'));
  assert.deepEqual(
    own.sort(),
    rows(/^\| (gauge|counter|summary|process) \|/).sort(),
    'the page for operators lists them',
  );
  assert.ok((samples.get('fsynctime_count') ?? 0) > 0);
});
