/**
 * Batches of everything that changes a tree, drawn at random over a few paths: for tests of what follows from transactions.
 * Sessions open, close and expire, nodes of all kinds come and go, quotas are set and taken away, and much fails.
 */

import { createPrng, type Prng } from '@concordat/kernel';
import { createWriter, type Writer } from '@concordat/wire';
import { bodies } from '../client/requests.ts';
import { CreateMode, OpCode, Perms } from '../jute/protocol.ts';
import { encodeBody, type Order } from '../orders.ts';
import type { KeeperService } from '../service.ts';
import { type SessionId, sessionIdOf } from '../sessions/session-id.ts';
import { limitsPath, statsPath } from '../tree/paths.ts';

export interface Batch {
  readonly time: number;
  readonly orders: readonly Order[];
}

type Request = readonly [op: number, body: (to: Writer) => void];

const NAMES = ['/a', '/b', '/a/c', '/a/d', '/b/e', '/a/c/f'];
const QUOTA = '/a';
const ACL = [
  { perms: Perms.all, scheme: 'world', id: 'anyone' },
  { perms: Perms.read, scheme: 'x509', id: 'CN=somebody' },
];
const writer = createWriter();

const bytesOf = (random: Prng): Uint8Array | null =>
  random.chance(0.1) ? null : new Uint8Array(random.below(40)).fill(random.below(256));

function drawCreate(random: Prng): Request {
  const path = random.pick(NAMES);
  const data = bytesOf(random);
  const way = random.below(8);
  if (way === 0) return [OpCode.create, bodies.create(path, data, { mode: CreateMode.ephemeral })];
  if (way === 1) return [OpCode.createContainer, bodies.create(path, data, { mode: CreateMode.container })];
  const ttl = { mode: CreateMode.persistentTtl, ttlMs: 1 + random.below(90_000) };
  if (way === 2) return [OpCode.createTTL, bodies.create(path, data, ttl)];
  const mode = random.chance(0.2) ? CreateMode.persistentSequential : CreateMode.persistent;
  return [OpCode.create, bodies.create(path, data, { mode, ...(random.chance(0.2) && { acl: ACL }) })];
}

function drawSimple(random: Prng): Request {
  const path = random.pick(NAMES);
  const way = random.below(5);
  if (way === 0) return [OpCode.setData, bodies.setData(path, bytesOf(random))];
  if (way === 1) return [OpCode.delete, bodies.versioned(path, random.chance(0.2) ? 1 : -1)];
  return drawCreate(random);
}

function drawQuota(random: Prng): Request {
  const path = random.pick([limitsPath(QUOTA), statsPath(QUOTA)]);
  if (random.chance(0.4)) return [OpCode.delete, bodies.versioned(path)];
  return [OpCode.create, bodies.create(path, new TextEncoder().encode('count=90,bytes=9000'))];
}

function drawRequest(random: Prng): Request {
  const way = random.below(12);
  if (way === 0) return drawQuota(random);
  if (way === 1) return [OpCode.create, bodies.create(`/zookeeper/quota${QUOTA}`, null)];
  if (way === 2)
    return [OpCode.setACL, bodies.setAcl(random.pick(NAMES), random.chance(0.5) ? ACL : ACL.slice(0, 1))];
  if (way === 3) return [OpCode.sync, bodies.path('/a')];
  if (way === 4 && random.chance(0.3)) return [OpCode.closeSession, () => {}];
  if (way > 6) return drawSimple(random);
  return [OpCode.multi, bodies.multi(Array.from({ length: 1 + random.below(4) }, () => drawSimple(random)))];
}

function orderOf([op, body]: Request, session: SessionId): Order {
  body(writer);
  return { kind: 'request', session, identities: 0, op, payload: writer.finish() };
}

/** Some batches, of which the first opens the gateway's epoch. Sessions are drawn whether they are open or not. */
export function drawBatches(random: Prng, count: number): Batch[] {
  let time = 1_000_000;
  let sessions = 0;
  return Array.from({ length: count }, (_, index) => {
    const orders: Order[] = index === 0 ? [{ kind: 'claim' }] : [];
    for (let i = random.below(7); i >= 0; i--) {
      if (sessions < 3 || random.chance(0.2)) {
        sessions++;
        orders.push({ kind: 'open', key: new Uint8Array(32).fill(sessions), timeoutMs: 4000 });
      } else {
        const session = sessionIdOf(0, 1 + Math.max(0, sessions - 1 - random.below(3)));
        orders.push(orderOf(drawRequest(random), session));
      }
    }
    time += random.pick([0, 1, 400, 700, 900, 900]);
    if (random.chance(0.03)) time += 61_000;
    return { time, orders };
  });
}

/** Executes a batch; `after` is called when a transaction is over: more than once for some. */
export function executeBatch(service: KeeperService, { time, orders }: Batch, after: () => void): void {
  const emit = (): void => after();
  service.listen(() => after());
  service.advance(time, emit);
  const body = encodeBody({ gateway: 0, epoch: 1, identities: [[]], orders });
  service.execute(body, { domain: 0, client: 1, seq: 1, time, random: createPrng(1), emit });
}
