/**
 * The port of ZooKeeper clients, as the gateway needs it: who may come in is decided when a socket is accepted, whom the
 * gateway holds is not read, and what clients have not taken is told.
 */

import { createDoor, GATEWAY_LIMITS, type GatewayConfig, type GatewayLimits } from '@concordat/keeper';
import { createFraming } from '@concordat/keeper/edge';
import type { NodeId } from '@concordat/kernel';
import type { Address, Listener, Stream } from '@concordat/runtime';
import type { DomainMessage } from '../domain/domain.ts';

export interface ClientPort {
  readonly listener: Listener<DomainMessage>;
  readonly gateway: Pick<GatewayConfig, 'limits' | 'door' | 'flow' | 'addressOf'>;
}

/** Of one connection's messages that wait for a turn. A frame on its way comes on top, whatever its size. */
const INBOX_BYTES = 256 * 1024;

export function createClientPort(place: Address, limits: GatewayLimits = GATEWAY_LIMITS): ClientPort {
  const open = new Map<NodeId, { readonly address: string; readonly stream: Stream }>();
  const door = createDoor(limits);
  const listener: Listener<DomainMessage> = {
    name: 'clients',
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
    onOpened: (id, address, stream) => open.set(id, { address, stream }),
    onClosed: (id) => open.delete(id),
  };
  return {
    listener,
    gateway: {
      limits,
      door,
      flow: {
        hold: (id, isHeld) => open.get(id)?.stream.hold(isHeld),
        unread: (id) => open.get(id)?.stream.unread ?? 0,
      },
      addressOf: (id) => open.get(id)?.address ?? '',
    },
  };
}
