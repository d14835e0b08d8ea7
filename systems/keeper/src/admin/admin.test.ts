/**
 * Commands of operators against what Apache ZooKeeper 3.8.0 answered (`testing/apache-3.8.0.json`): every field that it has
 * is here with the same type, or is named below as left out; and nothing is here that it does not have.
 */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Env, FIRST_CONNECTION } from '@concordat/kernel';
import { bodies } from '../client/requests.ts';
import type { GatewayMessage } from '../gateway/message.ts';
import { CreateMode, OpCode } from '../jute/protocol.ts';
import { bytesOf, createTestService, createTestWorld, type TestWorld } from '../testing/raw-client.ts';
import { COMMANDS, carryOut, findCommand, listCommands, tell } from './commands.ts';
import type { AdminFacts } from './context.ts';
import { type Json, renderJson } from './json.ts';
import { foldSummaries, type Shape, shapeOf } from './testing/flatten.ts';

interface Recorded {
  readonly commands: Readonly<Record<string, Shape>>;
  readonly unknown: Shape;
  readonly monitor: readonly string[];
}

const recordedAt = fileURLToPath(new URL('../../src/admin/testing/apache-3.8.0.json', import.meta.url));
const APACHE = JSON.parse(readFileSync(recordedAt, 'utf8')) as Recorded;

const FACTS: AdminFacts = {
  environment: { 'host.name': 'a', 'os.name': 'Linux', 'user.name': 'concordat' },
  properties: { 'os.name': 'Linux', 'user.dir': '/' },
  clientAddress: '127.0.0.1:2181',
  dataDirectory: '/var/lib/concordat/journal',
  slowSyncs: 2,
  isServing: true,
  ensemble: {
    self: 1,
    leader: 1,
    addresses: new Map([
      [0, '10.0.0.1:4000'],
      [1, '[fd00::2]:4000'],
    ]),
    isVoting: true,
    phase: 'broadcast',
  },
};

/** One session with an ephemeral node, watches, and something of everything. */
function busyWorld(): TestWorld {
  const service = createTestService({ membership: 'server.0=10.0.0.1:4000' });
  const world = createTestWorld({ service });
  const client = world.open().connect();
  client.create('/a', 'data');
  client.create('/e', '', CreateMode.ephemeral);
  client.call(OpCode.getData, bodies.watched('/a', true));
  client.call(OpCode.exists, bodies.watched('/absent', true));
  client.call(OpCode.getChildren, bodies.watched('/', true));
  return world;
}

function answer(world: TestWorld, name: string, facts: AdminFacts = FACTS): Record<string, Json> {
  const command = findCommand(name);
  assert.ok(command !== null, name);
  const { state, now } = world.loopback;
  return { ...tell(command, { state, now, facts }) };
}

const read = (value: Json): unknown => JSON.parse(renderJson(value));

/** By command: paths that ZooKeeper has and we do not. Names ending in `.` stand for all that begin so. */
const LEFT_OUT: Readonly<Record<string, readonly string[]>> = {
  configuration: ['client_port_listen_backlog'],
  connections: ['connections[].interest_ops'],
  environment: ['java.', 'os.', 'user.'],
  server_stats: ['proposal_stats', 'server_stats.non_mtls', 'server_stats.provider_null'],
  stats: [
    'proposal_stats',
    'server_stats.non_mtls',
    'server_stats.provider_null',
    'connections[].interest_ops',
  ],
  system_properties: [
    'java.',
    'jdk.',
    'jetty.',
    'sun.',
    'zookeeper.',
    'file.',
    'line.',
    'native.',
    'path.',
  ].concat('os.', 'user.'),
  voting_view: ['current_config.*.election_addresses[]'],
  zabstate: [
    'election_address',
    ...['all_reachable', 'reachable', 'wildcard'].map((name) => `quorum_address.${name}`),
  ],
};

test('every command has the fields of ZooKeeper with their types', () => {
  const world = busyWorld();
  for (const [name, theirs] of Object.entries(APACHE.commands)) {
    const command = findCommand(name);
    assert.ok(command !== null, name);
    if (command.access === 'changes' || command.access === 'refused') continue;
    const ours = shapeOf(read(answer(world, name)));
    const leftOut = LEFT_OUT[name] ?? [];
    for (const [at, type] of Object.entries(theirs)) {
      if (at in ours)
        assert.ok(type.split('|').includes(ours[at] ?? ''), `${name} ${at}: ${ours[at]} is no ${type}`);
      else
        assert.ok(
          leftOut.some((path) => at.startsWith(path)),
          `${name} lacks ${at}`,
        );
    }
    for (const at of Object.keys(ours))
      assert.ok(at in theirs, `${name} has ${at}, which ZooKeeper does not`);
    for (const path of leftOut)
      assert.ok(
        Object.keys(theirs).some((at) => at.startsWith(path)),
        `${name} has no ${path} to leave out`,
      );
  }
});

/** ZooKeeper of this version has none for quotas, and none for what waits for clients. */
const OURS = [
  'quota_count',
  'quota_over_soft_limit_count',
  'quota_exceeded_errors',
  'held_connections',
  'unread_bytes',
  'connection_hold_count',
  'slow_readers_closed',
  'large_replies_refused',
];

test('what monitor tells has a name of ZooKeeper and its type', () => {
  const world = busyWorld();
  const fields = answer(world, 'monitor');
  const known = new Set([...APACHE.monitor, ...OURS]);
  for (const name of foldSummaries(Object.keys(fields))) assert.ok(known.has(name), name);
  const texts = Object.keys(fields).filter((name) => typeof fields[name] === 'string');
  assert.deepEqual(texts, ['version', 'server_state', 'command']);
  assert.equal(fields['znode_count'], 6);
  assert.equal(fields['watch_count'], 3);
  assert.equal(fields['cnt_updatelatency'], 2);
  assert.equal(fields['cnt_readlatency'], 3);
});

test('values are those of the gateway', () => {
  const world = busyWorld();
  const session = '72057594037927937';
  assert.deepEqual(read(answer(world, 'watches')), {
    session_id_to_watched_paths: { [session]: ['/a', '/absent', '/'] },
    command: 'watches',
    error: null,
  });
  const byPath = renderJson(answer(world, 'wchp'));
  assert.match(byPath, new RegExp(`"/absent" : \\[ ${session} \\]`));
  const dump = renderJson(answer(world, 'dump'));
  assert.match(dump, new RegExp(`"${session}" : \\[ "/e" \\]`));
  // A timeout of ten seconds, rounded up to half a second, from the moment of the last touch on.
  const [expiry] = /"(\d+)" : \[ 72057594037927937 \]/.exec(dump)?.slice(1) ?? [];
  const left = Number(expiry) - world.loopback.now;
  assert.ok(left >= 10_000 && left <= 10_500, `${left}`);
  const [connection] = answer(world, 'cons')['connections'] as [Record<string, Json>];
  assert.equal(`${connection['session_id']}`, session);
  assert.equal(connection['last_operation'], 'GETC');
  assert.equal(connection['last_cxid'], 5);
  assert.equal(connection['packets_received'], 6);
  assert.deepEqual(answer(world, 'leader')['leader_ip'], 'fd00::2');
  assert.equal(
    (answer(world, 'srvr')['server_stats'] as Record<string, Json>)['fsync_threshold_exceed_count'],
    2,
  );
});

test('a server alone, and one that does not serve, answer as ZooKeeper does', () => {
  const world = busyWorld();
  const alone = { ...FACTS, ensemble: null };
  assert.deepEqual(answer(world, 'leader', alone), { error: 'server is not initialized', command: 'leader' });
  assert.deepEqual(answer(world, 'zabstate', alone), {
    voting: false,
    zabstate: '',
    command: 'zabstate',
    error: null,
  });
  const stalled = { ...FACTS, isServing: false };
  assert.deepEqual(answer(world, 'ruok', stalled), {
    command: 'ruok',
    error: 'This ZooKeeper instance is not currently serving requests',
  });
  assert.equal(answer(world, 'monitor', stalled)['error'], null);
});

test('all names of ZooKeeper 3.8 are known, those without a meaning say why', () => {
  for (const name of Object.keys(APACHE.commands)) assert.equal(findCommand(name)?.names[0], name);
  assert.equal(findCommand('nonsense'), null);
  const world = busyWorld();
  for (const { access, names } of COMMANDS) {
    if (access !== 'refused') continue;
    const { error, command, ...rest } = answer(world, names[0]);
    assert.match(`${error}`, /^[A-Z].*\.$/);
    assert.deepEqual([command, rest], [names[0], {}]);
  }
  const links = [...listCommands().matchAll(/<a href="\/commands\/(\w+)">\1<\/a>\n<br\/>\n/g)];
  assert.deepEqual(
    links.map(([, name]) => name),
    COMMANDS.map(({ names }) => names[0]),
  );
});

/** Only what changes use of it. */
function changing(world: TestWorld): { readonly env: Env<GatewayMessage>; readonly notes: unknown[] } {
  const notes: unknown[] = [];
  const close = (id: number): void => void world.inboxes.get(id)?.push(null);
  return {
    notes,
    env: { note: (note: unknown) => notes.push(note), close } as unknown as Env<GatewayMessage>,
  };
}

function change(world: TestWorld, name: string, body = '') {
  const command = findCommand(name);
  assert.ok(command?.access === 'changes');
  assert.match(`${answer(world, name)['error']}`, /POST/, 'telling changes nothing');
  const { env, notes } = changing(world);
  return { fields: carryOut(command, world.loopback.state, env, body), notes };
}

test('resets empty the statistics and leave the tally', () => {
  const world = busyWorld();
  const before = answer(world, 'mntr');
  assert.deepEqual(change(world, 'srst'), {
    fields: { command: 'stat_reset', error: null },
    notes: [{ kind: 'keeper-admin', command: 'stat_reset' }],
  });
  const after = answer(world, 'mntr');
  assert.equal(after['packets_received'], 0);
  for (const name of ['bytes_received_count', 'cnt_readlatency', 'connection_request_count'])
    assert.ok(after[name] === before[name] && before[name] !== 0, name);
  change(world, 'crst');
  const [connection] = answer(world, 'cons')['connections'] as [Record<string, Json>];
  const { packets_received, last_operation, last_cxid, max_latency } = connection;
  assert.deepEqual([packets_received, last_operation, last_cxid, max_latency], [0, 'NA', -1, 0]);
});

test('connections with TLS are told apart', () => {
  const world = createTestWorld({ isSecure: (id) => id === FIRST_CONNECTION + 1 });
  const open = [world.open(), world.open(), world.open()].map((client) => client.connect());
  const { connections, secure_connections } = answer(world, 'connections') as Record<string, Json[]>;
  assert.deepEqual([connections?.length, secure_connections?.length], [2, 1]);
  assert.equal(open.length, 3);
});

test('connections are shed by percentage', () => {
  const world = createTestWorld();
  for (let i = 0; i < 8; i++) world.open().connect();
  const shed = (body: string): Record<string, Json> => ({ ...change(world, 'shed', body).fields });
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /^Request body is required$/],
    ['{', /^Invalid JSON/],
    ['[]', /^Missing required/],
    ['{"percentage": "5"}', /whole number/],
    ['{"percentage": 101}', /^Percentage must be between 0 and 100$/],
    ['{"percentage": -1}', /between/],
  ];
  for (const [body, why] of wrong) assert.match(`${shed(body)['error']}`, why);
  assert.equal(world.loopback.state.connections.size, 8);
  for (const [percentage, count, left] of [
    [0, 0, 8],
    [25, 2, 6],
    [50, 3, 3],
    [100, 3, 0],
  ] as const) {
    const { connections_shed, percentage_requested } = shed(`{"percentage": ${percentage}}`);
    assert.deepEqual([percentage_requested, connections_shed], [percentage, count]);
    assert.equal(world.loopback.state.connections.size, left);
  }
});

test('no answer shows what proves an identity or a session', () => {
  const world = createTestWorld({ superDigest: 'root:SuperDigest' });
  const client = world.open().connect();
  client.call(OpCode.auth, (to) => {
    to.i32(0);
    for (const text of ['digest', 'someone:very-secret']) {
      to.i32(text.length);
      to.fixed(bytesOf(text));
    }
  });
  client.create('/a', 'content of a node');
  const password = client.answer?.password ?? new Uint8Array(0);
  const { state } = world.loopback;
  const digest =
    [...state.connections.values()][0]?.identities.find(({ scheme }) => scheme === 'digest')?.id ?? '';
  assert.ok(digest.startsWith('someone:'));
  const secrets = ['very-secret', digest, 'SuperDigest', 'content of a node'];
  const forms = [[...password].join(','), Buffer.from(password).toString('hex')];
  for (const { names } of COMMANDS) {
    const text = renderJson(answer(world, names[0]));
    for (const secret of [...secrets, ...forms, Buffer.from(password).toString('base64')])
      assert.ok(!text.includes(secret), `${names[0]} shows ${secret}`);
  }
});

test('JSON is laid out as Jackson does', () => {
  const value = { a: [], b: {}, c: [1, { d: 2n ** 62n }], e: 'x"\n', f: null };
  assert.equal(
    renderJson(value),
    '{\n  "a" : [ ],\n  "b" : { },\n  "c" : [ 1, {\n    "d" : 4611686018427387904\n  } ],\n  "e" : "x\\"\\n",\n  "f" : null\n}',
  );
});

test('in read-only mode commands that need a server are answered, and say which it is', () => {
  const lost = { ...FACTS, isServing: false };
  const world = createTestWorld({ readOnlyMode: true });
  world.open().connect();
  world.loopback.isHeld = true;
  assert.equal(typeof answer(world, 'is_read_only', lost)['error'], 'string');
  world.loopback.passAlone(5000);
  assert.equal(answer(world, 'is_read_only', lost)['read_only'], true);
  assert.equal(answer(world, 'monitor', lost)['server_state'], 'read-only');
  const stats = answer(world, 'server_stats', lost);
  assert.deepEqual([stats['error'], stats['read_only']], [null, true]);
});
