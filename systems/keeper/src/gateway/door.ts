/**
 * Who may connect: a number of connections in all and from each address. Decided when a connection begins, before
 * anything is spent on it.
 *
 * This machine's own addresses have no limit of their own: whoever runs programs here needs no connections to do harm, and
 * proxies and side-cars speak for many clients from there. Nor is there one for members' addresses: replicas are no
 * clients, and a domain whose clients come through one address raises the limit.
 */

import type { GatewayLimits } from './limits.ts';

export interface Door {
  /** Why a connection from this address is refused; null lets it in, and `leave` must follow when it ends. */
  enter(address: string): string | null;
  leave(address: string): void;
  /** Connections refused so far. */
  readonly refused: number;
}

const isLoopback = (address: string): boolean =>
  address === '::1' || /^(::ffff:)?127\.\d+\.\d+\.\d+$/.test(address);

export function createDoor(limits: Pick<GatewayLimits, 'maxConnections' | 'maxPerAddress'>): Door {
  const { maxConnections, maxPerAddress } = limits;
  const present = new Map<string, number>();
  let total = 0;
  let refused = 0;
  const judge = (already: number, address: string): string | null => {
    if (maxConnections > 0 && total >= maxConnections) return 'too many connections';
    const isFull = maxPerAddress > 0 && already >= maxPerAddress && !isLoopback(address);
    return isFull ? 'too many connections from its address' : null;
  };
  return {
    enter: (address) => {
      const already = present.get(address) ?? 0;
      const why = judge(already, address);
      if (why !== null) {
        refused++;
        return why;
      }
      total++;
      present.set(address, already + 1);
      return null;
    },
    leave: (address) => {
      total--;
      const left = (present.get(address) ?? 1) - 1;
      if (left > 0) present.set(address, left);
      else present.delete(address);
    },
    get refused() {
      return refused;
    },
  };
}
