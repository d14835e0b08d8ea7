/**
 * Scripts from a seed: every request that clients know, on few names, so that requests meet. What is asked for knows
 * nothing of what was answered; that is why any part of a script is a script.
 */

import { CreateMode, OpCode, Perms } from '@concordat/keeper';
import { createPrng, type Prng } from '@concordat/kernel';
import type {
  Call,
  CreateCall,
  Entry,
  MultiCall,
  SetDataCall,
  SetWatchesCall,
  Step,
  VersionedCall,
  WatchedCall,
} from './steps.ts';

const NAMES = ['a', 'b', 'c'];
/** A sequence number that a sequential node may have got; most are not there. */
const SEQUENCES = 24;

const ODD_PATHS = [
  ...[
    '',
    'relative',
    '~/a/',
    '~//a',
    '~/./a',
    '~/a/..',
    '~/../a',
    '~/a\0b',
    '~/\u0001',
    '~/a/\u007f',
    '~/\uf8ff',
  ],
  ...['~/\ufffd', '~/gr\u00fc\u00df', '~/...', '~/a/...b', '/', '/zookeeper', '/zookeeper/quota'],
  ...['/zookeeper/config', '/zookeeper/none', '/nowhere/x', '~/a/b/c/a/b/c', `~/${'long'.repeat(100)}`],
];

/** bob:secret and alice:pass, as the digest scheme stores them. */
const DIGESTS = { bob: 'bob:fyVmFCwVbTJYrznoSu1koqYEYF0=', alice: 'alice:5zOBdjKthUAYpzhllIFNH+ic3yA=' };
const PROOFS = ['bob:secret', 'alice:pass', 'alice:wrong', 'nobody', ''];

const open: Entry = { perms: Perms.all, scheme: 'world', id: 'anyone' };
const world = (perms: number): Entry => ({ ...open, perms });
const owned = (user: keyof typeof DIGESTS, perms: number = Perms.all): Entry => ({
  perms,
  scheme: 'digest',
  id: DIGESTS[user],
});
const auth = (perms: number): Entry => ({ perms, scheme: 'auth', id: '' });
const ip = (id: string): Entry => ({ perms: Perms.all, scheme: 'ip', id });
const sasl = (id: string): Entry => ({ perms: Perms.all, scheme: 'sasl', id });
const x509 = (id: string): Entry => ({ perms: Perms.all, scheme: 'x509', id });

const LISTS: readonly (readonly Entry[])[] = [
  [world(Perms.read)],
  [world(Perms.read | Perms.create)],
  [world(Perms.all & ~Perms.delete)],
  [world(Perms.all & ~Perms.read)],
  [world(0)],
  [world(63)],
  [world(-1)],
  [world(Perms.read), world(Perms.write)],
  [world(Perms.write | Perms.delete)],
  [owned('bob')],
  [owned('alice'), world(Perms.read)],
  [owned('bob', Perms.read), owned('alice', Perms.write)],
  [owned('bob', Perms.admin | Perms.read), world(Perms.read)],
  [auth(Perms.all)],
  [auth(Perms.all), world(Perms.read)],
  [world(Perms.read), world(Perms.read)],
  [open, open],
  [ip('127.0.0.1')],
  [ip('127.0.0.0/8')],
  [ip('10.1.2.3'), world(Perms.read)],
  [sasl('bob')],
  [sasl('bob/host@RED'), world(Perms.read)],
  [x509('CN=bob,OU=Ops,O=Red\\, Ltd.'), world(Perms.read)],
  [x509('cn=bob, O=x + 1.2.3=#0c0141')],
  [x509(''), world(Perms.all)],
  [],
];

/** What no server may store. */
const BAD_LISTS: readonly (readonly Entry[])[] = [
  [{ perms: Perms.all, scheme: 'digest', id: 'bob' }],
  [{ perms: Perms.all, scheme: 'digest', id: '' }],
  [{ perms: Perms.all, scheme: 'world', id: 'everyone' }],
  [{ perms: Perms.all, scheme: 'nonsense', id: 'x' }],
  [ip('1.2.3')],
  [ip('127.0.0.1/33')],
  [ip('')],
  [open, sasl('bob@RED@BLUE')],
  [sasl('a/b/c@RED')],
  [open, x509('bob')],
  [x509('CN=a,')],
  [x509('FOO=a')],
];

const UNKNOWN_OPCODES = [23, 99, 500, 501, 507, 997, -7];
const PING_AND_WHOAMI = [OpCode.ping, OpCode.whoAmI, OpCode.whoAmI];
/** Requests that are cut short after their header. */
const HOLLOW = [
  OpCode.setWatches,
  OpCode.addWatch,
  OpCode.multi,
  OpCode.multiRead,
  OpCode.delete,
  OpCode.check,
  OpCode.setACL,
  OpCode.getACL,
  OpCode.getEphemerals,
  OpCode.create,
  OpCode.getData,
  OpCode.exists,
  OpCode.setData,
  OpCode.reconfig,
  OpCode.sync,
];

/** jute.maxbuffer less what a create or setData has around its data, give or take. */
const HUGE_BYTES = [0x8_0000, 0xf_0000, 0xf_ff00, 0x10_0000];

/** A draw that is mostly harmless: one of `usual`, or with the probability given one of `odd`. */
const mostly = <T>(random: Prng, usual: readonly T[], odd: readonly T[], chance: number): T =>
  random.chance(chance) ? random.pick(odd) : random.pick(usual);

const sequence = (random: Prng): string => String(random.below(SEQUENCES)).padStart(10, '0');

function plainPath(random: Prng): string {
  if (random.chance(0.03)) return '~';
  if (random.chance(0.05)) return `~/${random.pick(NAMES)}/q${sequence(random)}`;
  const depth = 1 + random.below(3);
  return `~/${Array.from({ length: depth }, () => random.pick(NAMES)).join('/')}`;
}

const anyPath = (random: Prng): string => (random.chance(0.05) ? random.pick(ODD_PATHS) : plainPath(random));

/**
 * In ZooKeeper 3.8 the later of a one-shot and a persistent watch of a session on a path replaces the earlier, here they
 * coexist: nearly always a path sees but one of the two kinds.
 */
const isForPersistent = (path: string): boolean => path.endsWith('c');

const wantsWatch = (random: Prng, path: string): boolean => random.chance(isForPersistent(path) ? 0.01 : 0.4);

const version = (random: Prng): number => mostly(random, [-1, -1, 0, 1], [2, 3, 7, -2, 0x7fff_ffff], 0.2);

const data = (random: Prng): string | number | null => {
  if (random.chance(0.003)) return random.pick(HUGE_BYTES) + random.below(3);
  return mostly<string | null>(random, ['x', 'some data', '\u00fc'], ['', null, 'y'.repeat(3_000)], 0.2);
};

const list = (random: Prng): readonly Entry[] =>
  random.chance(0.8) ? [open] : mostly(random, LISTS, BAD_LISTS, 0.2);

const MODES = [
  0,
  0,
  0,
  CreateMode.ephemeral,
  CreateMode.persistentSequential,
  CreateMode.ephemeralSequential,
];
const SEQUENTIAL_MODES: readonly number[] = [
  CreateMode.persistentSequential,
  CreateMode.ephemeralSequential,
  CreateMode.persistentSequentialTtl,
];
const TTL_MODES = [CreateMode.persistentTtl, CreateMode.persistentSequentialTtl];
const ODD_MODES = [CreateMode.container, ...TTL_MODES, 7, -1];

function create(random: Prng, isPart = false): CreateCall {
  const op = mostly(random, [OpCode.create, OpCode.create2], [OpCode.createTTL], 0.03);
  const isTtl = op === OpCode.createTTL && random.chance(0.8);
  const mode = isTtl ? random.pick(TTL_MODES) : mostly(random, MODES, ODD_MODES, 0.03);
  const isSequential = SEQUENTIAL_MODES.includes(mode);
  const path = anyPath(random);
  // In a multi the mode decides, and containers that were emptied vanish when the server likes.
  if ((isPart && mode === CreateMode.container) || random.chance(0.03)) return container(random);
  return {
    call: 'create',
    op,
    path: isSequential && path !== '~' && random.chance(0.9) ? `${path}/q` : path,
    data: data(random),
    acl: list(random),
    mode,
  };
}

const boxPath = (random: Prng): string => `~/box${random.below(4)}`;

/** Nothing is ever put into these: they are not looked for by the servers' own sweeps. */
const container = (random: Prng): CreateCall => ({
  call: 'create',
  op: OpCode.createContainer,
  path: boxPath(random),
  data: data(random),
  acl: list(random),
  mode: CreateMode.container,
});

function remove(random: Prng): VersionedCall {
  const path = random.chance(0.05) ? boxPath(random) : anyPath(random);
  return { call: 'versioned', op: OpCode.delete, path, version: version(random) };
}

const check = (random: Prng): VersionedCall => ({
  call: 'versioned',
  op: OpCode.check,
  path: anyPath(random),
  version: version(random),
});

const setData = (random: Prng): SetDataCall => ({
  call: 'set-data',
  path: anyPath(random),
  data: data(random),
  version: version(random),
});

function multi(random: Prng): MultiCall {
  const make = [create, create, remove, setData, setData, check];
  return {
    call: 'multi',
    parts: Array.from({ length: random.below(5) }, () => random.pick(make)(random, true)),
  };
}

const READS = [OpCode.exists, OpCode.getData, OpCode.getChildren, OpCode.getChildren2];

function read(random: Prng, ops: readonly number[] = READS): WatchedCall {
  const path = random.chance(0.03) ? boxPath(random) : anyPath(random);
  return { call: 'watched', op: random.pick(ops), path, watch: wantsWatch(random, path) };
}

const PATH_OPS = [
  ...[OpCode.sync, OpCode.getACL, OpCode.getACL, OpCode.getEphemerals, OpCode.getAllChildrenNumber],
];

function addWatch(random: Prng): Call {
  const path = anyPath(random);
  if (!isForPersistent(path) && random.chance(0.97)) return addWatch(random);
  return { call: 'watch', op: OpCode.addWatch, path, type: mostly(random, [0, 1], [2, -1], 0.03) };
}

const askWatch = (random: Prng): Call => ({
  call: 'watch',
  op: random.pick([OpCode.checkWatches, OpCode.removeWatches]),
  path: anyPath(random),
  type: mostly(random, [1, 2, 3], [0, 4, 5, 9], 0.1),
});

function setWatches(random: Prng): SetWatchesCall {
  const op = random.pick([OpCode.setWatches, OpCode.setWatches2]);
  const some = (isPersistent: boolean): string[] =>
    Array.from({ length: random.below(4) }, () => plainPath(random)).filter(
      (path) => isForPersistent(path) === isPersistent,
    );
  const lists = [some(false), some(false), some(false)];
  if (op === OpCode.setWatches2) lists.push(some(true), some(true));
  return { call: 'set-watches', op, since: random.pick([0, 0, 1, 3, 10]), lists };
}

const reconnect = (random: Prng): Call => ({
  call: 'reconnect',
  how: random.pick(['cut', 'steal']),
  password: mostly(random, ['right'], ['wrong'], 0.1),
  timeoutMs: random.pick([20_000, 30_000, 100_000]),
});

type Weighted = readonly [weight: number, make: (random: Prng) => Call];

const CALLS: readonly Weighted[] = [
  [22, create],
  [9, remove],
  [12, setData],
  [3, (random) => ({ call: 'set-acl', path: anyPath(random), acl: list(random), version: version(random) })],
  [2, check],
  [8, multi],
  [22, (random) => read(random)],
  [8, (random) => ({ call: 'path', op: random.pick(PATH_OPS), path: anyPath(random) })],
  [4, addWatch],
  [3, askWatch],
  [
    2,
    (random) => ({
      call: 'multi-read',
      parts: Array.from({ length: random.below(5) }, () =>
        read(random, [OpCode.getData, OpCode.getChildren]),
      ),
    }),
  ],
  [
    2,
    (random) => ({
      call: 'auth',
      scheme: mostly(random, ['digest', 'digest', 'ip'], ['x', '', 'sasl', 'x509'], 0.05),
      proof: random.pick(PROOFS),
    }),
  ],
  [2, (random) => ({ call: 'bare', op: random.pick(PING_AND_WHOAMI) })],
  [1, (random) => ({ call: 'bare', op: mostly(random, UNKNOWN_OPCODES, HOLLOW, 0.7) })],
  [1.5, reconnect],
  [1.5, setWatches],
  [0.2, () => ({ call: 'reconfig' })],
  [0.2, (random) => ({ call: 'sasl', token: random.pick(['', 'token']) })],
  [1, container],
  [0.8, () => ({ call: 'close' })],
];

const TOTAL = CALLS.reduce((sum, [weight]) => sum + weight, 0);

function draw(random: Prng): Call {
  let left = random.unit() * TOTAL;
  for (const [weight, make] of CALLS) {
    left -= weight;
    if (left < 0) return make(random);
  }
  return create(random);
}

/** The same for the same arguments, on any machine. */
export function generateScript(seed: number, operations: number, sessions: number): Step[] {
  const random = createPrng(seed, 'differential');
  const steps: Step[] = [];
  while (steps.length < operations) {
    const session = random.below(sessions);
    const call = draw(random);
    steps.push({ session, call });
    // As clients do: who comes back names the watches that it had.
    if (call.call === 'reconnect' && random.chance(0.7)) steps.push({ session, call: setWatches(random) });
  }
  return steps;
}
