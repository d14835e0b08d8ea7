/** Carries out an attack: opens its connections, sends its pieces, and counts what the server has closed. */

import { createConnection, type Socket } from 'node:net';
import type { Endpoint } from '@concordat/bench';
import { type Attack, createRandom } from './attacks.ts';
import { eventually } from './wait.ts';

export interface Assault {
  readonly connections: number;
  /** Closed by the server, or never let in. */
  readonly dropped: number;
  /** When the last of them was, from the start of the attack. */
  readonly lastMs: number;
}

/** Connections are opened a few at a time: a full accept queue is not what is tested. */
const OPENED_AT_ONCE = 50;
const OPENING_MS = 5_000;

/** Attacks `endpoint`, waits at most `patienceMs` for the server to drop everybody, then leaves. */
export async function assault(
  endpoint: Endpoint,
  attack: Attack,
  seed: number,
  patienceMs: number,
): Promise<Assault> {
  const startedAt = performance.now();
  const random = createRandom(seed);
  const crowd = openCrowd(endpoint);
  for (let i = 0; i < attack.connections; i++) {
    sendAll(crowd.add(), attack.pieces(i, random), attack.gapMs);
    if (i % OPENED_AT_ONCE === OPENED_AT_ONCE - 1) await crowd.settled();
  }
  await eventually(() => crowd.dropped === attack.connections, patienceMs);
  const { dropped, lastDropAt } = crowd;
  crowd.leave();
  return { connections: attack.connections, dropped, lastMs: Math.max(0, lastDropAt - startedAt) };
}

export interface Crowd {
  add(): Socket;
  /** Resolves when no connection is still being opened, or after a while. */
  settled(): Promise<boolean>;
  readonly dropped: number;
  readonly lastDropAt: number;
  leave(): void;
}

/** Connections to one endpoint that say nothing by themselves. */
export function openCrowd(endpoint: Endpoint): Crowd {
  const sockets = new Set<Socket>();
  let opening = 0;
  let dropped = 0;
  let lastDropAt = 0;
  return {
    add: () => {
      const socket = createConnection({ host: endpoint.host, port: endpoint.port, noDelay: true });
      let isOpening = true;
      opening++;
      const opened = (): void => {
        if (isOpening) opening--;
        isOpening = false;
      };
      sockets.add(socket);
      // Reading on keeps the server's answers from holding up the news that it has closed.
      socket.resume();
      socket.on('connect', opened);
      socket.on('error', () => {});
      socket.on('close', () => {
        opened();
        if (!sockets.delete(socket)) return;
        dropped++;
        lastDropAt = performance.now();
      });
      return socket;
    },
    settled: () => eventually(() => opening === 0, OPENING_MS),
    get dropped() {
      return dropped;
    },
    get lastDropAt() {
      return lastDropAt;
    },
    leave: () => {
      const all = [...sockets];
      sockets.clear();
      for (const socket of all) socket.destroy();
    },
  };
}

function sendAll(socket: Socket, pieces: readonly Buffer[], gapMs: number): void {
  let next = 0;
  const send = (): void => {
    const piece = pieces[next++];
    if (piece === undefined || !socket.writable) return;
    socket.write(piece, () => {
      if (gapMs > 0) setTimeout(send, gapMs).unref();
      else send();
    });
  };
  socket.once('connect', send);
}
