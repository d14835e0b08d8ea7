/** Which members a peer gets packets from, for people who look at its status page. */

import type { NodeId, Process } from '@concordat/kernel';
import type { FlightMessage } from '../../flightpath/messages.ts';
import type { FlightPeer } from '../../flightpath/peer.ts';

export interface Received {
  /** Bytes of briefcases, by who sent them, the latest last. */
  readonly from: ReadonlyMap<NodeId, number>;
  readonly process: Process<FlightPeer, FlightMessage>;
}

/** Partners that are remembered. */
const REMEMBERED = 64;

export function countReceived(process: Process<FlightPeer, FlightMessage>): Received {
  const from = new Map<NodeId, number>();
  const count = (sender: NodeId, bytes: number): void => {
    const before = from.get(sender) ?? 0;
    from.delete(sender);
    from.set(sender, before + bytes);
    for (const oldest of from.keys()) {
      if (from.size <= REMEMBERED) break;
      from.delete(oldest);
    }
  };
  return {
    from,
    process: {
      ...process,
      receive: (state, env, sender, message) => {
        if (message.kind === 'briefcase' && message.sealed.kind === 'bytes')
          count(
            sender,
            message.sealed.chunks.reduce((sum, chunk) => sum + chunk.length, 0),
          );
        process.receive(state, env, sender, message);
      },
    },
  };
}
