/**
 * What a stream was worth to a peer: (1 - j) * benefit - upCost * upload - downCost * download, per round and in units of the
 * stream's rate (FlightPath, OSDI 2008). In BAR Gossip, where every packet counts, j is the share of packets that came too late.
 */

import type { StreamConfig } from '../config.ts';
import { type Meter, totalBytes } from './meter.ts';

/** Null for a peer to whom nothing was due. */
export function utilityOf(config: StreamConfig, meter: Meter): number | null {
  if (meter.rounds === 0) return null;
  const { benefit, upCost, downCost } = config.utility;
  const lost =
    config.protocol.kind === 'gossip' ? 1 - meter.inTime / meter.due : meter.jittered / meter.rounds;
  const streamBytes = meter.lived * config.neededPackets * config.packetBytes;
  const cost = upCost * totalBytes(meter.up) + downCost * totalBytes(meter.down);
  return (1 - lost) * benefit - cost / streamBytes;
}
