/**
 * SASL logins (opcode 102), as ZooKeeper's: the first token asks for a challenge, the next answers it, and the identity
 * `sasl:NAME` is the connection's from then on. The nonce is the host's secret of this one exchange, so nothing that was
 * heard on another connection can be played again.
 */

import type { Env } from '@concordat/kernel';
import { toHex } from '@concordat/wire';
import {
  challengeOf,
  digestsOf,
  isSameDigest,
  type Md5,
  proofOf,
  readDigestResponse,
} from '../credentials/digest-md5.ts';
import { ErrorCode } from '../jute/protocol.ts';
import { createJuteReader } from '../jute/reader.ts';
import { writeReplyHeader } from '../jute/responses.ts';
import { writeBuffer } from '../jute/writer.ts';
import { addIdentity, isRequired } from './admission.ts';
import { answers, closeConnection, sendFrame } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState, QueuedRequest } from './state.ts';

export interface SaslUsers {
  readonly md5: Md5;
  /** `loginSecret` of a user; null for nobody's name. */
  secretOf(user: string): Uint8Array | null;
  /** Who is the super user, too: ZooKeeper's `zookeeper.superUser`. */
  readonly superUser?: string;
}

const HEADER_BYTES = 8;
const NONCE_BYTES = 20;
/** A name that nobody has takes as long as a wrong password. */
const NO_SECRET = new Uint8Array(16);
const reader = createJuteReader();

export function onSasl(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  const users = state.config.sasl;
  // As a ZooKeeper without SASL: the exchange ends at once, with no token and no identity gained.
  if (users === undefined) return reply(state, env, connection, request, ErrorCode.ok, null);
  reader.reset(request.bytes, HEADER_BYTES);
  const token = reader.buffer() ?? new Uint8Array(0);
  const answer = reader.failed ? null : respond(env, connection, users, token);
  if (answer !== null) return reply(state, env, connection, request, ErrorCode.ok, answer);
  state.tally.authRefused++;
  const err = isRequired(state, 'sasl') ? ErrorCode.sessionClosedRequireAuth : ErrorCode.authFailed;
  reply(state, env, connection, request, err, null);
  closeConnection(state, env, connection);
}

/** The next token; null ends the exchange. */
function respond(
  env: Env<GatewayMessage>,
  connection: Connection,
  users: SaslUsers,
  token: Uint8Array,
): Uint8Array | null {
  const { saslNonce } = connection;
  if (saslNonce === null) {
    // Whatever it says, as in ZooKeeper: without a nonce it can prove nothing.
    connection.saslNonce = toHex(env.secret(NONCE_BYTES));
    return challengeOf(connection.saslNonce);
  }
  // Nothing follows the second token, whatever it says.
  connection.saslNonce = '';
  const response = readDigestResponse(token);
  if (saslNonce === '' || response === null || response.nonce !== saslNonce) return null;
  const { user, speaksFor } = response;
  const secret = users.secretOf(user);
  const { client, server } = digestsOf(users.md5, secret ?? NO_SECRET, response);
  const isProven = isSameDigest(client, response.digest) && secret !== null;
  // Nobody speaks for somebody else.
  if (!isProven || (speaksFor !== null && speaksFor !== '' && speaksFor !== user)) return null;
  if (!addIdentity(connection, { scheme: 'sasl', id: user })) return null;
  if (user === users.superUser && !addIdentity(connection, { scheme: 'super', id: '' })) return null;
  return proofOf(server);
}

function reply(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
  err: number,
  token: Uint8Array | null,
): void {
  writeReplyHeader(answers, request.xid, 0, err);
  writeBuffer(answers, token);
  sendFrame(state, env, connection, answers.finish());
}
