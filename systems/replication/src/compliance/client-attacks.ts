/**
 * Attacks of clients that are no members (Aardvark, NSDI'09 sections 2 and 6): what they cost, nobody but their senders
 * should feel. Each is the honest client behind a twisted `Env`; it has its own domain's key and nobody else's.
 */

import type { NodeId, Strategy } from '@concordat/kernel';
import { MAX_REQUEST_BYTES } from '@concordat/kernel';
import { flood, onSend } from '@concordat/sim';
import type { ClientState } from '../client/client.ts';
import type { Submit } from '../replica/client-messages.ts';
import type { Message } from '../replica/messages.ts';

export type ClientStrategy = Strategy<ClientState, Message>;

/** Messages that a flooding client sends to each replica, and how often. */
export interface Flood {
  readonly perTick: number;
  readonly everyMs: number;
}

/** The first view's primary, which stays if the attack is endured. */
const PRIMARY: NodeId = 0;

/** More than any link may carry as one request. */
const OVERSIZED = new Uint8Array(MAX_REQUEST_BYTES + 1);

const onRequest = (twist: (message: Submit, to: NodeId) => Submit): ClientStrategy =>
  onSend((_env, to, message, post) => post(to, message.type === 'request' ? twist(message, to) : message));

/** The request with a signature that convinces nobody. */
const spoiled = ({ type, request }: Submit): Submit => ({
  type,
  request: { ...request, signature: request.signature.map((byte) => byte ^ 0xff) },
});

/** Genuine for the primary, which then proposes what others have no reason to believe in. */
const genuineForPrimary = onRequest((message, to) => (to === PRIMARY ? message : spoiled(message)));

/** Genuine for the backups, which then wait for a primary that has no reason to propose it. */
const genuineForBackups = onRequest((message, to) => (to === PRIMARY ? spoiled(message) : message));

/** As if a member's domain asked, which did not sign it: the connection does not vouch for that. */
const borrowed = onRequest((message) => {
  const { type, request } = spoiled(message);
  return { type, request: { ...request, domain: PRIMARY } };
});

const enlarged = onRequest(({ type, request }) => ({ type, request: { ...request, body: OVERSIZED } }));

const composed =
  (outer: ClientStrategy, inner: ClientStrategy): ClientStrategy =>
  (honest) =>
    outer(inner(honest));

/** By name; every client of a run needs its own. Floods repeat what the client has sent and heard. */
export const clientAttacks = {
  'genuine for the primary only': () => genuineForPrimary,
  'genuine for backups only': () => genuineForBackups,
  'false signatures': ({ perTick, everyMs }) => composed(flood(perTick, everyMs), onRequest(spoiled)),
  'false names': ({ perTick, everyMs }) => composed(flood(perTick, everyMs), borrowed),
  'replay flood': ({ perTick, everyMs }) => flood(perTick, everyMs),
  // So large that one at a time is a flood.
  oversized: ({ perTick, everyMs }) => composed(flood(1, 10 * perTick * everyMs), enlarged),
} as const satisfies Record<string, (rate: Flood) => ClientStrategy>;

export type ClientAttackName = keyof typeof clientAttacks;
