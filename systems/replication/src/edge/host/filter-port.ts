/**
 * What may come in at a filter node's client port, framed as at a replica's (client-port.ts): requests with a MAC, of the domains
 * that outside clients have. Whether the MAC holds the filter node finds out, and cuts off whoever made one that does not.
 * Anything else ends the connection here. Nothing goes out: executors answer.
 */

import type { Framing } from '@concordat/runtime';
import type { FilterRequest } from '../../admission/messages.ts';
import type { Message } from '../../replica/messages.ts';
import { isCommand } from '../../request.ts';
import { framingOf } from './client-port.ts';

/** `first` to below `end` are the domains of outside clients. */
export const filterFraming = (first: number, end: number): Framing<Message> =>
  framingOf<Message>(() => (message): FilterRequest | null => {
    if (message.type !== 'filter-request') return null;
    const { domain, client } = message.request;
    return domain >= first && domain < end && !isCommand(client) ? message : null;
  });
