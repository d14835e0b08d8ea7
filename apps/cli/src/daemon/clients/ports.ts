/**
 * The ports of ZooKeeper clients, plain and with TLS, as the gateway needs them: who may come in is decided when a socket is
 * accepted, whom the gateway holds is not read, and what clients have not taken is told. Both share one door.
 */

import {
  createDoor,
  GATEWAY_LIMITS,
  type GatewayConfig,
  type GatewayLimits,
  type GatewayMessage,
  subjectOf,
} from '@concordat/keeper';
import { createFraming } from '@concordat/keeper/edge';
import type { NodeId } from '@concordat/kernel';
import type { Address, Listener, Stream } from '@concordat/runtime';
import { createSecurePort, type SecurePort, type SecurePortOptions } from './secure-port.ts';

export interface PortOptions {
  /** Where ZooKeeper clients connect. */
  readonly clients: Address;
  /** Where they connect with TLS, too. */
  readonly secure?: SecurePortOptions;
  /** What clients may make the daemon do and keep; the defaults unless told. */
  readonly limits?: GatewayLimits;
}

export interface Ports {
  readonly listeners: readonly Listener<GatewayMessage>[];
  readonly gateway: Pick<GatewayConfig, 'limits' | 'door' | 'flow' | 'addressOf' | 'isSecure' | 'subjectOf'>;
  /** The one with TLS. */
  readonly secure: SecurePort | undefined;
}

interface Open {
  readonly address: string;
  readonly stream: Stream;
  readonly isSecure: boolean;
  /** Of the client's certificate; null without one. */
  readonly subject: string | null;
}

/** Of one connection's messages that wait for a turn. A frame on its way comes on top, whatever its size. */
const INBOX_BYTES = 256 * 1024;

/** Throws a `CommandError` for files that cannot be used. */
export function createPorts({ clients, secure, limits = GATEWAY_LIMITS }: PortOptions): Ports {
  const open = new Map<NodeId, Open>();
  const door = createDoor(limits);
  const listenerAt = (name: string, place: Address, isSecure: boolean): Listener<GatewayMessage> => ({
    name,
    ...place,
    framing: createFraming(limits.maxFrameBytes),
    limits: {
      // The door knows both, and whom they are not for.
      connectionsMax: Number.MAX_SAFE_INTEGER,
      connectionsPerAddress: Number.MAX_SAFE_INTEGER,
      firstMessageMs: limits.handshakeMs,
      inboxBytes: INBOX_BYTES,
      // The gateway, which learns what is unread a turn later, closes at less.
      outboxBytes: 2 * limits.maxUnreadBytes,
    },
    admits: door.enter,
    onLeft: door.leave,
    onOpened: (id, address, stream, certificate) => {
      const subject = certificate === undefined ? null : subjectOf(certificate);
      open.set(id, { address, stream, isSecure, subject });
    },
    onClosed: (id) => void open.delete(id),
  });
  const listeners = [listenerAt('clients', clients, false)];
  const port = secure && createSecurePort(secure);
  if (secure !== undefined && port !== undefined) {
    const certified = { server: port.server, certificates: secure.certificates };
    listeners.push({ ...listenerAt('clients-tls', secure.address, true), certified });
  }
  return {
    listeners,
    gateway: {
      limits,
      door,
      flow: {
        hold: (id, isHeld) => open.get(id)?.stream.hold(isHeld),
        unread: (id) => open.get(id)?.stream.unread ?? 0,
      },
      addressOf: (id) => open.get(id)?.address ?? '',
      isSecure: (id) => open.get(id)?.isSecure === true,
      subjectOf: (id) => open.get(id)?.subject ?? null,
    },
    secure: port,
  };
}
