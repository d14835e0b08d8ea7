/** Caps are obeyed from the first byte on, counted from outside; the queue is fair and bounded in time. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { join, type Member, type Passage, passage, pause, until } from './testing/crowd.ts';
import { createTollGate } from './toll.ts';
import { BURST_MIN_BYTES, type Claimant, createUpload, HANDSHAKE_BYTES } from './upload.ts';

/** A claimant of pieces of one size that writes down its name. */
function claimant(name: string, sizeBytes: number, count: number, log: string[]): Claimant {
  let left = count;
  return {
    nextBytes: () => (left > 0 ? sizeBytes : 0),
    leave: () => {
      left--;
      log.push(name);
    },
    isWaiting: false,
    credit: 0,
  };
}

test('without a cap everything leaves at once; a cap under which nothing could be sent is refused', () => {
  const log: string[] = [];
  const upload = createUpload(null);
  upload.enter(claimant('a', 1e9, 3, log));
  assert.deepEqual([log, upload.pieceBytes], [['a', 'a', 'a'], Number.POSITIVE_INFINITY]);
  for (const cap of [
    { bytesPerSecond: 0, burstBytes: 1e6 },
    { bytesPerSecond: 1000, burstBytes: BURST_MIN_BYTES - 1 },
    { bytesPerSecond: Number.NaN, burstBytes: 1e6 },
  ])
    assert.throws(() => createUpload(cap), { code: 'bad-configuration' });
});

test('under a cap those who wait share it by bytes, not by pieces', async () => {
  const log: string[] = [];
  const upload = createUpload({ bytesPerSecond: 400_000, burstBytes: 40_000 });
  upload.enter(claimant('large', 16_000, 1000, log));
  upload.enter(claimant('small', 1000, 1000, log));
  await until(() => log.filter((name) => name === 'large').length >= 14, 'enough left');
  upload.close();
  const bytes = (name: string, size: number): number => log.filter((other) => other === name).length * size;
  // What left before the second came is not shared.
  const [large, small] = [bytes('large', 16_000) - 40_000, bytes('small', 1000)];
  assert.ok(small > large * 0.7 && small < large * 1.3, `${large} and ${small} bytes`);
});

test('handshakes with whoever calls have one share together, and those that are given up cost nothing', async () => {
  const log: string[] = [];
  const upload = createUpload({ bytesPerSecond: 400_000, burstBytes: 40_000 });
  const pay = createTollGate(upload);
  upload.enter(claimant('peer', 1000, 1000, log));
  for (let i = 0; i < 1000; i++) {
    const toll = pay(() => void log.push('stranger'));
    if (i % 2 === 0) toll.cancel();
  }
  await until(() => log.filter((name) => name === 'peer').length >= 200, 'enough left');
  upload.close();
  const strangers = log.filter((name) => name === 'stranger').length * HANDSHAKE_BYTES;
  const peer = (log.filter((name) => name === 'peer').length - 40) * 1000;
  assert.ok(strangers > peer * 0.7 && strangers < peer * 1.3, `${strangers} and ${peer} bytes`);
});

/** Bytes that leave through passages, by the second since `from`. */
function countOutside(ways: readonly Passage[], which: 'onUp' | 'onDown') {
  const seen: { readonly at: number; readonly bytes: number }[] = [];
  for (const way of ways) way[which] = (bytes, at) => void seen.push({ at, bytes });
  return {
    seen,
    /** The most in any span of so long that begins with a piece. */
    mostWithin: (spanMs: number): number => {
      let most = 0;
      let [sum, from] = [0, 0];
      for (const { at, bytes } of seen) {
        sum += bytes;
        while ((seen[from]?.at ?? at) < at - spanMs) sum -= seen[from++]?.bytes ?? 0;
        most = Math.max(most, sum);
      }
      return most;
    },
    total: (): number => seen.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

const RATE = 60_000;
const BURST = 20_000;

async function withHub(
  count: number,
  staleMs: number,
  body: (hub: Member, others: readonly Member[], ways: readonly Passage[]) => Promise<void>,
): Promise<void> {
  const hub = await join(0, { uploadCap: { bytesPerSecond: RATE, burstBytes: BURST }, limits: { staleMs } });
  const others: Member[] = [];
  const ways: Passage[] = [];
  for (let id = 1; id <= count; id++) {
    const other = await join(id);
    const way = await passage(other.peers.address!.port);
    hub.peers.add(id, { ...other.contact(), port: way.port } as never);
    other.peers.add(0, hub.contact());
    others.push(other);
    ways.push(way);
  }
  try {
    await body(hub, others, ways);
  } finally {
    for (const { peers } of [hub, ...others]) peers.destroy();
    for (const way of ways) way.close();
  }
}

test('a cap holds from the first byte in every second, handshakes and all, seen from outside', async () => {
  await withHub(12, 60_000, async (hub, others, ways) => {
    const outside = countOutside(ways, 'onUp');
    const texts = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(500 + 37 * i, 'x'));
    for (const { id } of others) hub.send(id, ...texts.slice(0, 20));
    for (const { id } of others) for (const text of texts.slice(20)) hub.send(id, text);
    const isHeard = (): boolean => others.every(({ events }) => events.length === 40);
    const start = performance.now();
    while (!isHeard() && performance.now() - start < 25_000) await pause(20);
    assert.ok(isHeard(), 'everything arrives in the end');
    for (const { events } of others) assert.deepEqual(events, [...texts.map((text) => `0: ${text}`)]);
    // A busy thread may see late what left before: a span of its own is given for that.
    const slackMs = 100;
    assert.ok(
      outside.mostWithin(1000 - slackMs) <= BURST + RATE,
      `${outside.mostWithin(1000 - slackMs)} bytes in a second`,
    );
    const spanMs = outside.seen.at(-1)!.at - outside.seen[0]!.at;
    assert.ok(outside.total() <= BURST + (RATE * (spanMs + slackMs)) / 1000, 'nor in all');
    assert.ok(outside.total() >= 0.8 * ((RATE * spanMs) / 1000), 'and it is made use of');
    assert.equal(hub.lost, 0);
    await until(() => {
      const { payloadBytes, overheadBytes } = hub.peers.accounts.total;
      return payloadBytes + overheadBytes === outside.total();
    }, 'accounts are right to the byte');
    const first = hub.peers.accounts.of(1);
    // One frame of 20 messages, and 20 frames of one: 4 bytes of length for each frame and message.
    const said = texts.reduce((sum, { length }) => sum + 4 + length, 0);
    assert.equal(first.payloadBytes, said + 4 * 21);
  });
});

test('a cap holds for answers to callers, too', async () => {
  const hub = await join(0, {
    uploadCap: { bytesPerSecond: 10_000, burstBytes: 6000 },
    limits: { handshakeMs: 15_000 },
  });
  const way = await passage(hub.peers.address!.port);
  const outside = countOutside([way], 'onDown');
  const others: Member[] = [];
  for (let id = 1; id <= 20; id++) {
    const other = await join(id, { limits: { dialMs: 15_000 } });
    other.peers.add(0, { ...hub.contact(), port: way.port } as never);
    hub.peers.add(id, other.contact());
    others.push(other);
    other.send(0, 'let me in');
  }
  try {
    await until(() => hub.events.filter((event) => event.endsWith('let me in')).length === 20, 'all get in');
    assert.ok(outside.mostWithin(900) <= 16_000, `${outside.mostWithin(900)} bytes in a second`);
  } finally {
    for (const { peers } of [hub, ...others]) peers.destroy();
    way.close();
  }
});

test('what waits too long is dropped, and the newest still arrives', async () => {
  await withHub(1, 500, async (hub, [one]) => {
    for (let i = 0; i < 100; i++) hub.send(1, `${i} `.padEnd(5000, 'x'));
    await until(() => hub.lost > 0, 'some is stale');
    await pause(600);
    hub.send(1, 'news');
    await until(() => one!.events.at(-1) === '0: news', 'news arrives');
    const numbers = one!.events.slice(0, -1).map((event) => Number.parseInt(event.slice(3), 10));
    assert.deepEqual(
      numbers,
      numbers.map((_, i) => i),
      'the oldest first, none torn',
    );
    assert.equal(hub.lost + numbers.length, 100);
    assert.ok(hub.notes.some(({ kind, why }) => kind === 'messages-dropped' && why === 'stale'));
    assert.deepEqual(hub.events, []);
  });
});

test('a goodbye amid a frame waits for its end; what waits behind it takes the next link', async () => {
  await withHub(1, 60_000, async (hub, [one]) => {
    hub.send(1, 'a');
    await until(() => one!.events.length === 1, 'linked');
    hub.send(1, 'x'.repeat(60_000));
    hub.send(1, 'b');
    one!.peers.inUse()[0]!.peer.part();
    await until(() => one!.events.length === 3, 'all arrive');
    assert.deepEqual(
      one!.events.map(({ length }) => length),
      [4, 60_003, 4],
    );
    assert.deepEqual([...hub.events, hub.lost], [0]);
    const kinds = hub.notes.map(({ kind }) => kind).filter((kind) => kind.startsWith('link-'));
    assert.deepEqual(kinds, ['link-up', 'link-parted', 'link-up']);
  });
});

test('who reads nothing is dropped, and delays nobody else', async () => {
  const limits = { staleMs: 500, waitingBytes: 2 * 1024 * 1024 };
  const hub = await join(0, { uploadCap: { bytesPerSecond: 200_000_000, burstBytes: 1_000_000 }, limits });
  const [one, two] = [await join(1, { limits: { inboxBytes: 1000 } }), await join(2)];
  for (const other of [one, two]) {
    hub.peers.add(other.id, other.contact());
    other.peers.add(0, hub.contact());
  }
  try {
    hub.send(1, 'a');
    await until(() => one.events.length === 1, 'linked');
    one.peers.exit(0)!.mute(60_000);
    let sent = 0;
    await until(() => {
      for (let i = 0; i < 8; i++) hub.send(1, 'x'.repeat(64 * 1024));
      hub.send(2, `${sent++}`);
      return hub.notes.some(({ kind, why }) => kind === 'link-down' && why === 'overflow');
    }, 'it is dropped');
    await until(() => two.events.length === sent, 'the other hears everything');
    assert.ok(hub.events.includes('1 down'));
    assert.ok(one.peers.inUse()[0]!.peer.inboxBytes < 1024 * 1024, 'and its memory is bounded');
  } finally {
    for (const { peers } of [hub, one, two]) peers.destroy();
  }
});
