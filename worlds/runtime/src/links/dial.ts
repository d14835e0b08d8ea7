/**
 * Calls one member until it answers, and again whenever the link breaks. Waits start short, so that a restarted peer
 * is back within a tenth of a second, and double with jitter, so that a dead one costs little and the survivors of an
 * outage do not call in step.
 */

import type { Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { NodeId, Note } from '@concordat/kernel';
import { placeCall } from './call.ts';
import { greet } from './greeting.ts';
import { LINK_PROTOCOL } from './pins.ts';

const FIRST_WAIT_MS = 20;
const LAST_WAIT_MS = 1000;

export interface DialerOptions {
  readonly self: NodeId;
  readonly peer: NodeId;
  readonly host: string;
  readonly port: number;
  readonly context: SecureContext;
  readonly pins: ReadonlyMap<string, NodeId>;
  readonly handshakeMs: number;
  readonly onLink: (peer: NodeId, socket: Socket, rest: Buffer) => void;
  readonly onNote: (note: Note) => void;
}

export interface Dialer {
  /** Calls again soon: the link is down. */
  redial(): void;
  close(): void;
}

export function createDialer(options: DialerOptions): Dialer {
  let waitMs = FIRST_WAIT_MS;
  let timer: NodeJS.Timeout | null = null;
  let calling: Socket | null = null;
  let isClosed = false;

  call();
  return {
    redial,
    close: () => {
      isClosed = true;
      if (timer !== null) clearTimeout(timer);
      calling?.destroy();
    },
  };

  function redial(): void {
    if (isClosed || timer !== null || calling !== null) return;
    timer = setTimeout(
      () => {
        timer = null;
        call();
      },
      waitMs * (0.5 + Math.random() / 2),
    );
    waitMs = Math.min(LAST_WAIT_MS, waitMs * 2);
  }

  function call(): void {
    const { host, port, self, peer } = options;
    calling = placeCall({
      ...options,
      at: { host, port },
      protocol: LINK_PROTOCOL,
      onAnswer: (socket, settled) =>
        greet(socket, self, peer, (rest) => {
          settled();
          calling = null;
          waitMs = FIRST_WAIT_MS;
          options.onLink(peer, socket, rest);
        }),
      onFailed: () => {
        calling = null;
        redial();
      },
    });
  }
}
