/**
 * Instances that execute the same batches agree, whatever else becomes of them: one executes what is never ordered and takes
 * it back, one forgets everything and restores a snapshot now and then, one is restored over what it had. Long runs over
 * ordered time, so that sessions expire, TTL nodes and containers end and quotas fill up.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { modelSignatures } from '@concordat/crypto';
import { createPrng, type Prng } from '@concordat/kernel';
import { bodies, requestFrame } from './client/requests.ts';
import { decodeEvent, type KeeperEvent } from './events.ts';
import { CreateMode, ErrorCode, OpCode } from './jute/protocol.ts';
import { decodeResults, encodeBody, type Order } from './orders.ts';
import type { KeeperService } from './service.ts';
import { sessionIdOf } from './sessions/session-id.ts';
import { executeAlone } from './testing/loopback.ts';
import { bytesOf, createTestService, TEST_START } from './testing/raw-client.ts';
import { checkIndexes, restoreFrom } from './testing/state-checks.ts';
import { isWithin, limitsPath, statsPath } from './tree/paths.ts';
import type { Tree } from './tree/tree.ts';

const BATCHES = 700;
const RESTORE_EVERY = 40;
const SESSIONS = 3;
/** Has a quota from the beginning, and no other lies within. */
const QUOTED = '/a';
const NAMES = ['a', 'b', 'c', 'd'];

function drawPath(random: Prng): string {
  let path = '';
  for (let depth = 1 + random.below(3); depth > 0; depth--) path += `/${random.pick(NAMES)}`;
  return path;
}

function drawCreate(random: Prng): readonly [number, Parameters<typeof requestFrame>[2]] {
  const path = drawPath(random);
  const data = bytesOf('x'.repeat(random.below(20)));
  switch (random.below(4)) {
    case 0:
      return [OpCode.createTTL, bodies.create(path, data, { mode: 5, ttlMs: 1 + random.below(100_000) })];
    case 1:
      return [OpCode.createContainer, bodies.create(path, data, { mode: CreateMode.container })];
    default:
      return [OpCode.create, bodies.create(path, data, { mode: random.below(4) })];
  }
}

/** A quota comes, goes, or has its use counted anew. */
function drawQuota(random: Prng): readonly [number, Parameters<typeof requestFrame>[2]] {
  const path = random.pick(['/b/c', '/c']);
  const at = random.chance(0.5) ? limitsPath(path) : statsPath(path);
  if (random.chance(0.5)) return [OpCode.delete, bodies.versioned(at)];
  const limits = `count=${random.below(9)},bytes=50=;countHardLimit=${2 + random.below(9)}`;
  return [OpCode.create, bodies.create(at, bytesOf(limits))];
}

function drawRequest(random: Prng): readonly [number, Parameters<typeof requestFrame>[2]] {
  switch (random.below(7)) {
    case 0:
    case 1:
      return [OpCode.delete, bodies.versioned(drawPath(random))];
    case 2:
      return [OpCode.setData, bodies.setData(drawPath(random), bytesOf('y'.repeat(random.below(30))))];
    case 3: {
      const parts = Array.from({ length: 1 + random.below(4) }, () => drawRequest(random));
      return [
        OpCode.multi,
        bodies.multi(
          parts.flatMap(([op, body]) => (op === OpCode.multi || !body ? [] : [[op, body] as const])),
        ),
      ];
    }
    case 4:
      return drawQuota(random);
    default:
      return drawCreate(random);
  }
}

/** Opens a session and makes what leads to quotas. */
function firstBody(): Uint8Array {
  const key = modelSignatures.publicKeyOf(new Uint8Array(32));
  const paths = ['/a', '/b', '/b/c', '/c'].map((path) => `/zookeeper/quota${path}`);
  const orders: Order[] = paths.map((path) => requestOf(1, [OpCode.create, bodies.create(path, null)]));
  for (const path of [limitsPath(QUOTED), statsPath(QUOTED)])
    orders.push(requestOf(1, [OpCode.create, bodies.create(path, bytesOf('countHardLimit=6'))]));
  return bodyOf([{ kind: 'claim' }, { kind: 'open', key, timeoutMs: 40_000 }, ...orders]);
}

const requestOf = (count: number, [op, body]: ReturnType<typeof drawRequest>): Order => ({
  kind: 'request',
  session: sessionIdOf(0, count),
  identities: 0,
  op,
  payload: requestFrame(0, op, body).slice(8),
});

const bodyOf = (orders: readonly Order[]): Uint8Array =>
  encodeBody({ gateway: 0, epoch: 1, identities: [[]], orders });

/** @param opened sessions opened so far, of which the latest are alive */
function drawBody(random: Prng, opened: number): Uint8Array {
  const seed = new Uint8Array(32).fill(random.below(5));
  const orders: Order[] = [{ kind: 'claim' }];
  while (random.chance(0.2))
    orders.push({ kind: 'open', key: modelSignatures.publicKeyOf(seed), timeoutMs: 40_000 });
  for (let count = random.below(6); count > 0; count--) {
    orders.push(requestOf(Math.max(1, opened - random.below(SESSIONS)), drawRequest(random)));
  }
  return bodyOf(orders);
}

/** The use that a quota tells, and what there is. */
function requireUse(tree: Tree, path: string): void {
  const stats = tree.nodes.get(statsPath(path));
  assert.ok(stats !== undefined && tree.quotas.has(path));
  let [nodes, bytes] = [0, 0];
  for (const [at, { data }] of tree.nodes.entries()) {
    if (!isWithin(at, path)) continue;
    nodes++;
    bytes += data?.length ?? 0;
  }
  assert.equal(new TextDecoder().decode(stats.data ?? undefined), `count=${nodes},bytes=${bytes}`);
}

interface Batch {
  readonly slot: number;
  readonly time: number;
  readonly body: Uint8Array;
}

interface Seen {
  /** Replies and events, as text. */
  readonly text: string;
  /** Nodes that ended by themselves. */
  readonly ended: number;
  /** Writes that went against a quota. */
  readonly refused: number;
}

function execute(service: KeeperService, { slot, time, body }: Batch): Seen {
  const early: KeeperEvent[] = [];
  service.advance(time, (event) => early.push(decodeEvent(event)!));
  const { outcomes, events } = executeAlone(service, { domain: 0, client: 1, seq: slot, body }, slot, time);
  const closed = new Set(early.flatMap(({ type, zxid }) => (type === 'session-closed' ? [zxid] : [])));
  const ended = early.filter(({ type, zxid }) => type === 'deleted' && !closed.has(zxid)).length;
  const results = decodeResults(outcomes[0]?.reply ?? new Uint8Array(0))?.results ?? [];
  const refused = results.filter(({ err }) => err === ErrorCode.quotaExceeded).length;
  const replies = outcomes.map(({ reply }) => [...reply]);
  return {
    text: JSON.stringify([early, replies, events.map((event) => decodeEvent(event))]),
    ended,
    refused,
  };
}

for (const seed of [1, 2, 3])
  test(`instances agree in run ${seed}`, () => {
    const random = createPrng(seed, 'agreement');
    const [straight, wavering, behind] = [createTestService(), createTestService(), createTestService()];
    let restored = createTestService();
    let [ended, refused] = [0, 0];
    let time = TEST_START;
    for (let slot = 1; slot <= BATCHES; slot++) {
      time += random.chance(0.005) ? random.below(100_000) : 2_000 + random.below(2_000);
      const body = slot === 1 ? firstBody() : drawBody(random, straight.keeper.meta.get().sessions);
      const batch = { slot, time, body };
      const mark = wavering.mark();
      execute(wavering, {
        slot,
        time: time + random.below(90_000),
        body: drawBody(random, straight.keeper.meta.get().sessions),
      });
      execute(wavering, {
        slot: slot + 1,
        time: time + 90_000,
        body: drawBody(random, straight.keeper.meta.get().sessions),
      });
      wavering.rollback(mark);
      wavering.release(mark);
      const seen = execute(straight, batch);
      assert.equal(execute(wavering, batch).text, seen.text);
      assert.equal(execute(restored, batch).text, seen.text);
      ended += seen.ended;
      refused += seen.refused;
      requireUse(straight.keeper.tree, QUOTED);
      const digest = straight.digest();
      assert.deepEqual(wavering.digest(), digest);
      assert.deepEqual(restored.digest(), digest);
      for (const service of [straight, wavering]) checkIndexes(service.keeper.tree);
      if (slot % RESTORE_EVERY !== 0) continue;
      restored = createTestService();
      restoreFrom(straight, restored);
      restoreFrom(straight, behind);
      for (const service of [restored, behind]) checkIndexes(service.keeper.tree);
    }
    assert.ok(ended > 10, `${ended} nodes ended by themselves`);
    assert.ok(refused > 10, `${refused} writes were refused`);
  });
