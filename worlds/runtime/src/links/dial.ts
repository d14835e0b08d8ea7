/**
 * Calls one member until it answers, and again whenever the link breaks. Waits start short, so that a restarted peer
 * is back within a tenth of a second, and double with jitter, so that a dead one costs little and the survivors of an
 * outage do not call in step.
 */

import type { Socket } from 'node:net';
import { connect, type SecureContext } from 'node:tls';
import type { NodeId, Note } from '@concordat/kernel';
import { greet } from './greeting.ts';
import { identify, LINK_PROTOCOL } from './pins.ts';

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
    const { host, port, context, self, peer } = options;
    const socket = connect({
      host,
      port,
      secureContext: context,
      minVersion: 'TLSv1.3',
      // The pin decides, not an authority.
      rejectUnauthorized: false,
      ALPNProtocols: [LINK_PROTOCOL],
    });
    calling = socket;
    socket.setNoDelay(true);
    const deadline = setTimeout(() => socket.destroy(), options.handshakeMs);
    socket.on('error', () => {});
    const onClose = (): void => {
      clearTimeout(deadline);
      calling = null;
      redial();
    };
    socket.on('close', onClose);
    socket.on('secureConnect', () => {
      if (identify(socket, options.pins) !== peer) {
        options.onNote({ kind: 'link-refused', why: 'unknown-pin', peer });
        socket.destroy();
        return;
      }
      greet(socket, self, peer, (rest) => {
        clearTimeout(deadline);
        socket.off('close', onClose);
        calling = null;
        waitMs = FIRST_WAIT_MS;
        options.onLink(peer, socket, rest);
      });
    });
  }
}
