/** The keeper keeps every promise of a `Service`, fed with bodies of three gateways that get in each other's way. */

import { test } from 'node:test';
import { modelSignatures } from '@concordat/crypto';
import type { Prng } from '@concordat/kernel';
import { serviceSuite } from '@concordat/kernel/compliance';
import { bodies, requestFrame } from './client/requests.ts';
import { OpCode } from './jute/protocol.ts';
import { encodeBody, type Order } from './orders.ts';
import { encodeQuery } from './query.ts';
import { sessionIdOf } from './sessions/session-id.ts';
import { bytesOf, createTestService } from './testing/raw-client.ts';

const PATHS = ['/a', '/b', '/a/c', '/a/d', '/a/c/e', '/q/s-', '/q'];

function drawRequest(random: Prng): readonly [number, Parameters<typeof requestFrame>[2]] {
  const path = random.pick(PATHS);
  const version = random.chance(0.8) ? -1 : random.below(3);
  switch (random.below(8)) {
    case 0:
      return [OpCode.createTTL, bodies.create(path, bytesOf('x'), { mode: 5 + random.below(2), ttlMs: 1 })];
    case 1:
    case 2:
      return [OpCode.create, bodies.create(path, bytesOf('x'), { mode: random.below(5) })];
    case 3:
      return [OpCode.delete, bodies.versioned(path, version)];
    case 4:
      return [OpCode.setData, bodies.setData(path, bytesOf(String(random.below(100))), version)];
    case 5:
      return [OpCode.setACL, bodies.setAcl(path, [{ perms: 31, scheme: 'digest', id: 'u:h' }], version)];
    case 6: {
      const operations = Array.from({ length: random.below(4) }, () => drawRequest(random)).filter(
        ([op]) => op !== OpCode.multi && op !== OpCode.setACL && op !== OpCode.closeSession,
      );
      return [OpCode.multi, bodies.multi(operations.map(([op, body]) => [op, body ?? (() => {})] as const))];
    }
    default:
      return random.chance(0.2) ? [OpCode.closeSession, undefined] : [OpCode.sync, bodies.path(path)];
  }
}

/** Sessions are numbered in the order in which they were opened, by whoever happened to execute the operation. */
const drawSession = (random: Prng): number => sessionIdOf(random.below(3), 1 + random.below(6));

function drawOrder(random: Prng): Order {
  const way = random.below(10);
  if (way === 0) return { kind: 'claim' };
  if (way < 3) {
    const seed = new Uint8Array(32).fill(random.below(5));
    return { kind: 'open', key: modelSignatures.publicKeyOf(seed), timeoutMs: 4000 };
  }
  if (way === 3) return { kind: 'touch', sessions: [drawSession(random), drawSession(random)] };
  const [op, body] = drawRequest(random);
  const payload = requestFrame(0, op, body).slice(8);
  return { kind: 'request', session: drawSession(random), identities: random.below(2), op, payload };
}

const identities = [[{ scheme: 'ip', id: '10.0.0.1' }], [{ scheme: 'digest', id: 'u:h' }]];

const suite = serviceSuite({
  create: () => createTestService(),
  operation: (random) => {
    // Every body claims first, so that most of what follows is obeyed.
    const orders: Order[] = [{ kind: 'claim' }];
    for (let count = random.below(6); count > 0; count--) orders.push(drawOrder(random));
    return encodeBody({ gateway: 0, epoch: 1 + random.below(2), identities, orders });
  },
  query: (random) => {
    const op = random.pick([OpCode.getData, OpCode.exists, OpCode.getChildren2, OpCode.getEphemerals]);
    const body = op === OpCode.getEphemerals ? bodies.path('/') : bodies.watched(random.pick(PATHS));
    const payload = requestFrame(0, op, body).slice(8);
    return encodeQuery({
      principal: { domain: 'red', identities: [] },
      session: drawSession(random),
      op,
      payload,
    });
  },
});

for (const { name, run } of suite) test(name, run);
