/**
 * addauth: a client claims further identities. ZooKeeper's digest scheme stores the SHA-1 of user and password; what
 * the gateway asserts of its clients, other members believe as its word and no more (DESIGN section 9, rule 9).
 */

import type { Env } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { ErrorCode } from '../jute/protocol.ts';
import { createJuteReader } from '../jute/reader.ts';
import { type Identity, MAX_IDENTITY_BYTES } from '../tree/acl.ts';
import { addIdentity } from './admission.ts';
import { closeConnection, sendHeader } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState, QueuedRequest } from './state.ts';

const HEADER_BYTES = 8;
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const reader = createJuteReader();

function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const present = Math.min(3, bytes.length - i);
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    for (let j = 0; j <= present; j++) text += BASE64[(group >> (18 - 6 * j)) & 63] as string;
    text += '='.repeat(3 - present);
  }
  return text;
}

/** `user:base64(sha1(user:password))`. */
export function digestOf(sha1: (bytes: Uint8Array) => Uint8Array, userAndPassword: string): string {
  const [user = ''] = userAndPassword.split(':', 1);
  return `${user}:${base64(sha1(utf8(userAndPassword)))}`;
}

const decoder = new TextDecoder();

/** The identity that the scheme makes of the client's proof; null where there is none. */
function identify(
  state: GatewayState,
  { identities }: Connection,
  scheme: string,
  auth: Uint8Array,
): Identity | null {
  // Proven before the first frame, if ever; SASL has an exchange of its own.
  if (scheme === 'x509') return identities.find((identity) => identity.scheme === 'x509') ?? null;
  if (scheme !== 'digest' || auth.length > MAX_IDENTITY_BYTES / 4) return null;
  const id = digestOf(state.config.sha1, decoder.decode(auth));
  return id === state.config.superDigest ? { scheme: 'super', id: '' } : { scheme, id };
}

/** Unknown schemes and surplus identities are refused and the connection closed, as ZooKeeper does. */
export function onAuth(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  reader.reset(request.bytes, HEADER_BYTES);
  reader.int();
  const scheme = reader.string();
  const auth = reader.buffer();
  if (scheme === 'ip' && !reader.failed) return accept(state, env, connection, request.xid);
  const identity = reader.failed
    ? null
    : identify(state, connection, scheme ?? '', auth ?? new Uint8Array(0));
  if (identity === null || !addIdentity(connection, identity)) {
    state.tally.authRefused++;
    sendHeader(state, env, connection, request.xid, 0, ErrorCode.authFailed);
    return closeConnection(state, env, connection);
  }
  accept(state, env, connection, request.xid);
}

const accept = (state: GatewayState, env: Env<GatewayMessage>, connection: Connection, xid: number): void =>
  sendHeader(state, env, connection, xid, 0, ErrorCode.ok);
