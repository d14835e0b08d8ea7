/**
 * How clients reach a daemon, and how it knows who they are: ports, certificates and the users of SASL. What comes from files
 * is read anew on request, all of it or nothing.
 */

import type { GatewayConfig } from '@concordat/keeper';
import type { Logger } from '@concordat/runtime';
import { messageOf } from '../../errors.ts';
import { createPorts, type PortOptions, type Ports } from './ports.ts';
import { openSaslUsers } from './sasl-users.ts';

export interface ClientOptions extends PortOptions {
  /** The file with the users of SASL. */
  readonly saslUsers?: string;
  /** Who is a super user, by certificate and by SASL. */
  readonly superSubject?: string;
  readonly superUser?: string;
  /** Schemes in one of which clients must prove to be somebody before anything else. */
  readonly requiredSchemes?: ReadonlySet<string>;
}

export interface Clients extends Pick<Ports, 'listeners'> {
  readonly gateway: Ports['gateway'] & Pick<GatewayConfig, 'superSubject' | 'sasl' | 'requiredSchemes'>;
  /** Reads the files again and says in the log whether they are in force now: what cannot be used must not end what works. */
  reload(logger: Logger): void;
}

/** Throws a `CommandError` for files that cannot be used. */
export function openClients(options: ClientOptions): Clients {
  const { saslUsers, superSubject, superUser, requiredSchemes } = options;
  const { listeners, gateway, secure } = createPorts(options);
  const sasl = saslUsers === undefined ? undefined : openSaslUsers(saslUsers);
  return {
    listeners,
    gateway: {
      ...gateway,
      ...(superSubject !== undefined && { superSubject }),
      ...(sasl && { sasl: { ...sasl.users, ...(superUser !== undefined && { superUser }) } }),
      ...(requiredSchemes && { requiredSchemes }),
    },
    reload: (logger) => {
      try {
        const steps = [secure, sasl].map((source) => source?.read());
        for (const putInForce of steps) putInForce?.();
        logger.info('reloaded');
      } catch (error) {
        logger.error('reload-failed', { why: messageOf(error) });
      }
    },
  };
}
