/**
 * What may come in at an executor's client port, framed as at a replica's (client-port.ts). A connection says first of all
 * which client it is, for this executor, and whoever asks something before is cut off: so nobody holds a connection for whom no
 * signature was made. Then it may ask again for the reply to its request, and read. Anything else ends it.
 */

import type { NodeId } from '@concordat/kernel';
import type { Framing } from '@concordat/runtime';
import type { Message } from '../../replica/messages.ts';
import { isCommand } from '../../request.ts';
import { framingOf } from './client-port.ts';

const NOTHING = new Uint8Array(0);

/** `first` to below `end` are the domains of outside clients, `self` is the executor's number. */
export const executorFraming = (self: NodeId, first: number, end: number): Framing<Message> =>
  framingOf<Message>(() => {
    let isIntroduced = false;
    const isClient = (domain: number, client: number): boolean =>
      domain >= first && domain < end && !isCommand(client);
    return (message) => {
      switch (message.type) {
        case 'attach':
          if (message.executor !== self || !isClient(message.domain, message.client)) return null;
          isIntroduced = true;
          return message;
        case 'request': {
          const { request } = message;
          if (!isIntroduced || !isClient(request.domain, request.client)) return null;
          // Its name is enough to find the reply: what waits for the connection's signature to be checked stays small.
          return { type: 'request', request: { ...request, body: NOTHING } };
        }
        case 'read':
          return isIntroduced ? message : null;
        default:
          return null;
      }
    };
  });
