/**
 * A keeper for development: one gateway and one service in one process on a TCP port, nothing replicated, nothing kept.
 * `node dist/edge/solo.js [port]`. Real clients can be pointed at it.
 */

import { createHash, createPrivateKey, createPublicKey, randomBytes, sign, verify } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import type { Signatures } from '@concordat/crypto';
import { FIRST_CONNECTION, type NodeId } from '@concordat/kernel';
import { GATEWAY_LIMITS } from '../gateway/limits.ts';
import { KEEPER_DEFAULTS } from '../keeper.ts';
import { createKeeperService } from '../service.ts';
import { createLoopback } from '../testing/loopback.ts';
import { sha1 } from '../tree/sha1.ts';
import { createFraming } from './framing.ts';

const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');
const HEARTBEAT_MS = 100;

const privateKey = (seed: Uint8Array) =>
  createPrivateKey({ key: Buffer.concat([PKCS8_PREFIX, seed]), format: 'der', type: 'pkcs8' });

const publicKey = (raw: Uint8Array) =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX, raw]), format: 'der', type: 'spki' });

const ed25519: Signatures = {
  publicKeyOf: (seed) =>
    new Uint8Array(
      createPublicKey(privateKey(seed)).export({ format: 'der', type: 'spki' }).subarray(SPKI_PREFIX.length),
    ),
  signWith: (seed, bytes) => new Uint8Array(sign(null, bytes, privateKey(seed))),
  verifyWith: (key, bytes, signature) => verify(null, bytes, publicKey(key), signature),
};

const hash = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest());

function serve(port: number): void {
  const sockets = new Map<NodeId, Socket>();
  const framing = createFraming();
  const service = createKeeperService({
    hash,
    signatures: ed25519,
    config: { ...KEEPER_DEFAULTS, names: ['solo'], heartbeatMs: HEARTBEAT_MS },
  });
  const loopback = createLoopback(
    {
      service,
      domain: 0,
      gateway: 0,
      hash,
      sha1,
      signatures: ed25519,
      limits: GATEWAY_LIMITS,
      info: () => ({
        version: '3.8.0-concordat',
        builtOn: '01/01/2026 00:00 UTC',
        mode: 'standalone',
        clientPort: port,
        metrics: {},
      }),
      addressOf: (id) => sockets.get(id)?.remoteAddress ?? '',
      superDigest: null,
    },
    {
      send: (to, message) => sockets.get(to)?.write(framing.encode(message)),
      close: (to) => sockets.get(to)?.end(),
      secret: (size) => new Uint8Array(randomBytes(size)),
    },
    Date.now(),
  );
  let next = FIRST_CONNECTION;
  const server = createServer({ noDelay: true }, (socket) => {
    const id = next++;
    sockets.set(id, socket);
    const splitter = framing.createSplitter();
    loopback.connect(id);
    socket.on('data', (chunk) => {
      socket.cork();
      if (!splitter.push(chunk, (message) => loopback.deliver(id, message))) socket.destroy();
      socket.uncork();
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      sockets.delete(id);
      loopback.disconnect(id);
    });
  });
  server.listen(port, '127.0.0.1', () => console.log('listening', server.address()));
  setInterval(() => loopback.pass(Math.max(0, Date.now() - loopback.now)), HEARTBEAT_MS);
}

serve(Number(process.argv[2] ?? 0));
