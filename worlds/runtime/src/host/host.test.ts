import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import type { MessageCodec, Process } from '@concordat/kernel';
import { createReader, createWriter, utf8 } from '@concordat/wire';
import { generateIdentity } from '../crypto/identity.ts';
import { createKeys } from '../crypto/keys.ts';
import { createJournal, openJournal } from '../journal/open.ts';
import { createLogger } from '../logs/logger.ts';
import { createHost, type Host } from './host.ts';

interface Ping {
  readonly hop: number;
}
interface PingState {
  readonly received: number[];
  linked: number;
}
const codec: MessageCodec<Ping> = {
  encode: ({ hop }) => {
    const writer = createWriter();
    writer.u32(hop);
    return writer.finish();
  },
  decode: (bytes) => {
    const reader = createReader(bytes);
    return reader.finish({ hop: reader.u32() });
  },
};
/** Answers hop n with n + 1, durably, up to 10. */
const pinger: Process<PingState, Ping> = {
  start: () => ({ received: [], linked: 0 }),
  receive: (state, env, from, { hop }) => {
    state.received.push(hop);
    env.append(utf8(String(hop)));
    if (hop < 10) env.send(from, { hop: hop + 1 });
  },
  linked: (state, _env, _peer, isUp) => {
    state.linked += isUp ? 1 : -1;
  },
  timeout: () => {},
  settle: () => {},
};

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'it happens in time');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('two hosts exchange durable messages over mutual TLS', async () => {
  const identities = [generateIdentity(), generateIdentity()];
  const publicKeys = new Map(identities.map((identity, id) => [id, identity.publicKey]));
  const hosts: Host<PingState, Ping>[] = [];
  let port = 0;
  for (const self of [1, 0]) {
    const identity = identities[self]!;
    const other = identities[1 - self]!;
    const directory = fs.mkdtempSync(`${tmpdir()}/concordat-host-`);
    await createJournal(directory, { segmentBytes: 64 * 1024 });
    const host = await createHost({
      self,
      process: pinger,
      codec,
      keys: createKeys({ self, seed: identity.seed, publicKeys }),
      journal: await openJournal(directory),
      logger: createLogger({ level: 'error' }),
      members: {
        self,
        listen: { host: '127.0.0.1', port: 0 },
        tls: identity.tls,
        peers: new Map([[1 - self, { host: '127.0.0.1', port, pin: other.pin }]]),
      },
    });
    port = host.addresses.get('members')!.port;
    hosts[self] = host;
  }
  const [zero, one] = hosts as [Host<PingState, Ping>, Host<PingState, Ping>];
  await until(() => zero.state.linked === 1 && one.state.linked === 1);
  zero.inject((_state, env) => env.send(1, { hop: 1 }));
  await until(() => zero.state.received.length === 5 && one.state.received.length === 5);
  assert.deepEqual(one.state.received, [1, 3, 5, 7, 9]);
  assert.deepEqual(zero.state.received, [2, 4, 6, 8, 10]);
  await until(() => zero.metrics.render().includes('concordat_journal_durable 5\n'));
  await Promise.all(hosts.map((host) => host.close()));
  assert.equal(await zero.halted, null);
});

test('members that meet later are linked like any others', async () => {
  const identities = [generateIdentity(), generateIdentity()];
  const hosts: Host<PingState, Ping>[] = [];
  for (const [self, identity] of identities.entries()) {
    const directory = fs.mkdtempSync(`${tmpdir()}/concordat-host-`);
    await createJournal(directory, { segmentBytes: 64 * 1024 });
    hosts[self] = await createHost({
      self,
      process: pinger,
      codec,
      keys: createKeys({ self, seed: identity.seed, publicKeys: new Map() }),
      journal: await openJournal(directory),
      logger: createLogger({ level: 'error' }),
      members: { self, listen: { host: '127.0.0.1', port: 0 }, tls: identity.tls, peers: new Map() },
    });
  }
  const [zero, one] = hosts as [Host<PingState, Ping>, Host<PingState, Ping>];
  const cardOf = (id: number) => ({
    host: '127.0.0.1',
    port: hosts[id]?.addresses.get('members')?.port ?? 0,
    pin: identities[id]?.pin ?? '',
  });
  assert.throws(() => one.addMember(0, { ...cardOf(0), pin: 'none' }), { code: 'bad-configuration' });
  one.addMember(0, cardOf(0));
  zero.addMember(1, cardOf(1));
  zero.addMember(1, cardOf(1));
  await until(() => zero.state.linked === 1 && one.state.linked === 1);
  zero.inject((_state, env) => env.send(1, { hop: 1 }));
  await until(() => zero.state.received.length === 5 && one.state.received.length === 5);
  one.removeMember(0);
  one.removeMember(0);
  await until(() => zero.state.linked === 0 && one.state.linked === 0);
  assert.deepEqual(one.linked, []);
  one.addMember(0, cardOf(0));
  await until(() => zero.state.linked === 1 && one.state.linked === 1);
  await Promise.all(hosts.map((host) => host.close()));
});
