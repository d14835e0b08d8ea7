/** Hosts whose processes are peers: joined by what they say to each other. */

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { afterEach, test } from 'node:test';
import type { MessageCodec, NodeId, Process } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { generateIdentity } from '../crypto/identity.ts';
import { createKeys } from '../crypto/keys.ts';
import { createJournal, openJournal } from '../journal/open.ts';
import { createLogger } from '../logs/logger.ts';
import type { PeersOptions } from '../peers/peers.ts';
import { createHost, type Host } from './host.ts';

type State = string[];

const codec: MessageCodec<string> = {
  encode: utf8,
  decode: (bytes) => Buffer.from(bytes).toString(),
};

/** Writes down what it is told, durably, and answers questions. */
const talker: Process<State, string> = {
  start: () => [],
  receive: (state, env, from, message) => {
    state.push(`${from}: ${message}`);
    env.append(utf8(message));
    if (message.endsWith('?')) env.send(from, `${message.slice(0, -1)}!`);
  },
  linked: (state, _env, peer, isUp) => void state.push(`${peer} ${isUp ? 'up' : 'down'}`),
  timeout: () => {},
  settle: () => {},
};

const hosts: Host<State, string>[] = [];
const directories: string[] = [];

afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
  for (const directory of directories.splice(0)) fs.rmSync(directory, { recursive: true, force: true });
});

async function until(holds: () => boolean, what: string): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, what);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const identities = [0, 1, 2].map((id) => generateIdentity(`peer ${id}`));

async function start(
  self: NodeId,
  options: Partial<PeersOptions> = {},
  process = talker,
): Promise<Host<State, string>> {
  const directory = fs.mkdtempSync(`${tmpdir()}/concordat-peers-`);
  directories.push(directory);
  await createJournal(directory, { segmentBytes: 64 * 1024 });
  const { seed, tls } = identities[self]!;
  const host = await createHost<State, string>({
    self,
    process,
    codec,
    keys: createKeys({ self, seed, publicKeys: new Map() }),
    journal: await openJournal(directory),
    logger: createLogger({ level: 'error' }),
    peers: { listen: { host: '127.0.0.1', port: 0 }, tls, known: new Map(), ...options },
  });
  hosts.push(host);
  return host;
}

const contactOf = (host: Host<State, string>, id: NodeId) => ({
  host: '127.0.0.1',
  port: host.addresses.get('peers')!.port,
  pin: identities[id]!.pin,
});

const say = (host: Host<State, string>, to: NodeId, message: string): void =>
  host.inject((_state, env) => env.send(to, message));

test('hosts are joined by the first message, and part when a peer is removed', async () => {
  const [zero, one] = [await start(0), await start(1)];
  zero.addPeer(1, contactOf(one, 1));
  one.addPeer(0, contactOf(zero, 0));
  assert.deepEqual(zero.linked, []);
  say(zero, 1, 'hello?');
  await until(() => zero.state.length === 1, 'the answer');
  assert.deepEqual([zero.state, one.state], [['1: hello!'], ['0: hello?']]);
  assert.deepEqual([zero.linked, one.linked], [[1], [0]]);
  const figures = zero.metrics.render();
  // Frame and message have lengths of 4 bytes each.
  assert.match(figures, /concordat_peer_upload_bytes_total\{peer="1",class="payload"\} 14\n/);
  assert.match(figures, /concordat_peers_linked 1\n/);
  assert.match(figures, /concordat_peers_upload_bytes_total\{class="overhead"\} [1-9]/);
  one.removePeer(0);
  await until(() => zero.state.at(-1) === '1 down' && one.state.at(-1) === '0 down', 'parted');
  say(one, 0, 'into the void');
  await until(() => one.metrics.render().includes('kind="no-such-peer"} 1'), 'a stranger now');
  assert.throws(() => zero.addPeer(7, { ...contactOf(one, 1), pin: 'none' }), { code: 'bad-configuration' });
});

test('what is said before the links are open waits until they are', async () => {
  const one = await start(1);
  const known = new Map([[1, contactOf(one, 1)]]);
  one.addPeer(0, { host: '127.0.0.1', port: 0, pin: identities[0]!.pin });
  const eager: Process<State, string> = {
    ...talker,
    start: (env) => {
      env.send(1, 'at last');
      return [];
    },
  };
  await start(0, { known }, eager);
  await until(() => one.state.length === 1, 'it arrives');
  assert.deepEqual(one.state, ['0: at last']);
});

test('a host that does not listen is reached through a host that is a relay', async () => {
  const exchange = await start(2, { relay: { maxBytesPerSecond: 1_000_000, maxCircuits: 4 } });
  const zero = await start(0);
  const found: string[] = [];
  const one = await start(1, { listen: null, onRelays: (relays) => void found.push(relays.join()) });
  exchange.addPeer(0, contactOf(zero, 0));
  exchange.addPeer(1, { via: 2, pin: identities[1]!.pin });
  zero.addPeer(2, contactOf(exchange, 2));
  zero.addPeer(1, { via: [2], pin: identities[1]!.pin });
  one.addPeer(2, contactOf(exchange, 2));
  one.addPeer(0, contactOf(zero, 0));
  one.useRelays([2]);
  await until(() => one.relays.length === 1, 'registered');
  assert.deepEqual(found, ['2']);
  say(zero, 1, 'hello?');
  await until(() => zero.state.length === 1, 'the answer');
  assert.deepEqual([zero.state, one.state], [['1: hello!'], ['0: hello?']]);
  const figures = exchange.metrics.render();
  assert.match(figures, /concordat_relay_registered 1\n/);
  assert.match(figures, /concordat_relay_circuits 1\n/);
  assert.match(figures, /concordat_relay_circuit_bytes\{from="0",to="1"\} [1-9]\d{3}\n/);
  assert.deepEqual(exchange.state, []);
});

test('what a last turn says still leaves, also to somebody who must be called first', async () => {
  const [zero, one] = [await start(0), await start(1)];
  zero.addPeer(1, contactOf(one, 1));
  one.addPeer(0, contactOf(zero, 0));
  say(zero, 1, 'a');
  say(zero, 1, 'b');
  await zero.close();
  await until(() => one.state.at(-1) === '0 down', 'it is gone');
  assert.deepEqual(one.state, ['0: a', '0: b', '0 down']);
});

test('unusable options are typed errors', async () => {
  await assert.rejects(start(0, { listen: null, relay: { maxBytesPerSecond: 1, maxCircuits: 1 } }), {
    code: 'bad-configuration',
  });
  await assert.rejects(start(0, { uploadCap: { bytesPerSecond: 1000, burstBytes: 10 } }), {
    code: 'bad-configuration',
  });
  await assert.rejects(start(0, { limits: { frameBytes: 1000, waitingBytes: 1000 } }), {
    code: 'bad-configuration',
  });
  const one = await start(1);
  const { port } = contactOf(one, 1);
  await assert.rejects(start(0, { listen: { host: '127.0.0.1', port } }), { code: 'port-failed' });
});
