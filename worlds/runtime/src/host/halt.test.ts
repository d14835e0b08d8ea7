/** How a host ends: a bug or a failing disk halts it before it can mislead anyone; `close` loses nothing. */

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import { assert as invariant, type MessageCodec, type Process, startInSteps } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { generateIdentity } from '../crypto/identity.ts';
import { createKeys } from '../crypto/keys.ts';
import { createLengthSplitter, type Framing } from '../framing.ts';
import { freePort } from '../free-port.ts';
import { type Disk, realDisk } from '../journal/disk.ts';
import type { SyncMode } from '../journal/journal.ts';
import { createJournal, openJournal } from '../journal/open.ts';
import { createLogger } from '../logs/logger.ts';
import { createHost, type Host } from './host.ts';

const DEADLINE = { timeout: 60_000 };

const codec: MessageCodec<string> = {
  encode: utf8,
  decode: (bytes) => Buffer.from(bytes).toString(),
};

const framing: Framing<string> = {
  maxFrameBytes: 100,
  createSplitter: () => {
    const splitter = createLengthSplitter(100);
    return { push: (chunk, emit) => splitter.push(chunk, (frame) => emit(Buffer.from(frame).toString())) };
  },
  encode: (message) => {
    const frame = Buffer.alloc(4 + message.length);
    frame.writeUInt32BE(message.length, 0);
    frame.write(message, 4);
    return frame;
  },
};

interface State {
  readonly log: string[];
  readonly verdicts: boolean[];
}

/** Journals what it hears, then says it back; has a bug that 'bug' reaches. */
const echo: Process<State, string> = {
  start: (_env, { records }) => ({
    log: records.map((record) => Buffer.from(record).toString()),
    verdicts: [],
  }),
  receive: (state, env, from, message) => {
    env.append(utf8(message));
    env.send(from, message);
    invariant(message !== 'bug', 'nobody says bug');
    state.log.push(message);
  },
  completed: (state, _env, _ticket, holds) => void state.verdicts.push(holds),
  timeout: () => {},
  settle: () => {},
};

const identity = generateIdentity();
const keys = createKeys({ self: 0, seed: identity.seed, publicKeys: new Map([[0, identity.publicKey]]) });

async function launch(
  directory: string,
  disk: Disk = realDisk,
  sync: SyncMode = 'adaptive',
): Promise<Host<State, string>> {
  return createHost({
    self: 0,
    process: echo,
    codec,
    keys,
    journal: await openJournal(directory, { disk, sync }),
    logger: createLogger({ write: () => {} }),
    listeners: [{ name: 'clients', host: '127.0.0.1', port: 0, framing }],
  });
}

async function initialised(): Promise<string> {
  const directory = fs.mkdtempSync(`${tmpdir()}/concordat-halt-`);
  await createJournal(directory, { segmentBytes: 64 * 1024 });
  return directory;
}

/** Says each word in a turn of its own; what came back until the end. */
async function say(host: Host<State, string>, ...words: string[]): Promise<{ answer: string }> {
  const heard = { answer: '' };
  const socket = connect(host.addresses.get('clients')!.port, '127.0.0.1');
  socket.on('error', () => {});
  socket.on('data', (chunk: Buffer) => {
    heard.answer += chunk.toString('latin1').replace(/[^a-z]/g, '');
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  for (const word of words) {
    socket.write(framing.encode(word));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return heard;
}

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'it happens in time');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

test('a failed assertion halts the host: its turn neither leaves nor lasts', async () => {
  const directory = await initialised();
  const host = await launch(directory);
  const heard = await say(host, 'fine', 'bug', 'later');
  const error = await host.halted;
  assert.match(error?.message ?? '', /nobody says bug/);
  assert.equal(heard.answer, 'fine');
  const again = await launch(directory);
  assert.deepEqual(again.state.log, ['fine']);
  await again.close();
});

test('a failed sync halts the host, and what was not durable was not said', async () => {
  const directory = await initialised();
  let isFailing = false;
  const disk: Disk = {
    ...realDisk,
    sync: (file) => {
      if (isFailing) throw Object.assign(new Error('EIO'), { code: 'EIO' });
      realDisk.sync(file);
    },
    syncLater: (file, done) => {
      if (isFailing) done(Object.assign(new Error('EIO'), { code: 'EIO' }));
      else realDisk.syncLater(file, done);
    },
  };
  const host = await launch(directory, disk);
  const heard = await say(host, 'one');
  await until(() => heard.answer === 'one');
  isFailing = true;
  const more = await say(host, 'two');
  const error = await host.halted;
  assert.ok(error !== null && 'code' in error && error.code === 'disk-failed');
  assert.equal(more.answer, '');
  await host.close();
});

test('it can be asked when what is appended is durable, and says so if it never will be', async () => {
  const held: (() => void)[] = [];
  const isHolding = { syncs: false };
  const disk: Disk = {
    ...realDisk,
    syncLater: (file, done) => {
      if (isHolding.syncs) held.push(() => realDisk.syncLater(file, done));
      else realDisk.syncLater(file, done);
    },
  };
  const host = await launch(await initialised(), disk, 'threadpool');
  const said = await say(host, 'one');
  await until(() => said.answer === 'one');
  assert.equal(await host.durable(), true);
  isHolding.syncs = true;
  const more = await say(host, 'two');
  await until(() => host.state.log.length === 2);
  const told: boolean[] = [];
  void host.durable().then((isDurable) => told.push(isDurable));
  await until(() => held.length === 1);
  assert.deepEqual([told, more.answer], [[], '']);
  held.shift()?.();
  await until(() => told.length === 1);
  await say(host, 'three');
  await until(() => held.length === 1);
  const never = host.durable();
  host.halt(new Error('enough'));
  held.shift()?.();
  assert.deepEqual([told, await never, await host.durable()], [[true], false, false]);
  await host.halted;
});

test('close finishes the turn, flushes, unlocks and is idempotent', async () => {
  const directory = await initialised();
  const host = await launch(directory);
  const heard = await say(host, 'word');
  host.inject((state, env) => {
    state.log.push('injected');
    env.append(utf8('injected'));
  });
  await Promise.all([host.close(), host.close()]);
  assert.equal(await host.halted, null);
  assert.equal(heard.answer, 'word');
  const again = await launch(directory);
  assert.deepEqual(again.state.log, ['word', 'injected']);
  await again.close();
});

test('a host that cannot start leaves the journal unlocked', async () => {
  const directory = await initialised();
  const failing: Process<State, string> = {
    ...echo,
    start: () => {
      throw new Error('bad state');
    },
  };
  const journal = await openJournal(directory);
  const logger = createLogger({ write: () => {} });
  await assert.rejects(createHost({ self: 0, process: failing, codec, keys, journal, logger }), /bad state/);
  await (await openJournal(directory)).close();
});

test('verdicts of many checks come from a worker, and are as those of few', async () => {
  const host = await launch(await initialised());
  const bytes = utf8('statement');
  const signature = keys.sign(bytes);
  const good = { signer: 0, bytes, signature };
  const bad = [
    { ...good, bytes: utf8('other') },
    { ...good, signer: 9 },
    { ...good, signature: signature.slice(1) },
  ];
  host.inject((_state, env) => {
    for (let i = 0; i < 50; i++) env.offload({ kind: 'verify', checks: [good, good] }, i);
    bad.forEach((check, i) => void env.offload({ kind: 'verify', checks: [good, check] }, 50 + i));
  });
  await until(() => host.state.verdicts.length === 53);
  assert.equal(host.state.verdicts.filter((holds) => holds).length, 50);
  assert.deepEqual(host.state.verdicts.slice(50), [false, false, false]);
  await host.close();
});

/** Echoes, once it has started in this many steps. */
const slowly = (steps: number, between: (done: number) => void): Process<State, string> => ({
  ...echo,
  start: startInSteps(function* (env, recovered) {
    for (let done = 1; done <= steps; done++) {
      between(done);
      yield { done, total: steps };
    }
    return echo.start(env, recovered);
  }),
});

test('while it starts others have their turn, and whoever calls is turned away', DEADLINE, async () => {
  const directory = await initialised();
  const told: number[] = [];
  let hasEnded = false;
  const clients = { name: 'clients', host: '127.0.0.1', port: await freePort(), framing };
  const call = (): void => {
    const socket = connect(clients.port, '127.0.0.1');
    socket
      .on('error', () => {})
      .on('close', () => {
        hasEnded = true;
      });
  };
  const process: Process<State, string> = {
    ...echo,
    start: startInSteps(function* (env, recovered) {
      call();
      for (let done = 1; !hasEnded; done++) yield { done, total: done };
      return echo.start(env, recovered);
    }),
  };
  const journal = await openJournal(directory);
  const logger = createLogger({ write: () => {} });
  const onStarting = ({ done }: { readonly done: number }): void => void told.push(done);
  const host = await createHost({
    self: 0,
    process,
    codec,
    keys,
    journal,
    logger,
    listeners: [clients],
    onStarting,
  });
  assert.deepEqual(
    told,
    Array.from(told, (_, i) => i + 1),
  );
  assert.ok(told.length > 0);
  const heard = await say(host, 'word');
  await until(() => heard.answer === 'word');
  await host.close();
});

test('a disk that fails while it starts, or a step that throws, ends the start', DEADLINE, async () => {
  const directory = await initialised();
  const host = await launch(directory);
  await say(host, 'word');
  await host.close();
  const journal = await openJournal(directory);
  const logger = createLogger({ write: () => {} });
  const process = slowly(3, (done) => invariant(done < 3, 'no third step'));
  await assert.rejects(createHost({ self: 0, process, codec, keys, journal, logger }), /no third step/);
  const failing: Disk = {
    ...realDisk,
    write: () => {
      throw Object.assign(new Error('EIO'), { code: 'EIO' });
    },
  };
  const broken = await openJournal(directory, { disk: failing, sealAfterMs: 1 });
  const waiting = slowly(1e9, () => {});
  await assert.rejects(createHost({ self: 0, process: waiting, codec, keys, journal: broken, logger }), {
    code: 'disk-failed',
  });
});
