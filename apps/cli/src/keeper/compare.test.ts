/** Trees of real servers and of invented ones are compared, and what is signed about a state is checked. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ErrorCode, OpCode } from '@concordat/keeper';
import { askWord, type LiveClient } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { utf8 } from '@concordat/wire';
import type { Federation } from '../config/federation.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { clientOf, clientPortOf, federationOf, HERE, makeMember, startAlone } from '../testing/alone.ts';
import { checkpointAt } from './checkpoint.ts';
import { compareTrees } from './compare.ts';

const directory = mkdtempSync(join(tmpdir(), 'compare-'));

interface Server {
  readonly directory: string;
  readonly federation: Federation;
  readonly daemon: Daemon;
  readonly client: LiveClient;
}

const servers: Server[] = [];

/** A federation of one, which shares nothing with the other. */
async function start(name: string): Promise<Server> {
  const place = join(directory, name);
  const federation = federationOf(await makeMember(place, name));
  const daemon = await startAlone(place, federation);
  return { directory: place, federation, daemon, client: await clientOf(daemon) };
}

const ask = async (
  client: LiveClient,
  op: number,
  body: Parameters<LiveClient['request']>[1],
): Promise<void> => assert.equal((await client.request(op, body)).err, ErrorCode.ok);

const serverAt = (i: number): Server => servers[i] ?? assert.fail('there are two');

before(async () => {
  servers.push(await start('alpha'), await start('beta'));
  for (const { client } of servers) {
    await ask(client, OpCode.create, bodies.create('/app', utf8('same')));
    await ask(client, OpCode.create, bodies.create('/app/one', utf8('1')));
    await ask(client, OpCode.create, bodies.create('/app/two', null));
  }
});

after(async () => {
  for (const { client, daemon } of servers) {
    await client.close();
    await daemon.close();
  }
  rmSync(directory, { recursive: true, force: true });
});

const compared = (clients: readonly LiveClient[], contentOnly: boolean) =>
  compareTrees(clients, { path: '/app', contentOnly });

describe('trees', () => {
  it('are equal in content where only the times of their changes differ', async () => {
    const clients = servers.map(({ client }) => client);
    const found = await compared(clients, true);
    assert.deepEqual([found.nodes, found.bytes, found.differences, found.restless], [3, 5, [], []]);
    const alone = await compared(clients.slice(0, 1), true);
    assert.equal(alone.digest, found.digest);
  });

  it('differ in the times of their changes, which copies do', async () => {
    const { differences } = await compared(
      servers.map(({ client }) => client),
      false,
    );
    assert.ok(differences.some(({ path }) => path === '/app'));
  });

  it('differ where a node has other data, other permissions, or is missing', async () => {
    const clients = servers.map(({ client }) => client);
    const [, other = assert.fail('there are two')] = clients;
    const before = await compared(clients, true);
    await ask(other, OpCode.setData, bodies.setData('/app/one', utf8('2')));
    const acl = [{ perms: 17, scheme: 'world', id: 'anyone' }];
    await ask(other, OpCode.setACL, bodies.setAcl('/app/two', acl));
    await ask(other, OpCode.create, bodies.create('/app/more', null));
    const { differences, digest } = await compared(clients, true);
    assert.deepEqual(
      differences.map(({ path }) => path),
      ['/app', '/app/more', '/app/one', '/app/two'],
    );
    assert.deepEqual(
      differences[1]?.nodes.map(({ err }) => err),
      [ErrorCode.noNode, ErrorCode.ok],
    );
    assert.notEqual(digest, before.digest);
    await ask(other, OpCode.setData, bodies.setData('/app/one', utf8('1')));
    await ask(
      other,
      OpCode.setACL,
      bodies.setAcl('/app/two', [{ perms: 31, scheme: 'world', id: 'anyone' }]),
    );
    await ask(other, OpCode.delete, bodies.versioned('/app/more'));
    assert.equal((await compared(clients, true)).digest, before.digest);
  });

  it('are not equal where there are none', async () => {
    const clients = servers.map(({ client }) => client);
    await assert.rejects(compareTrees(clients, { path: '/none', contentOnly: true }), { code: 'no-node' });
  });

  it('are told of by the servers themselves', async () => {
    const { daemon } = serverAt(0);
    const text = await askWord({ host: HERE, port: clientPortOf(daemon) }, 'mntr');
    assert.match(text, /^zk_znode_count\t7$/m);
  });
});

/** Answers getData only, and says that there are no children; what it says changes with each time it is asked. */
const invented = (say: (asked: number) => { readonly data: string; readonly mzxid: number }): LiveClient => {
  let asked = 0;
  const stat = (mzxid: number, length: number): Buffer => {
    const bytes = Buffer.alloc(68);
    bytes.writeBigInt64BE(BigInt(mzxid), 8);
    bytes.writeInt32BE(length, 52);
    return bytes;
  };
  const counted = (bytes: Buffer): Buffer => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(bytes.length);
    return Buffer.concat([length, bytes]);
  };
  return {
    request: (op) => {
      if (op === OpCode.sync || op === OpCode.closeSession)
        return Promise.resolve({ err: ErrorCode.ok, body: Buffer.alloc(0) });
      if (op === OpCode.getData) asked += 1;
      const { data, mzxid } = say(asked);
      const rest = stat(mzxid, data.length);
      const none = Buffer.concat([Buffer.alloc(4), rest]);
      const body = op === OpCode.getData ? Buffer.concat([counted(Buffer.from(data)), rest]) : none;
      return Promise.resolve({ err: ErrorCode.ok, body });
    },
    authenticate: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
};

describe('a node', () => {
  it('differs at once where two servers tell different things of one change', async () => {
    let asked = 0;
    const honest = invented(() => ({ data: 'true', mzxid: 7 }));
    const liar = invented((times) => {
      asked = times;
      return { data: 'false', mzxid: 7 };
    });
    const { differences } = await compareTrees([honest, liar], { path: '/', contentOnly: false });
    assert.equal(differences.length, 1);
    assert.equal(asked, 1);
  });

  it('is asked for again while it changes, and is equal as soon as all have the change', async () => {
    const early = invented(() => ({ data: 'new', mzxid: 8 }));
    const late = invented((times) => (times < 3 ? { data: 'old', mzxid: 7 } : { data: 'new', mzxid: 8 }));
    const { differences, nodes } = await compareTrees([early, late], { path: '/', contentOnly: false });
    assert.deepEqual([differences, nodes], [[], 1]);
  });

  it('is restless if all servers change it all the time, and differs if one of them never does', async () => {
    const moving = (): LiveClient => {
      const start = Math.random();
      return invented((times) => ({ data: `${start} ${times}`, mzxid: times + Math.floor(1000 * start) }));
    };
    const stale = invented(() => ({ data: 'old', mzxid: 1 }));
    const both = await compareTrees([moving(), moving()], { path: '/', contentOnly: false });
    assert.deepEqual([both.differences, both.restless], [[], ['/']]);
    const one = await compareTrees([moving(), stale], { path: '/', contentOnly: false });
    assert.deepEqual([one.differences.length, one.restless], [1, []]);
  });
});

describe('a checkpoint', () => {
  it('is proven by what members signed, to whoever has their keys', async () => {
    const { directory: place, federation, client } = serverAt(0);
    // Idle logs go on, too: on a slow machine there may be one already.
    for (let i = 0; (await checkpointAt(place, federation)) === null; i++) {
      assert.ok(i < 5000, 'a checkpoint is taken');
      await ask(client, OpCode.setData, bodies.setData('/app', utf8(`${i}`)));
    }
    const proven = await checkpointAt(place, federation);
    assert.deepEqual([proven?.signed, proven?.missing, proven?.isOwn], [['alpha'], [], true]);
    await assert.rejects(checkpointAt(place, serverAt(1).federation), {
      code: 'no-proof',
      message: /a signature does not hold/,
    });
  });
});
