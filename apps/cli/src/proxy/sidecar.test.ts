/** A proxy on real sockets and disks beside four organisations, of which one lies to it and one is down. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, EventType, OpCode } from '@concordat/keeper';
import { connectLive, type LiveClient, readNode } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { createLogger } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { createDemonstration } from '../attack/demonstration.ts';
import { formatFederation, type Member, parseFederation } from '../config/federation.ts';
import { initialiseProxy } from '../config/organisation.ts';
import { type Daemon, startDaemon } from '../daemon/daemon.ts';
import { HERE, makeMember } from '../testing/alone.ts';
import { holdSession } from '../testing/session.ts';
import { type Sidecar, type SidecarOptions, startSidecar } from './sidecar.ts';

const parent = mkdtempSync(join(tmpdir(), 'proxy-'));
after(() => rmSync(parent, { recursive: true, force: true }));
const ANYWHERE = { host: HERE, port: 0 };
const logger = createLogger({ level: 'error' });

async function cardOf(name: string): Promise<string> {
  const { publicKey, pin } = await initialiseProxy(join(parent, name), name);
  return `  - name: ${name}\n    key: ${toHex(publicKey)}\n    pin: ${pin}\n`;
}

async function sessionAt({ host }: Sidecar | Daemon): Promise<LiveClient> {
  const end = Date.now() + 60_000;
  for (;;) {
    const port = host.addresses.get('clients')?.port ?? 0;
    const client = await connectLive({ host: HERE, port }).catch(() => null);
    if (client !== null) return client;
    if (Date.now() >= end) throw new Error('nobody is served');
    await sleep(50);
  }
}

const dataAt = async (client: LiveClient, path: string): Promise<string> =>
  Buffer.from((await readNode(client, path)).data ?? new Uint8Array(0)).toString();

/** Delta, and nobody else, is caught saying that something else is committed. */
function assertCaught(lines: readonly string[]): void {
  const lies = lines.map((line) => JSON.parse(line)).filter(({ event }) => event === 'strike');
  assert.ok(lies.length > 0);
  for (const { peer, why } of lies) assert.deepEqual([peer, why], [3, 'a committed log that is not the one']);
}

test('a proxy serves what is true, keeps its domain over restarts, and is refused unless admitted', async () => {
  const members: Member[] = [];
  for (const name of ['alpha', 'bravo', 'charlie', 'delta'])
    members.push(await makeMember(join(parent, name), name));
  const text = `${formatFederation(1, 1, members)}\nproxies:\n${await cardOf('shop')}`;
  const federation = parseFederation(text, 'federation.yaml');
  const common = { federation, clients: ANYWHERE, monitor: ANYWHERE, logger };
  const liar = createDemonstration();
  const daemons: Daemon[] = [];
  for (const { name } of members)
    daemons.push(
      await startDaemon({
        ...common,
        directory: join(parent, name),
        superDigest: null,
        ...(name === 'delta' && liar),
      }),
    );
  const heard: string[] = [];
  const proxy: SidecarOptions = {
    ...common,
    directory: join(parent, 'shop'),
    logger: createLogger({ level: 'warn', pretty: false, write: (line) => void heard.push(line) }),
  };
  let sidecar = await startSidecar(proxy);
  try {
    assert.deepEqual(liar.control('attack false-feed'), { attack: 'false-feed' });
    const client = await sessionAt(sidecar);
    const created = await client.request(OpCode.create, bodies.create('/shop', Buffer.from('open')));
    assert.equal(created.err, ErrorCode.ok);
    const [alpha, bravo] = daemons;
    assert.ok(alpha !== undefined && bravo !== undefined);
    const member = await sessionAt(alpha);
    await member.request(OpCode.sync, bodies.path('/'));
    assert.equal(await dataAt(member, '/shop'), 'open');
    const watcher = await holdSession(sidecar.host.addresses.get('clients')?.port ?? 0);
    assert.equal(await watcher.request(OpCode.exists, bodies.watched('/news', true)), ErrorCode.noNode);
    await member.request(OpCode.create, bodies.create('/news', Buffer.from('from elsewhere')));
    for (let tries = 0; watcher.events.length === 0 && tries < 1000; tries++) await sleep(50);
    assert.deepEqual(watcher.events, [`${EventType.created} /news`]);
    await watcher.request(OpCode.closeSession, () => {});
    watcher.drop();
    await client.request(OpCode.sync, bodies.path('/'));
    assert.equal(await dataAt(client, '/news'), 'from elsewhere');
    await member.close();
    await client.close();
    const { domain, needed } = sidecar.status();
    assert.deepEqual([domain, needed], [96, 2]);
    assertCaught(heard);
    liar.control('attack stop');
    await sidecar.close();
    await bravo.close();
    sidecar = await startSidecar(proxy);
    const again = await sessionAt(sidecar);
    assert.equal(await dataAt(again, '/shop'), 'open');
    const more = await again.request(OpCode.create, bodies.create('/more', Buffer.from('one is down')));
    assert.equal(more.err, ErrorCode.ok);
    await again.close();

    await cardOf('stranger');
    const stranger = await startSidecar({ ...proxy, directory: join(parent, 'stranger'), admittedAs: 97 });
    await sleep(1500);
    assert.deepEqual(stranger.status().linked, []);
    assert.equal(stranger.status().isServing, false);
    await stranger.close();
  } finally {
    await sidecar.close();
    for (const daemon of daemons) await daemon.close();
  }
});
