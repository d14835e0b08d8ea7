/**
 * Who a connection's client is: what its address and its certificate say from the start, what it proves later, and what it
 * must have proven before it may ask for anything. All of it is this domain's word (DESIGN section 9, rule 9).
 */

import type { Env, NodeId } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import { type Identity, MAX_IDENTITIES, MAX_IDENTITY_BYTES } from '../tree/acl.ts';
import { closeConnection, sendHeader } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayConfig, GatewayState, QueuedRequest } from './state.ts';

/** The peer's address as ZooKeeper's identities name it: IPv4 also when it arrives mapped into IPv6. */
export const addressAt = (config: GatewayConfig, connection: NodeId): string =>
  config.addressOf(connection).replace(/^::ffff:(?=\d+\.)/, '');

/** What a connection's client is before it says anything: its address, and its certificate's subject. */
export function identitiesAt(config: GatewayConfig, connection: NodeId): readonly Identity[] {
  const address = { scheme: 'ip', id: addressAt(config, connection) };
  const subject = config.subjectOf?.(connection) ?? null;
  // A name too long for an order is none.
  if (subject === null || utf8(subject).length > MAX_IDENTITY_BYTES) return [address];
  const certified = [address, { scheme: 'x509', id: subject }];
  return subject === config.superSubject ? [...certified, { scheme: 'super', id: subject }] : certified;
}

/** False when the connection has as many as it may. Lists are replaced, because orders under way refer to them. */
export function addIdentity(connection: Connection, identity: Identity): boolean {
  const { identities } = connection;
  if (identities.some(({ scheme, id }) => scheme === identity.scheme && id === identity.id)) return true;
  if (identities.length >= MAX_IDENTITIES) return false;
  connection.identities = [...identities, identity];
  return true;
}

export const isRequired = ({ config }: GatewayState, scheme: string): boolean =>
  config.requiredSchemes?.has(scheme) === true;

/** Who has proven nothing that is required may only do so: anything else, also a ping, ends the connection. */
export function isAdmitted(state: GatewayState, { identities }: Connection, op: number): boolean {
  const { requiredSchemes } = state.config;
  if (requiredSchemes === undefined || op === OpCode.auth || op === OpCode.sasl) return true;
  return identities.some(({ scheme }) => requiredSchemes.has(scheme) || scheme === 'super');
}

/** As ZooKeeper with `enforce.auth.enabled`. */
export function turnAway(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
): void {
  state.tally.authRefused++;
  sendHeader(state, env, connection, request.xid, 0, ErrorCode.sessionClosedRequireAuth);
  closeConnection(state, env, connection);
}
