/** The clients' port with TLS of a real daemon: who gets in, who does not, and what happens to those who play games. */

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { ErrorCode, OpCode } from '@concordat/keeper';
import { connectLive, type LiveClient } from '@concordat/keeper/edge';
import { bodies, createJuteReader } from '@concordat/keeper/frames';
import { createLogger, freePort } from '@concordat/runtime';
import { toHex, utf8 } from '@concordat/wire';
import { formatFederation, parseFederation } from '../../config/federation.ts';
import { initialise } from '../../config/organisation.ts';
import { COMMON_NAME, createAuthority, ORGANISATION } from '../../testing/authority.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../daemon.ts';
import { createSecurePort, type SecurePortOptions } from './secure-port.ts';

const HERE = '127.0.0.1';
const ANYWHERE = { host: HERE, port: 0 };
const DEADLINE = { timeout: 60_000 };

const directory = mkdtempSync(join(tmpdir(), 'secure-port-'));
const running: Daemon[] = [];
after(async () => {
  await Promise.all(running.map((daemon) => daemon.close()));
  rmSync(directory, { recursive: true, force: true });
});

const trusted = createAuthority('trusted');
const other = createAuthority('other');
const server = trusted.issue({ subject: [[COMMON_NAME, 'server']] });

let files = 0;
function file(content: string, mode = 0o600): string {
  const path = join(directory, `${files++}.pem`);
  writeFileSync(path, content, { mode });
  return path;
}

const secureWith = (certificates: SecurePortOptions['certificates']): SecurePortOptions => ({
  address: ANYWHERE,
  key: file(server.key),
  cert: file(server.cert, 0o644),
  ca: certificates === 'none' ? null : file(trusted.cert, 0o644),
  certificates,
});

interface Running {
  readonly daemon: Daemon;
  readonly port: number;
  readonly lines: string[];
  readonly failedHandshakes: number;
}

async function start(name: string, options: Partial<DaemonOptions>): Promise<Running> {
  const place = join(directory, name);
  const { publicKey, pin } = await initialise(place, name);
  const member = { name, address: `${HERE}:${await freePort()}`, key: toHex(publicKey), pin };
  const lines: string[] = [];
  const daemon = await startDaemon({
    directory: place,
    federation: parseFederation(formatFederation(0, 0, [member]), 'federation.yaml'),
    clients: ANYWHERE,
    monitor: ANYWHERE,
    superDigest: null,
    logger: createLogger({ level: 'debug', write: (line) => void lines.push(line) }),
    ...options,
  });
  running.push(daemon);
  const port = daemon.host.addresses.get('clients-tls')?.port ?? 0;
  return {
    daemon,
    port,
    lines,
    get failedHandshakes() {
      return Number(/^unsuccessful_handshake (\d+)$/m.exec(daemon.host.metrics.render())?.[1]);
    },
  };
}

const dial = (port: number, tls: ConnectionOptions = {}): Promise<LiveClient> =>
  connectLive({ host: HERE, port, tls: { ca: trusted.cert, ...tls } });

/** Once the domain serves. */
async function dialPatiently(port: number, tls: ConnectionOptions = {}): Promise<LiveClient> {
  for (let i = 0; ; i++) {
    try {
      return await dial(port, tls);
    } catch (error) {
      if (i > 100) throw error;
      await sleep(50);
    }
  }
}

async function until(holds: () => boolean, what: string): Promise<void> {
  for (let i = 0; !holds(); i++) {
    assert.ok(i < 2000, what);
    await sleep(5);
  }
}

test('a client over TLS has a session as any other, and both ports serve one tree', DEADLINE, async () => {
  const { daemon, port } = await start('alpha', { secure: secureWith('none') });
  const secret = await dialPatiently(port);
  const made = await secret.request(OpCode.create, bodies.create('/a', utf8('x'.repeat(500_000))));
  assert.equal(made.err, ErrorCode.ok);
  const plain = await connectLive({ host: HERE, port: daemon.host.addresses.get('clients')?.port ?? 0 });
  const read = await plain.request(OpCode.getData, bodies.watched('/a', false));
  assert.equal(read.body.length > 500_000, true);
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const)
    await (await dial(port, { minVersion: version, maxVersion: version })).close();
  await assert.rejects(
    dial(port, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1', ciphers: 'ALL:@SECLEVEL=0' }),
  );
  await assert.rejects(dial(port, { ca: other.cert }), 'the client sees that it is another server');
  await Promise.all([secret.close(), plain.close()]);
});

test(
  'who must show a certificate gets in with one that holds; who may, also with none',
  DEADLINE,
  async () => {
    const needed = await start('bravo', { secure: secureWith('needed') });
    const wanted = await start('charlie', { secure: secureWith('wanted') });
    const bob = trusted.issue({ subject: [[COMMON_NAME, 'bob']] });
    const expired = trusted.issue({ subject: [[COMMON_NAME, 'bob']], isExpired: true });
    const stranger = other.issue({ subject: [[COMMON_NAME, 'bob']] });
    for (const running of [needed, wanted]) {
      const { port } = running;
      await (await dialPatiently(port, bob)).close();
      for (const bad of [expired, stranger]) await assert.rejects(dial(port, bad));
      await until(() => running.failedHandshakes === 2, 'both are counted');
      assert.ok(
        running.lines.some((line) => /CERT_HAS_EXPIRED.*"handshake-failed"/.test(line)),
        'and told why',
      );
    }
    await assert.rejects(dial(needed.port));
    await until(() => needed.failedHandshakes === 3, 'who shows none, too');
    assert.ok(needed.lines.some((line) => /no-certificate/.test(line)));
    await (await dial(wanted.port)).close();
  },
);

async function whoAmI(client: LiveClient): Promise<string[]> {
  const reader = createJuteReader();
  reader.reset((await client.request(OpCode.whoAmI, () => {})).body);
  return Array.from({ length: reader.int() }, () => `${reader.string()}:${reader.string()}`);
}

test('a certificate is its client, super users are those that the operator named', DEADLINE, async () => {
  const options = {
    secure: secureWith('wanted'),
    superSubject: 'CN=root',
    requiredSchemes: new Set(['x509']),
  };
  const { port, daemon } = await start('foxtrot', options);
  const subject = [
    [ORGANISATION, 'Red, Ltd.'],
    [COMMON_NAME, ' bob'],
  ] as const;
  const bob = await dialPatiently(port, trusted.issue({ subject }));
  assert.deepEqual(await whoAmI(bob), [`ip:${HERE}`, 'x509:CN=\\ bob,O=Red\\, Ltd.', 'domain:foxtrot']);
  const root = await dial(port, trusted.issue({ subject: [[COMMON_NAME, 'root']] }));
  assert.deepEqual(await whoAmI(root), [`ip:${HERE}`, 'x509:CN=root', 'super:CN=root', 'domain:foxtrot']);
  for (const client of [
    await dial(port),
    await connectLive({ host: HERE, port: daemon.host.addresses.get('clients')?.port ?? 0 }),
  ]) {
    const { err } = await client.request(OpCode.exists, bodies.watched('/', false));
    assert.equal(err, ErrorCode.sessionClosedRequireAuth, 'who shows none may do nothing');
  }
  await Promise.all([bob.close(), root.close()]);
});

test('files are exchanged while it runs; those that cannot be used change nothing', DEADLINE, async () => {
  const secure = secureWith('needed');
  const { daemon, port, lines } = await start('delta', { secure });
  const bob = trusted.issue({ subject: [[COMMON_NAME, 'bob']] });
  const eve = other.issue({ subject: [[COMMON_NAME, 'eve']] });
  const early = await dialPatiently(port, bob);
  const renewed = other.issue({ subject: [[COMMON_NAME, 'server']] });
  writeFileSync(secure.cert, renewed.cert);
  daemon.reload();
  assert.match(lines.at(-1) ?? '', /--clients-tls.*reload-failed/, 'the key is still the old one');
  await (await dial(port, bob)).close();
  writeFileSync(secure.key, renewed.key);
  writeFileSync(secure.ca ?? '', other.cert);
  daemon.reload();
  assert.match(lines.at(-1) ?? '', /"reloaded"/);
  await assert.rejects(dial(port, bob), 'another server, and another authority');
  await assert.rejects(dial(port, { ...bob, ca: other.cert }));
  await (await dial(port, { ...eve, ca: other.cert })).close();
  assert.equal(
    (await early.request(OpCode.exists, bodies.watched('/', false))).err,
    ErrorCode.ok,
    'who was in stays',
  );
  await early.close();
});

const raw: Socket[] = [];
after(() => {
  for (const socket of raw) socket.destroy();
});

function say(port: number, bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve) => {
    const socket = connect({ host: HERE, port });
    raw.push(socket);
    const heard: Buffer[] = [];
    socket.on('data', (chunk) => heard.push(chunk));
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(heard)));
    socket.write(bytes);
  });
}

test(
  'garbage, plain requests and words in the clear get nothing but an alert, and are counted',
  DEADLINE,
  async () => {
    const running = await start('echo', { secure: secureWith('none') });
    const { port } = running;
    const speeches = [
      'ruok',
      'GET / HTTP/1.1\r\n\r\n',
      '\0\0\0\x2c'.padEnd(48, '\0'),
      '\x16\x03\x01\xff\xff'.padEnd(70_000, 'x'),
    ];
    for (const speech of speeches) {
      const heard = await say(port, Buffer.from(speech, 'latin1'));
      assert.ok(heard.length <= 7, `${heard.length} bytes for ${speech.slice(0, 10)}`);
    }
    assert.equal(running.failedHandshakes, speeches.length);
    const socket = connectTls({ host: HERE, port, ca: trusted.cert });
    raw.push(socket);
    const answer = new Promise<string>((resolve) => socket.once('data', (chunk) => resolve(`${chunk}`)));
    socket.write('ruok');
    assert.equal(await answer, 'imok', 'words are answered as on the other port');
  },
);

test('files that others may use, or that do not fit, are refused with what to do', () => {
  const good = secureWith('needed');
  createSecurePort(good).server.close();
  for (const mode of [0o640, 0o604, 0o660]) {
    const key = file(server.key);
    chmodSync(key, mode);
    const expected = {
      code: 'exposed-secret',
      message: new RegExp(`${key}.*0${mode.toString(8)}`),
      advice: /chmod 600/,
    };
    assert.throws(() => createSecurePort({ ...good, key }), expected);
  }
  const stranger = other.issue({ subject: [[COMMON_NAME, 'x']] });
  assert.throws(() => createSecurePort({ ...good, key: file(stranger.key) }), { code: 'bad-certificate' });
  assert.throws(() => createSecurePort({ ...good, cert: file('nonsense') }), { code: 'bad-certificate' });
  assert.throws(() => createSecurePort({ ...good, ca: file('nonsense') }), { code: 'bad-certificate' });
  assert.throws(() => createSecurePort({ ...good, ca: join(directory, 'absent') }), {
    code: 'no-file',
    message: /tls-ca/,
  });
});
