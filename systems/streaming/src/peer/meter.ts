/**
 * What a peer's bytes were for, and what it played: accountability's meter with a stream's counters, from which utilities, caps and
 * reports are computed. Bytes are those that messages take on the wire, whether or not they were encoded.
 */

import type { Meter } from '@concordat/accountability';

/** Classes of bytes: packets, junk for packets, everything else. */
export const USEFUL = 0;
export const JUNK_BYTES = 1;
export const CONTROL = 2;
export type ByteClass = typeof USEFUL | typeof JUNK_BYTES | typeof CONTROL;

export const BYTE_CLASSES = 3;

export interface StreamMeter extends Meter {
  /** Bytes uploaded in this round, and in the round with most. */
  roundUp: number;
  maxRoundUp: number;
  /** Rounds in which this peer took part. */
  lived: number;
  /** Rounds whose deadline came, and of these those with too few packets. */
  rounds: number;
  jittered: number;
  /** Packets that were there at their deadline, of how many. */
  inTime: number;
  due: number;
  /** Packets that came twice; packets and headers that did not verify. */
  duplicates: number;
  hostile: number;
  /** Messages without effect: for another round or somebody else, said before, or not for their sender to say. */
  voids: number;
  /** Packets got in return for pushes, and junk. */
  pushReturns: number;
  pushJunk: number;
}

/** PERF: one literal, so that all counters lie in the record itself. */
export const createStreamMeter = (): StreamMeter => ({
  up: new Float64Array(BYTE_CLASSES),
  down: new Float64Array(BYTE_CLASSES),
  signatures: 0,
  verifications: 0,
  roundUp: 0,
  maxRoundUp: 0,
  lived: 0,
  rounds: 0,
  jittered: 0,
  inTime: 0,
  due: 0,
  duplicates: 0,
  hostile: 0,
  voids: 0,
  pushReturns: 0,
  pushJunk: 0,
});

export function closeRound(meter: StreamMeter): void {
  if (meter.roundUp > meter.maxRoundUp) meter.maxRoundUp = meter.roundUp;
  meter.roundUp = 0;
  meter.lived++;
}
