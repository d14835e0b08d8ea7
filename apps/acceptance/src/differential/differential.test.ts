/**
 * The comparison itself: that scripts repeat and ask for everything, that what a server says otherwise is found and
 * shrunk - and its small size against Apache ZooKeeper, where that is installed.
 */

import assert from 'node:assert/strict';
import { createConnection, createServer, type Server } from 'node:net';
import { test } from 'node:test';
import { apacheMissing, startApache } from '@concordat/bench';
import { OpCode } from '@concordat/keeper';
import { freePort } from '@concordat/runtime';
import { DEVIATIONS } from './deviations.ts';
import { ALONE, compareServers } from './differential.ts';
import type { Difference } from './duel.ts';
import { generateScript } from './generator.ts';
import { opOf } from './messages.ts';
import { shrink } from './shrink.ts';
import { startSolo } from './solo.ts';
import type { Call, Step } from './steps.ts';

const DEADLINE_MS = 120_000;
const SMALL = { operations: 3_000, seed: 1, sessions: 4, solo: true };

const opsOf = (call: Call): number[] => {
  if (call.call === 'reconnect' || call.call === 'open') return [];
  const parts = call.call === 'multi' ? call.parts : [];
  return [opOf(call), ...parts.map(opOf)];
};

test('a seed is a script, and a script asks for everything that clients ask for', () => {
  const script = generateScript(7, 6_000, 4);
  assert.deepEqual(generateScript(7, 6_000, 4), script);
  assert.notDeepEqual(generateScript(8, 6_000, 4), script);
  const asked = new Set(script.flatMap(({ call }) => opsOf(call)));
  // What servers say among themselves, and the names of answers.
  const others: readonly number[] = [
    OpCode.notification,
    OpCode.deleteContainer,
    OpCode.createSession,
    OpCode.error,
  ];
  const missing = Object.entries(OpCode).filter(([, op]) => !asked.has(op) && !others.includes(op));
  assert.deepEqual(missing, []);
  const kinds = script.map(({ call }) => (call.call === 'reconnect' ? `${call.how} ${call.password}` : ''));
  for (const kind of ['cut right', 'cut wrong', 'steal right', 'steal wrong'])
    assert.ok(kinds.includes(kind), kind);
});

test('a difference shrinks to the steps that it takes', async () => {
  const script = generateScript(1, 300, 4);
  const [first, last] = [script[40]!, script[200]!];
  const rerun = async (part: readonly Step[]): Promise<Difference | null> => {
    const index = part.indexOf(last);
    const isShown = part.includes(first) && part.indexOf(first) < index;
    return isShown ? { index, step: last, session: 0, why: 'made up', apache: [], ours: [] } : null;
  };
  const found = await rerun(script);
  assert.ok(found !== null);
  assert.deepEqual((await shrink(script, found, rerun, 500))?.script, [first, last]);
  assert.equal(await shrink(script, found, async () => null, 500), null, 'what does not come again');
});

/** A port behind which is the server at `port`, but in every third version of a node, which it calls the fourth. */
async function startLiar(port: number): Promise<{ readonly server: Server; readonly port: number }> {
  const STAT_REPLY_BYTES = 16 + 68;
  const VERSION_AT = 4 + 16 + 32;
  const server = createServer((client) => {
    const upstream = createConnection({ host: '127.0.0.1', port, noDelay: true });
    client.on('data', (chunk) => upstream.write(chunk));
    upstream.on('data', (chunk: Buffer) => {
      const isStat = chunk.length >= VERSION_AT + 4 && chunk.readInt32BE(0) === STAT_REPLY_BYTES;
      if (isStat && chunk.readInt32BE(VERSION_AT) === 2) chunk.writeInt32BE(3, VERSION_AT);
      client.write(chunk);
    });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => {});
      socket.on('close', () => other.destroy());
    }
  });
  const own = await freePort();
  await new Promise<void>((resolve) => server.listen(own, '127.0.0.1', resolve));
  return { server, port: own };
}

test('one number that one server gets wrong is found, and shown by the requests that it takes', {
  timeout: DEADLINE_MS,
}, async () => {
  const [solo, other] = await Promise.all([startSolo(), startSolo()]);
  const liar = await startLiar(other.endpoints[0]?.port ?? 0);
  try {
    const liars = [{ host: '127.0.0.1', port: liar.port }];
    const same = await compareServers([solo.endpoints, other.endpoints], { ...SMALL, operations: 200 });
    assert.deepEqual([same.reports, same.unstable, [...same.deviations]], [[], [], []]);
    const { reports } = await compareServers([solo.endpoints, liars], {
      ...SMALL,
      folder: 'liar',
      reports: 1,
    });
    assert.match(reports[0] ?? '', /sees a difference in: version/);
    // A node is made, then changed twice, the last time with an answer that tells its Stat.
    assert.ok((reports[0]?.match(/^[> ] session \d: /gm) ?? []).length <= 4, reports[0]);
  } finally {
    liar.server.close();
    await Promise.all([solo.stop(), other.stop()]);
  }
});

test('the keeper answers as Apache ZooKeeper does, the listed deviations aside', {
  timeout: DEADLINE_MS,
  skip: apacheMissing() ?? false,
}, async () => {
  const [apache, solo] = await Promise.all([startApache(ALONE), startSolo()]);
  try {
    const findings = await compareServers([apache.endpoints, solo.endpoints], SMALL);
    assert.deepEqual([...findings.reports, ...findings.unstable], []);
    assert.ok(findings.played >= SMALL.operations && findings.events > 0);
    const unmet = DEVIATIONS.filter(
      ({ name, isReplicated }) => isReplicated !== true && !findings.deviations.has(name),
    ).map(({ name }) => name);
    assert.deepEqual(unmet, [], 'a deviation that does not occur is none');
  } finally {
    await Promise.all([apache.stop(), solo.stop()]);
  }
});
