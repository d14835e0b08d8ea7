/** A stream over real sockets: tracker, broadcaster and peers of one process, on loopback. */

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { createLogger, createMetrics } from '@concordat/runtime';
import { makeIdentity } from './identity.ts';
import { decodeInvite } from './invite.ts';
import { type PeerNode, startPeer } from './peer-node.ts';
import { startSource } from './source.ts';

const PEERS = 8;

test('peers play what is broadcast, byte for byte', { timeout: 60_000 }, async (t) => {
  const sent = new Map<number, Uint8Array>();
  const logger = createLogger({ level: 'error' });
  const source = await startSource({
    title: 'test',
    folder: null,
    listen: { host: '127.0.0.1', port: 0 },
    bitsPerSecond: 400_000,
    roundMs: 250,
    copies: 3,
    maxMembers: 100,
    source: (round) => {
      const media = new Uint8Array(randomBytes(8_000));
      sent.set(round, media);
      return media;
    },
    uploadBytesPerSecond: null,
    relayBytesPerSecond: 1_000_000,
    logger,
    metrics: createMetrics(),
  });
  t.after(() => source.close());
  const invite = decodeInvite(source.invite({ uses: 100, hours: 1 }));
  assert.ok(typeof invite !== 'string', `${invite}`);
  const played = Array.from({ length: PEERS }, () => new Map<number, Uint8Array | null>());
  const abort = new AbortController();
  const peers: PeerNode[] = await Promise.all(
    played.map((rounds, i) =>
      startPeer({
        invite,
        self: makeIdentity(`peer ${i}`),
        listen: i === 0 ? null : { host: '127.0.0.1', port: 0 },
        play: (round, media) => void rounds.set(round, media),
        onStep: () => {},
        logger,
        metrics: createMetrics(),
        signal: abort.signal,
      }),
    ),
  );
  t.after(() => Promise.all(peers.map((peer) => peer.close())));
  await new Promise((resolve) => setTimeout(resolve, 15_000));
  for (const [i, rounds] of played.entries()) {
    const whole = [...rounds].filter(([, media]) => media !== null);
    console.log(i, peers[i]?.id, rounds.size, whole.length);
    for (const [round, media] of whole) assert.deepEqual(media, sent.get(round));
  }
});
