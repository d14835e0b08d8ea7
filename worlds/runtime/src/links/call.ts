/** One call: TLS with whoever answers, who must be the one that is called, all within a time. */

import type { Socket } from 'node:net';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import type { NodeId, Note } from '@concordat/kernel';
import { identify } from './pins.ts';

export interface CallOptions {
  readonly peer: NodeId;
  /** Where to, or a socket of the caller's, which is destroyed with the call. */
  readonly at: { readonly host: string; readonly port: number } | { readonly socket: Socket };
  readonly context: SecureContext;
  readonly pins: ReadonlyMap<string, NodeId>;
  readonly protocol: string;
  /** For the handshake and all that is said until `settled`. */
  readonly handshakeMs: number;
  readonly onNote: (note: Note) => void;
  /** The peer has answered. From `settled` on the call is nobody's but the listener's: no deadline, no `onFailed`. */
  readonly onAnswer: (socket: TLSSocket, settled: () => void) => void;
  readonly onFailed: () => void;
}

/** Calls; destroying the returned socket gives up, which is a failure like any other. */
export function placeCall(options: CallOptions): TLSSocket {
  const { peer, protocol } = options;
  const socket = connect({
    ...options.at,
    secureContext: options.context,
    minVersion: 'TLSv1.3',
    // The pin decides, not an authority.
    rejectUnauthorized: false,
    ALPNProtocols: [protocol],
  });
  socket.setNoDelay(true);
  const deadline = setTimeout(() => socket.destroy(), options.handshakeMs);
  socket.on('error', () => {});
  const onClose = (): void => {
    clearTimeout(deadline);
    options.onFailed();
  };
  socket.on('close', onClose);
  socket.on('secureConnect', () => {
    if (identify(socket, options.pins, [protocol]) !== peer) {
      options.onNote({ kind: 'link-refused', why: 'unknown-pin', peer });
      socket.destroy();
      return;
    }
    options.onAnswer(socket, () => {
      clearTimeout(deadline);
      socket.off('close', onClose);
    });
  });
  return socket;
}
