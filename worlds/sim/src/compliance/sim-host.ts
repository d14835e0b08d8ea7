/** The simulator as a host for the compliance suite: time passes only while the suite waits. */

import { assert, FIRST_CONNECTION, type Millis, type NodeId, type Process } from '@concordat/kernel';
import { createWorld, type World } from '../world.ts';
import {
  bytesOf,
  type CreateEnvHost,
  type EnvHost,
  type OutsideConnection,
  scripted,
  textCodec,
} from './env-host.ts';
import type { CreatePeerHost } from './peer-suite.ts';

const DEADLINE_MS: Millis = 10_000;

/** A client that says what it is told to and writes down what it hears. */
function connect(world: World, id: NodeId, server: NodeId): OutsideConnection {
  const received: string[] = [];
  let isClosed = false;
  world.add({
    id,
    link: 'connection',
    codec: textCodec,
    process: scripted({
      receive: (_env, _from, message) => void received.push(message),
      linked: (_env, _peer, isUp) => {
        isClosed = !isUp;
      },
    }),
  });
  world.connect(id, server);
  return {
    received,
    isClosed: () => isClosed,
    send: async (message) => world.call<unknown, string>(id, (_state, env) => env.send(server, message)),
    close: async () => world.crash(id),
  };
}

/** `twist` spoils the host: the suite must notice. */
export const createSimHost =
  (
    seed: number,
    twist: <S>(process: Process<S, string>) => Process<S, string> = (process) => process,
  ): CreateEnvHost =>
  async (members) => {
    const world = createWorld({ seed });
    const check = { signer: 0, bytes: bytesOf('statement'), signature: bytesOf('good') };
    let connections = 0;
    const host: EnvHost = {
      start: async (node, process) => {
        assert(node < members, 'a member');
        const verify = (asked: { signature: Uint8Array }): boolean => asked.signature.length === 4;
        world.add({ id: node, process: twist(process), codec: textCodec, verify });
      },
      crash: async (node) => world.crash(node),
      restart: async (node) => world.restart(node),
      until: async (holds) => world.runUntil(holds, DEADLINE_MS),
      pass: async (span) => world.run(span),
      checks: { good: check, bad: { ...check, signature: bytesOf('bad') } },
      holdSyncs: async (node, isHeld) => world.holdSyncs(node, isHeld),
      wipe: async (node) => world.wipe(node),
      connect: async (server) => connect(world, FIRST_CONNECTION + connections++, server),
      close: async () => {},
    };
    return host;
  };

const IDLE_MS: Millis = 2000;

/** The same for nodes that are linked as peers. */
export const createSimPeers =
  (
    seed: number,
    twist: <S>(process: Process<S, string>) => Process<S, string> = (process) => process,
  ): CreatePeerHost =>
  async (peers) => {
    const world = createWorld({ seed, network: { idleMs: IDLE_MS } });
    return {
      start: async (node, process) => {
        assert(node < peers, 'a peer');
        world.add({ id: node, process: twist(process), codec: textCodec, link: 'peer' });
      },
      crash: async (node) => world.crash(node),
      restart: async (node) => world.restart(node),
      until: async (holds) => world.runUntil(holds, DEADLINE_MS),
      pass: async (span) => world.run(span),
      idleMs: IDLE_MS,
      part: async (node) => world.partition([[node]]),
      heal: async () => world.heal(),
      close: async () => {},
    };
  };
