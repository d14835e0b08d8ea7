/** A stranger's connection to a client port: what it writes is up to the test, what comes back and its end are told. */

import { connect, type TLSSocket } from 'node:tls';
import type { Message } from '../../replica/messages.ts';
import { CLIENT_PROTOCOL, clientFraming } from '../host/client-port.ts';

export interface Dialled {
  readonly socket: TLSSocket;
  readonly heard: readonly Message[];
  /** Resolves when the connection is over. */
  readonly ended: Promise<void>;
}

export function dial(port: number): Dialled {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: [CLIENT_PROTOCOL],
  });
  const heard: Message[] = [];
  const splitter = clientFraming.createSplitter();
  socket.on('error', () => {});
  socket.on('data', (chunk) => splitter.push(new Uint8Array(chunk), (message) => heard.push(message)));
  const ended = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, heard, ended };
}
