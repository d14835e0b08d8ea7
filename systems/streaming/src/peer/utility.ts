/**
 * What a stream was worth to a peer: accountability's utility, (1 - j) * benefit - upCost * upload - downCost * download, per round and in
 * units of the stream's rate (FlightPath, OSDI 2008). In BAR Gossip, where every packet counts, j is the share of packets that came too
 * late.
 */

import { type Benefit, bytePrices, type Meter, utilityOf } from '@concordat/accountability';
import type { StreamConfig } from '../config.ts';
import { BYTE_CLASSES, type StreamMeter } from './meter.ts';

/** Utility of what `costs` brought; null if nothing was due. */
export function utilityFor(config: StreamConfig, costs: Meter, got: Benefit): number | null {
  const { benefit, upCost, downCost } = config.utility;
  const roundBytes = config.neededPackets * config.packetBytes;
  return utilityOf(costs, got, bytePrices(BYTE_CLASSES, benefit, upCost / roundBytes, downCost / roundBytes));
}

/** Null for a peer to whom nothing was due. */
export function streamUtility(config: StreamConfig, meter: StreamMeter): number | null {
  const { rounds, jittered, inTime, due, lived: periods } = meter;
  if (config.protocol.kind === 'gossip')
    return utilityFor(config, meter, { delivered: inTime, due, periods });
  return utilityFor(config, meter, { delivered: rounds - jittered, due: rounds, periods });
}
