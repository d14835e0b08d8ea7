/**
 * The check of packets for large simulations: a packet is an object that never changes, so what one peer found out about it
 * holds for all. Every other object, a forged one too, is checked for itself.
 *
 * PERF: 50 ns for a packet that was seen before, against 4 us for a Merkle path of six.
 */

import type { RoundHeader } from '../content/header.ts';
import type { Packet, PacketCheck } from '../content/packets.ts';

export function shareCheck(check: PacketCheck): PacketCheck {
  const verifiedBy = new WeakMap<Packet, RoundHeader>();
  return (header, packet) => {
    if (verifiedBy.get(packet) === header) return true;
    const holds = check(header, packet);
    if (holds) verifiedBy.set(packet, header);
    return holds;
  };
}
