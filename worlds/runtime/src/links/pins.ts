/**
 * Who is at the other end: mutual TLS 1.3 proves possession of the certificate's key, and the pin says whose key that
 * is. No certificate authority, name or date takes part, so certificates are self-signed and never expire.
 */

import { constants } from 'node:crypto';
import { createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { NodeId } from '@concordat/kernel';
import { matchesCertificate, pinOf, type TlsIdentity } from '../crypto/identity.ts';
import { asError, RuntimeError } from '../errors.ts';

/** Changes whenever frames do: members of two formats fail in the handshake, with a reason. */
export const LINK_PROTOCOL = 'concordat-link/1';
/** Links that come and go: they can be parted from. */
export const PEER_PROTOCOL = 'concordat-peer/1';
/** The same by a caller who first shows why it should be known (`introduction.ts`). */
export const INTRODUCED_PROTOCOL = 'concordat-peer-introduced/1';
/** What peers and relays say to each other. */
export const RELAY_PROTOCOL = 'concordat-relay/1';

export function linkContext(identity: TlsIdentity): SecureContext {
  try {
    if (!matchesCertificate(identity)) throw new Error('the private key does not belong to the certificate');
    return createSecureContext({
      key: identity.key,
      cert: identity.cert,
      minVersion: 'TLSv1.3',
      // A resumed session would skip the certificates.
      secureOptions: constants.SSL_OP_NO_TICKET,
    });
  } catch (error) {
    throw new RuntimeError(
      'bad-configuration',
      `the link identity is unusable: ${asError(error).message}`,
      error,
    );
  }
}

/** Pins by peer, as a lookup from pin to peer. Throws `bad-configuration` for a malformed or repeated pin. */
export function pinTable(peers: ReadonlyMap<NodeId, { readonly pin: string }>): ReadonlyMap<string, NodeId> {
  const table = new Map<string, NodeId>();
  for (const [id, { pin }] of peers) {
    if (!/^[0-9a-f]{64}$/.test(pin)) {
      throw new RuntimeError(
        'bad-configuration',
        `the pin of member ${id} is not 64 lower-case hexadecimal digits`,
      );
    }
    if (table.has(pin))
      throw new RuntimeError('bad-configuration', `members ${table.get(pin)} and ${id} share a pin`);
    table.set(pin, id);
  }
  return table;
}

/** The member at the other end of an established TLS socket that speaks one of the protocols, or null. */
export function identify(
  socket: TLSSocket,
  pins: ReadonlyMap<string, NodeId>,
  protocols: readonly string[],
): NodeId | null {
  if (!protocols.includes(`${socket.alpnProtocol}`)) return null;
  const certificate = socket.getPeerX509Certificate();
  return certificate === undefined ? null : (pins.get(pinOf(certificate.raw)) ?? null);
}
