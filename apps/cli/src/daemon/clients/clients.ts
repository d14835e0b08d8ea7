/**
 * How clients reach a daemon, and how it knows who they are: the plain port, the port with TLS, certificates and the users of
 * SASL. What comes from files is read anew on request, all of it or nothing.
 */

import { type GatewayConfig, type GatewayMessage, subjectOf } from '@concordat/keeper';
import { createFraming } from '@concordat/keeper/edge';
import type { NodeId } from '@concordat/kernel';
import type { Address, Listener, Logger } from '@concordat/runtime';
import { messageOf } from '../../errors.ts';
import { openSaslUsers } from './sasl-users.ts';
import { createSecurePort, type SecurePortOptions } from './secure-port.ts';

export interface ClientOptions {
  /** Where ZooKeeper clients connect. */
  readonly clients: Address;
  /** Where they connect with TLS, too. */
  readonly secure?: SecurePortOptions;
  /** The file with the users of SASL. */
  readonly saslUsers?: string;
  /** Who is a super user, by certificate and by SASL. */
  readonly superSubject?: string;
  readonly superUser?: string;
  /** Schemes in one of which clients must prove to be somebody before anything else. */
  readonly requiredSchemes?: ReadonlySet<string>;
}

export interface Clients {
  readonly listeners: readonly Listener<GatewayMessage>[];
  readonly gateway: Pick<
    GatewayConfig,
    'addressOf' | 'isSecure' | 'subjectOf' | 'superSubject' | 'sasl' | 'requiredSchemes'
  >;
  /** Reads the files again and says in the log whether they are in force now: what cannot be used must not end what works. */
  reload(logger: Logger): void;
}

/** Throws a `CommandError` for files that cannot be used. */
export function openClients(options: ClientOptions): Clients {
  const { clients, secure, saslUsers, superSubject, superUser, requiredSchemes } = options;
  const addresses = new Map<NodeId, string>();
  /** Of the connections with TLS; null without a certificate. */
  const subjects = new Map<NodeId, string | null>();
  const port = secure && createSecurePort(secure);
  const sasl = saslUsers === undefined ? undefined : openSaslUsers(saslUsers);
  const common = {
    framing: createFraming(),
    onOpened: (id: NodeId, address: string) => void addresses.set(id, address),
    onClosed: (id: NodeId) => {
      addresses.delete(id);
      subjects.delete(id);
    },
  };
  const onOpened = (id: NodeId, address: string, certificate: Uint8Array | undefined): void => {
    addresses.set(id, address);
    subjects.set(id, certificate === undefined ? null : subjectOf(certificate));
  };
  const listeners: Listener<GatewayMessage>[] = [{ ...common, ...clients, name: 'clients' }];
  if (secure !== undefined && port !== undefined) {
    const certified = { server: port.server, certificates: secure.certificates };
    listeners.push({ ...common, ...secure.address, onOpened, name: 'clients-tls', certified });
  }
  return {
    listeners,
    gateway: {
      addressOf: (id) => addresses.get(id) ?? '',
      isSecure: (id) => subjects.has(id),
      subjectOf: (id) => subjects.get(id) ?? null,
      ...(superSubject !== undefined && { superSubject }),
      ...(sasl && { sasl: { ...sasl.users, ...(superUser !== undefined && { superUser }) } }),
      ...(requiredSchemes && { requiredSchemes }),
    },
    reload: (logger) => {
      try {
        const steps = [port, sasl].map((source) => source?.read());
        for (const putInForce of steps) putInForce?.();
        logger.info('reloaded');
      } catch (error) {
        logger.error('reload-failed', { why: messageOf(error) });
      }
    },
  };
}
