/** The real runtime passes the same suite of `Env` as the simulator, over real sockets and a real disk. */

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { test } from 'node:test';
import type { NodeId, Process } from '@concordat/kernel';
import { type CreateEnvHost, envSuite, type OutsideConnection, textCodec } from '@concordat/sim';
import { generateIdentity } from './crypto/identity.ts';
import { createKeys } from './crypto/keys.ts';
import { createLengthSplitter, type Framing } from './framing.ts';
import { freePort } from './free-port.ts';
import { createHost, type Host } from './host/host.ts';
import { type Disk, realDisk } from './journal/disk.ts';
import { createJournal, openJournal } from './journal/open.ts';
import { createLogger } from './logs/logger.ts';

const LOOPBACK = '127.0.0.1';

const textFraming: Framing<string> = {
  maxFrameBytes: 1024 * 1024,
  createSplitter: () => {
    const splitter = createLengthSplitter(1024 * 1024);
    return { push: (chunk, emit) => splitter.push(chunk, (frame) => emit(textCodec.decode(frame) ?? '')) };
  },
  encode: (message) => {
    const bytes = textCodec.encode(message);
    const frame = Buffer.alloc(4 + bytes.length);
    frame.writeUInt32BE(bytes.length, 0);
    frame.set(bytes, 4);
    return frame;
  },
};

/** The real disk, on which syncs can be held. */
function holdableDisk() {
  let isHeld = false;
  let waiting: (() => void)[] = [];
  const disk: Disk = {
    ...realDisk,
    syncLater: (file, done) => {
      const start = () => realDisk.syncLater(file, done);
      if (isHeld) waiting.push(start);
      else start();
    },
  };
  const hold = (held: boolean): void => {
    isHeld = held;
    const starts = held ? [] : waiting;
    if (!held) waiting = [];
    for (const start of starts) start();
  };
  /** After a crash, what was held is never done: its files are closed. */
  const forget = (): void => {
    waiting = [];
  };
  return { disk, hold, forget };
}

async function connectTo(port: number): Promise<OutsideConnection> {
  const socket = connectSocket(port, LOOPBACK);
  const received: string[] = [];
  const splitter = textFraming.createSplitter();
  let isClosed = false;
  socket.on('data', (chunk: Buffer) => splitter.push(new Uint8Array(chunk), (text) => received.push(text)));
  socket.on('close', () => {
    isClosed = true;
  });
  socket.on('error', () => {});
  await new Promise((resolve) => socket.once('connect', resolve));
  return {
    send: async (message) => void socket.write(textFraming.encode(message)),
    received,
    isClosed: () => isClosed,
    close: async () => {
      socket.destroy();
      while (!isClosed) await new Promise((resolve) => setTimeout(resolve, 1));
    },
  };
}

interface Member {
  readonly directory: string;
  readonly disk: ReturnType<typeof holdableDisk>;
  readonly port: number;
  start: () => Promise<void>;
  host: Host<unknown, string> | null;
}

const createRuntimeHost: CreateEnvHost = async (count) => {
  const root = fs.mkdtempSync(`${tmpdir()}/concordat-compliance-`);
  const identities = Array.from({ length: count }, () => generateIdentity());
  const publicKeys = new Map(identities.map(({ publicKey }, id) => [id, publicKey]));
  const members: Member[] = [];
  for (let id = 0; id < count; id++) {
    const directory = `${root}/${id}`;
    await createJournal(directory, { segmentBytes: 64 * 1024 });
    members.push({
      directory,
      disk: holdableDisk(),
      port: await freePort(),
      start: async () => {},
      host: null,
    });
  }
  const peers = new Map(
    members.map(({ port }, id) => [id, { host: LOOPBACK, port, pin: identities[id]!.pin }]),
  );
  const launch = async <S>(self: NodeId, process: Process<S, string>): Promise<void> => {
    const member = members[self]!;
    const { seed, tls } = identities[self]!;
    const host = await createHost<S, string>({
      self,
      process,
      codec: textCodec,
      keys: createKeys({ self, seed, publicKeys }),
      journal: await openJournal(member.directory, { disk: member.disk.disk, sync: 'threadpool' }),
      logger: createLogger({ level: 'error', write: () => {} }),
      members: { self, tls, listen: { host: LOOPBACK, port: member.port }, peers },
      listeners: [{ name: 'clients', host: LOOPBACK, port: 0, framing: textFraming }],
    });
    // The suite never looks at the state through the host.
    member.host = host as unknown as Host<unknown, string>;
  };
  const crash = async (node: NodeId): Promise<void> => {
    const member = members[node]!;
    member.disk.forget();
    member.host?.halt(new Error('crashed by the suite'));
    await member.host?.halted;
    member.host = null;
  };
  const signer = createKeys({ self: 0, seed: identities[0]!.seed, publicKeys });
  const bytes = new Uint8Array([1, 2, 3]);
  const signature = signer.sign(bytes);
  return {
    start: async (node, process) => {
      members[node]!.start = () => launch(node, process);
      await launch(node, process);
    },
    crash,
    restart: (node) => members[node]!.start(),
    until: async (holds) => {
      const deadline = Date.now() + 10_000;
      while (!holds() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 1));
      return holds();
    },
    pass: (span) => new Promise((resolve) => setTimeout(resolve, span)),
    checks: {
      good: { signer: 0, bytes, signature },
      bad: { signer: 0, bytes: new Uint8Array([1, 2, 4]), signature },
    },
    holdSyncs: async (node, isHeld) => members[node]!.disk.hold(isHeld),
    wipe: async (node) => fs.rmSync(members[node]!.directory, { recursive: true }),
    connect: (server) => connectTo(members[server]!.host!.addresses.get('clients')!.port),
    close: async () => {
      for (let id = 0; id < count; id++) await crash(id);
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
};

for (const { name, run } of envSuite(createRuntimeHost))
  test(`runtime: ${name}`, async () => assert.equal(await run(), 'passed'));
