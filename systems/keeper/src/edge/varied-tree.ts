/**
 * Makes, through any server's client port, a tree with everything that a migration has to carry over: plain, container and
 * TTL nodes, lists of permissions, quotas, data of all kinds, many children, and counters that have moved. The client must
 * have claimed `digest` as `VARIED_CREDENTIAL`.
 */

import { bodies } from '../client/requests.ts';
import { CreateMode, ErrorCode, OpCode, Perms } from '../jute/protocol.ts';
import type { LiveClient } from './live-client.ts';

export const VARIED_CREDENTIAL = 'mover:secret';
/** `digest` of it, as ZooKeeper's DigestAuthenticationProvider makes it. */
const MOVER = 'mover:fDAJBohe11thtGF49Bg6eNoAbiM=';
const CHILDREN = 60;
/** Everything to whoever has the credential, reading to all. */
const acl = [
  { perms: Perms.all, scheme: 'digest', id: MOVER },
  { perms: Perms.read, scheme: 'world', id: 'anyone' },
];

type Body = Parameters<LiveClient['request']>[1];

async function done(client: LiveClient, op: number, body: Body): Promise<void> {
  const { err } = await client.request(op, body);
  if (err !== ErrorCode.ok) throw new Error(`the server refused operation ${op}: ${err}`);
}

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const binary = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 7) % 256);

/** What is there when a snapshot is taken. */
export async function growTree(client: LiveClient): Promise<void> {
  const create = (path: string, data: Uint8Array | null, options = {}): Promise<void> =>
    done(client, OpCode.create, bodies.create(path, data, options));
  await create('/plain', text('plain'));
  await create('/null', null);
  await create('/empty', new Uint8Array(0));
  await create('/binary', binary(300));
  await create('/ümläut-☃', text('☃'));
  await create('/guarded', text('guarded'), { acl });
  await create('/many', null);
  await Promise.all(
    Array.from({ length: CHILDREN }, (_, i) =>
      create(`/many/${i}`, text(`${i}`), i % 3 === 0 ? { acl } : {}),
    ),
  );
  await create('/many/queue-', text('q'), { mode: CreateMode.persistentSequential });
  await done(
    client,
    OpCode.createContainer,
    bodies.create('/container', null, { mode: CreateMode.container }),
  );
  await create('/container/child', text('c'));
  const ttl = { mode: CreateMode.persistentTtl, ttlMs: 30_000_000_000 };
  await done(client, OpCode.createTTL, bodies.create('/ttl', text('ttl'), ttl));
  await create('/limited', text('12345'));
  await create('/limited/one', text('1'));
  await create('/zookeeper/quota/limited', null);
  const limits = text('count=100,bytes=10000');
  await create('/zookeeper/quota/limited/zookeeper_limits', limits);
  await create('/zookeeper/quota/limited/zookeeper_stats', text('count=0,bytes=0'));
  await create('/sessions', null);
}

/** What only a log tells, with an ephemeral node of the client's below `/sessions`. */
export async function changeTree(client: LiveClient): Promise<void> {
  for (let i = 0; i < 5; i++)
    await done(client, OpCode.setData, bodies.setData('/plain', text(`plain ${i}`)));
  await done(client, OpCode.delete, bodies.versioned('/many/7'));
  await done(client, OpCode.delete, bodies.versioned('/many/8'));
  await done(client, OpCode.create, bodies.create('/many/8', text('again')));
  await done(client, OpCode.setACL, bodies.setAcl('/plain', acl));
  await done(client, OpCode.create2, bodies.create('/two', text('two')));
  await done(client, OpCode.create, bodies.create('/limited/two', text('22')));
  await done(client, OpCode.setData, bodies.setData('/limited/one', text('111')));
  await done(client, OpCode.delete, bodies.versioned('/container/child'));
  await done(client, OpCode.create, bodies.create('/container/other', null));
  const more = { mode: CreateMode.persistentTtl, ttlMs: 30_000_000_001 };
  await done(client, OpCode.createTTL, bodies.create('/ttl/below', null, more));
  await done(
    client,
    OpCode.createContainer,
    bodies.create('/bare-container', null, { mode: CreateMode.container }),
  );
  await done(
    client,
    OpCode.multi,
    bodies.multi([
      [OpCode.check, bodies.versioned('/plain')],
      [OpCode.create, bodies.create('/multi', text('m'))],
      [OpCode.setData, bodies.setData('/multi', text('mm'))],
      [OpCode.delete, bodies.versioned('/many/9')],
    ]),
  );
  // Fails as a whole.
  await client.request(
    OpCode.multi,
    bodies.multi([
      [OpCode.create, bodies.create('/never', null)],
      [OpCode.delete, bodies.versioned('/missing')],
    ]),
  );
  await client.request(OpCode.create, bodies.create('/plain', text('exists')));
  const mode = CreateMode.ephemeral;
  await done(client, OpCode.create, bodies.create('/sessions/ephemeral', text('e'), { mode }));
}
