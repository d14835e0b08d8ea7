/**
 * What work costs on this machine, in microseconds of CPU time of this process: so a busy neighbour changes little. Of
 * several rounds the cheapest counts, because everything that disturbs makes things dearer.
 */

import { createHmac, randomBytes } from 'node:crypto';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { createMacs, MAC_KEY_BYTES } from '@concordat/crypto';
import { createKeys, generateIdentity, sha256 } from '@concordat/runtime';

/** In microseconds. */
export interface MachineCosts {
  readonly sign: number;
  readonly verify: number;
  /** Of `MESSAGE_BYTES`, by the kernel of foundations/crypto, and by HMAC-SHA256 of node. */
  readonly mac: number;
  readonly hmac: number;
  readonly hashByte: number;
  /** One small frame over TLS on loopback, both ends: a write, a wake-up and a read. */
  readonly tlsFrame: number;
  /** One byte of a large frame over TLS, both ends. */
  readonly tlsByte: number;
}

const MESSAGE_BYTES = 100;
const HASHED_BYTES = 64 * 1024;
const LARGE_BYTES = 1024 * 1024;

const cpuUs = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

/** The cheapest of `rounds`, each of `calls`. */
function perCall(rounds: number, calls: number, act: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds; round++) {
    const before = cpuUs();
    for (let i = 0; i < calls; i++) act();
    best = Math.min(best, (cpuUs() - before) / calls);
  }
  return best;
}

export async function measureMachine(rounds: number, calls: number): Promise<MachineCosts> {
  const identity = generateIdentity('lab');
  const keys = createKeys({
    self: 0,
    seed: identity.seed,
    publicKeys: new Map([[0, identity.publicKey]]),
  });
  const macs = createMacs();
  const message = new Uint8Array(randomBytes(MESSAGE_BYTES));
  const large = new Uint8Array(randomBytes(HASHED_BYTES));
  const key = new Uint8Array(randomBytes(MAC_KEY_BYTES));
  const signature = keys.sign(message);
  const few = Math.ceil(calls / 10);
  return {
    sign: perCall(rounds, few, () => keys.sign(message)),
    verify: perCall(rounds, few, () => keys.verify(0, message, signature)),
    mac: perCall(rounds, calls, () => macs.tag(key, message)),
    hmac: perCall(rounds, calls, () => createHmac('sha256', key).update(message).digest()),
    hashByte: perCall(rounds, few, () => sha256(large)) / HASHED_BYTES,
    ...(await measureTls(identity.tls, rounds, few)),
  };
}

/** A connection to this process itself. */
async function loopback(identity: { readonly key: string; readonly cert: string }) {
  const accepted: TLSSocket[] = [];
  const server = createServer({ ...identity, minVersion: 'TLSv1.3' }, (socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  // Its certificate is of no authority, and nobody else is at the other end.
  const near = connect({ host: '127.0.0.1', port, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    near.once('secureConnect', resolve);
    near.once('error', reject);
  });
  while (accepted.length === 0) await new Promise<void>((resolve) => void setImmediate(resolve));
  const close = (): void => {
    near.destroy();
    for (const socket of accepted) socket.destroy();
    server.close();
  };
  return { near, far: accepted[0] as TLSSocket, close };
}

/** Sends `bytes` and waits until all of them are there: each its own write and its own wake-up. */
function pass(near: TLSSocket, far: TLSSocket, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    let missing = bytes.length;
    const take = (chunk: Uint8Array): void => {
      missing -= chunk.length;
      if (missing > 0) return;
      far.off('data', take);
      resolve();
    };
    far.on('data', take);
    near.write(bytes);
  });
}

async function measureTls(
  identity: { readonly key: string; readonly cert: string },
  rounds: number,
  frames: number,
): Promise<Pick<MachineCosts, 'tlsFrame' | 'tlsByte'>> {
  const { near, far, close } = await loopback(identity);
  const cheapest = async (bytes: Uint8Array, count: number): Promise<number> => {
    let best = Number.POSITIVE_INFINITY;
    for (let round = 0; round < rounds; round++) {
      const before = cpuUs();
      for (let i = 0; i < count; i++) await pass(near, far, bytes);
      best = Math.min(best, (cpuUs() - before) / count);
    }
    return best;
  };
  try {
    const tlsFrame = await cheapest(new Uint8Array(MESSAGE_BYTES), frames);
    const large = await cheapest(new Uint8Array(LARGE_BYTES), Math.ceil(frames / 100));
    return { tlsFrame, tlsByte: large / LARGE_BYTES };
  } finally {
    close();
  }
}
