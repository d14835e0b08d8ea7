/**
 * Real hosts pass the same suite of links between peers as the simulator, over loopback sockets. Every peer calls every
 * other through a passage of its own, which the suite can darken; cases have hosts of their own and run side by side.
 */

import assert from 'node:assert/strict';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import type { NodeId, Process } from '@concordat/kernel';
import { type CreatePeerHost, peerSuite, textCodec } from '@concordat/sim';
import { generateIdentity } from '../crypto/identity.ts';
import { createKeys } from '../crypto/keys.ts';
import { freePort } from '../free-port.ts';
import { createHost, type Host } from '../host/host.ts';
import { createJournal, openJournal } from '../journal/open.ts';
import { createLogger } from '../logs/logger.ts';
import type { PeerContact } from './book.ts';
import type { PeersLimits } from './peers.ts';
import { LOOPBACK, type Passage, passage, pause } from './testing/crowd.ts';

/** Breaks are noticed within the suite's deadline, and a busy machine is none. */
const LIMITS: Partial<PeersLimits> = {
  beatMs: 50,
  silentMs: 2000,
  dialMs: 3000,
  idleMs: 1500,
  backoff: { firstMs: 10, lastMs: 100 },
};
/** A link is looked at with every beat. */
const IDLE_MS = 2000;
const DEADLINE_MS = 15_000;

interface Peer {
  readonly directory: string;
  readonly port: number;
  readonly identity: ReturnType<typeof generateIdentity>;
  /** Where it calls the others. */
  readonly known: Map<NodeId, PeerContact>;
  launch: () => Promise<void>;
  host: Host<unknown, string> | null;
}

/** Ways between two peers, by who calls and who is called. */
interface Way {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly passage: Passage;
}

async function createPeer(directory: string): Promise<Peer> {
  await createJournal(directory, { segmentBytes: 64 * 1024 });
  const port = await freePort();
  return {
    directory,
    port,
    identity: generateIdentity(),
    known: new Map(),
    launch: async () => {},
    host: null,
  };
}

async function createWays(peers: readonly Peer[]): Promise<readonly Way[]> {
  const ways: Way[] = [];
  for (const [from, { known }] of peers.entries())
    for (const [to, { port, identity }] of peers.entries())
      if (from !== to) {
        const way = { from, to, passage: await passage(port) };
        known.set(to, { host: LOOPBACK, port: way.passage.port, pin: identity.pin });
        ways.push(way);
      }
  return ways;
}

async function launch<S>(self: NodeId, peer: Peer, process: Process<S, string>): Promise<void> {
  const { seed, tls } = peer.identity;
  const host = await createHost<S, string>({
    self,
    process,
    codec: textCodec,
    keys: createKeys({ self, seed, publicKeys: new Map() }),
    journal: await openJournal(peer.directory),
    logger: createLogger({ level: 'error', write: () => {} }),
    peers: { listen: { host: LOOPBACK, port: peer.port }, tls, known: peer.known, limits: LIMITS },
  });
  // The suite never looks at the state through the host.
  peer.host = host as unknown as Host<unknown, string>;
}

const createRuntimePeers: CreatePeerHost = async (count) => {
  const root = fs.mkdtempSync(`${tmpdir()}/concordat-peer-compliance-`);
  const peers: Peer[] = [];
  for (let id = 0; id < count; id++) peers.push(await createPeer(`${root}/${id}`));
  const ways = await createWays(peers);
  const crash = async (node: NodeId): Promise<void> => {
    const peer = peers[node]!;
    peer.host?.halt(new Error('crashed by the suite'));
    await peer.host?.halted;
    peer.host = null;
  };
  return {
    start: async (node, process) => {
      const peer = peers[node]!;
      peer.launch = () => launch(node, peer, process);
      await peer.launch();
    },
    crash,
    restart: (node) => peers[node]!.launch(),
    until: async (holds) => {
      const deadline = Date.now() + DEADLINE_MS;
      while (!holds() && Date.now() < deadline) await pause(1);
      return holds();
    },
    pass: pause,
    idleMs: IDLE_MS,
    part: async (node) => {
      for (const { from, to, passage: way } of ways) if (from === node || to === node) way.isDark = true;
    },
    heal: async () => {
      for (const { passage: way } of ways) {
        if (!way.isDark) continue;
        way.isDark = false;
        // What was swallowed is missed on these for good.
        for (const socket of way.sockets) socket.destroy();
      }
    },
    close: async () => {
      for (let id = 0; id < count; id++) await crash(id);
      for (const { passage: way } of ways) way.close();
      fs.rmSync(root, { recursive: true, force: true });
    },
  };
};

describe('runtime', { concurrency: true }, () => {
  for (const { name, run } of peerSuite(createRuntimePeers))
    test(name, async () => assert.equal(await run(), 'passed'));
});
