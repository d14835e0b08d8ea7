/**
 * What a hostile client may put on a connection: each attack says how many connections it opens, what it sends on each
 * and how fast, and what must become of the sender. All bytes come from a seeded generator, so that a find is found again.
 */

import { createJuteWriter, handshake, type JuteWriter, NEW_SESSION, OP } from '@concordat/bench';

export interface Attack {
  readonly name: string;
  readonly connections: number;
  /** What connection `i` sends, piece by piece. */
  pieces(i: number, random: Random): Buffer[];
  /** The pause between two pieces. */
  readonly gapMs: number;
  /**
   * `dropped`: the server must close every connection by itself. `answered`: an answer will do, as long as nobody
   * else notices.
   */
  readonly fate: 'dropped' | 'answered';
}

/** An integer in [0, below). */
export type Random = (below: number) => number;

/** Small and repeatable (xorshift32); quality hardly matters here. */
export function createRandom(seed: number): Random {
  let state = seed | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const HUGE = 0x7fff_ffff;
const SHAKE = handshake(NEW_SESSION, 4_000);

const noise = (size: number, random: Random): Buffer =>
  Buffer.from(Array.from({ length: size }, () => random(256)));

function int(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

/** A request with a correct length in front of whatever `write` writes. */
function request(op: number, write: (writer: JuteWriter) => void): Buffer {
  const writer = createJuteWriter(256);
  writer.int(0);
  writer.int(1);
  writer.int(op);
  write(writer);
  writer.patchInt(0, writer.length - 4);
  let result: Buffer = Buffer.alloc(0);
  writer.take((bytes) => {
    result = bytes;
    return true;
  });
  return result;
}

/** The handshake with one of its fields set to `value`: at 4 the version, 8 the zxid, 16 the timeout, 20 the session. */
function bentHandshake(at: number, value: number): Buffer {
  const bytes = Buffer.from(SHAKE);
  bytes.writeInt32BE(value, at);
  return bytes;
}

/** Attacks after which nothing but the end of the connection is right. */
const dropped = (attacks: readonly Omit<Attack, 'fate'>[]): Attack[] =>
  attacks.map((attack) => ({ ...attack, fate: 'dropped' }));

const GARBAGE: readonly Attack[] = [
  {
    name: 'random bytes from the start',
    connections: 300,
    pieces: (_, random) => [noise(1 + random(2_000), random)],
    gapMs: 0,
    fate: 'dropped',
  },
  {
    name: 'random bytes after the handshake',
    connections: 300,
    pieces: (_, random) => [SHAKE, noise(8 + random(2_000), random)],
    gapMs: 5,
    fate: 'dropped',
  },
  {
    name: 'valid frames with bytes flipped',
    connections: 300,
    pieces: (_, random) => {
      const frame = request(OP.create, absurdCreate('/flipped', 3));
      for (let flips = 0; flips < 4; flips++) frame[4 + random(frame.length - 4)] = random(256);
      return [SHAKE, frame];
    },
    gapMs: 5,
    fate: 'answered',
  },
];

const LENGTHS: readonly Attack[] = dropped([
  { name: 'a handshake cut short', connections: 200, pieces: (i) => [SHAKE.subarray(0, i % 45)], gapMs: 0 },
  { name: 'a first frame of 2 GiB', connections: 200, pieces: () => [int(HUGE), SHAKE], gapMs: 0 },
  { name: 'a first frame of negative size', connections: 200, pieces: () => [int(-1), SHAKE], gapMs: 0 },
  { name: 'a request of 2 GiB', connections: 200, pieces: () => [SHAKE, int(HUGE)], gapMs: 5 },
  { name: 'a request of negative size', connections: 200, pieces: () => [SHAKE, int(-5), SHAKE], gapMs: 5 },
  {
    name: 'a request of 64 MiB that is really sent',
    connections: 4,
    pieces: () => [SHAKE, int(64 << 20), ...Array.from({ length: 64 }, () => Buffer.alloc(1 << 20, 1))],
    gapMs: 0,
  },
  {
    name: 'a path longer than its frame',
    connections: 200,
    pieces: () => [SHAKE, request(OP.getData, (writer) => writer.int(HUGE))],
    gapMs: 5,
  },
  {
    name: 'a list of two thousand million entries',
    connections: 200,
    pieces: () => [
      SHAKE,
      request(OP.create, (writer) => {
        writer.string('/list');
        writer.buffer(null);
        writer.int(HUGE);
      }),
    ],
    gapMs: 5,
  },
]);

function absurdCreate(path: string, flags: number): (writer: JuteWriter) => void {
  return (writer) => {
    writer.string(path);
    writer.buffer(Buffer.from('x'));
    writer.int(1);
    writer.int(31);
    writer.string('world');
    writer.string('anyone');
    writer.int(flags);
  };
}

const ABSURD_REQUESTS: readonly Buffer[] = [
  request(OP.create, absurdCreate('', 0)),
  request(OP.create, absurdCreate('no-slash', 0)),
  request(OP.create, absurdCreate('/a/../../b', 0)),
  request(OP.create, absurdCreate('/nul\0byte', 0)),
  request(OP.create, absurdCreate(`/${'deep/'.repeat(5_000)}x`, 0)),
  request(OP.create, absurdCreate('/flags', HUGE)),
  request(OP.create, absurdCreate('/flags', -1)),
  request(OP.delete, (writer) => {
    writer.string('/');
    writer.int(-HUGE);
  }),
  request(OP.setData, (writer) => {
    writer.string('/zookeeper');
    writer.int(-2);
    writer.int(HUGE);
  }),
  request(OP.multi, (writer) => {
    for (let i = 0; i < 5_000; i++) {
      writer.int(OP.multi);
      writer.bool(false);
      writer.int(-1);
    }
  }),
  request(9_999, (writer) => writer.string('/what')),
  request(OP.closeSession + 1_000, () => {}),
  request(OP.setWatches, (writer) => {
    writer.safeLong(0);
    for (let kind = 0; kind < 3; kind++) {
      writer.int(10_000);
      for (let i = 0; i < 10_000; i++) writer.string(`/w${i}`);
    }
  }),
];

const ABSURD: readonly Attack[] = [
  {
    name: 'well-formed requests with absurd values',
    connections: ABSURD_REQUESTS.length * 10,
    pieces: (i) => [SHAKE, ABSURD_REQUESTS[i % ABSURD_REQUESTS.length] ?? SHAKE],
    gapMs: 10,
    fate: 'answered',
  },
  {
    name: 'handshakes with absurd values',
    connections: 100,
    pieces: (i) => [
      [
        bentHandshake(4, -1),
        bentHandshake(8, HUGE),
        bentHandshake(16, -1),
        bentHandshake(16, 0),
        bentHandshake(20, 0x0bad_5e55),
      ][i % 5] ?? SHAKE,
    ],
    gapMs: 0,
    fate: 'answered',
  },
  {
    name: 'handshake after handshake',
    connections: 50,
    pieces: () => Array.from({ length: 20 }, () => SHAKE),
    gapMs: 2,
    fate: 'answered',
  },
];

const SLOW: readonly Attack[] = [
  {
    name: 'slow-loris: a handshake byte by byte, never finished',
    connections: 300,
    pieces: () => [int(1_000), ...Array.from({ length: 100 }, () => Buffer.from([0]))],
    gapMs: 700,
    fate: 'dropped',
  },
  {
    name: 'slow-loris: a request byte by byte within a session',
    connections: 300,
    pieces: () => [SHAKE, int(100_000), ...Array.from({ length: 100 }, () => Buffer.from([0]))],
    gapMs: 700,
    fate: 'dropped',
  },
];

export interface AttackGroup {
  readonly name: string;
  readonly attacks: readonly Attack[];
}

export const CLIENT_ATTACKS: readonly AttackGroup[] = [
  { name: 'garbage', attacks: GARBAGE },
  { name: 'wrong lengths', attacks: LENGTHS },
  { name: 'absurd values', attacks: ABSURD },
  { name: 'slow senders', attacks: SLOW },
];

/** A TLS handshake record that announces a ClientHello, as far as its length. */
const hello = (recordBytes: number): Buffer =>
  Buffer.from([22, 3, 1, recordBytes >> 8, recordBytes & 255, 1]);

/** What needs no key: the port where servers meet, seen by a stranger. */
const STRANGERS = dropped([
  {
    name: 'random bytes',
    connections: 300,
    pieces: (_, random) => [noise(1 + random(2_000), random)],
    gapMs: 0,
  },
  { name: 'a TLS hello cut short', connections: 200, pieces: () => [hello(512)], gapMs: 0 },
  {
    name: 'an oversized TLS record',
    connections: 200,
    pieces: () => [hello(0xffff), Buffer.alloc(70_000)],
    gapMs: 0,
  },
  {
    name: 'a TLS hello of random bytes',
    connections: 200,
    pieces: (_, random) => [hello(512), noise(511, random)],
    gapMs: 0,
  },
  {
    name: 'plain frames of 2 GiB',
    connections: 200,
    pieces: () => [int(HUGE), Buffer.alloc(1_000)],
    gapMs: 0,
  },
  {
    name: 'slow-loris: a TLS hello byte by byte',
    connections: 300,
    pieces: () => [hello(16_000), ...Array.from({ length: 100 }, () => Buffer.from([0]))],
    gapMs: 700,
  },
]);

export const PEER_ATTACKS: AttackGroup = { name: 'strangers', attacks: STRANGERS };
