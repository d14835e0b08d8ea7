/**
 * One packet of an MPEG transport stream (ISO/IEC 13818-1, section 2.4.3): 188 bytes that begin with 0x47. Reading never
 * fails: a packet whose fields contradict each other has no payload.
 *
 *   0x47 | error 1, start 1, priority 1, pid 13 | scrambling 2, adaptation 1, payload 1, counter 4 | ...
 */

export const PACKET_BYTES = 188;
export const SYNC_BYTE = 0x47;
export const PAT_PID = 0;
/** Stuffing of constant bit rates: nobody needs it. */
export const NULL_PID = 0x1fff;

const HEADER_BYTES = 4;

export interface TsPacket {
  readonly bytes: Uint8Array;
  readonly pid: number;
  /** The sender knew it to be broken. */
  readonly isErroneous: boolean;
  /** A PES packet or a section begins in it. */
  readonly isStart: boolean;
  /** The encoder says that decoding can begin here (random_access_indicator). */
  readonly isRandomAccess: boolean;
  /** The encoder says that counters and clocks begin anew (discontinuity_indicator). */
  readonly isDiscontinuous: boolean;
  /** In [0, 16). */
  readonly counter: number;
  /** Where the payload begins; PACKET_BYTES if there is none. */
  readonly payloadAt: number;
}

/** Reads `bytes`, of which there are PACKET_BYTES. */
export function readPacket(bytes: Uint8Array): TsPacket {
  const second = bytes[1] ?? 0;
  const fourth = bytes[3] ?? 0;
  const hasAdaptation = (fourth & 0x20) !== 0;
  const adaptationBytes = hasAdaptation ? (bytes[HEADER_BYTES] ?? 0) + 1 : 0;
  const flags = adaptationBytes > 1 ? (bytes[HEADER_BYTES + 1] ?? 0) : 0;
  const hasPayload = (fourth & 0x10) !== 0;
  return {
    bytes,
    pid: ((second & 0x1f) << 8) | (bytes[2] ?? 0),
    isErroneous: (second & 0x80) !== 0,
    isStart: (second & 0x40) !== 0,
    isRandomAccess: (flags & 0x40) !== 0,
    isDiscontinuous: (flags & 0x80) !== 0,
    counter: fourth & 0x0f,
    payloadAt: hasPayload ? Math.min(PACKET_BYTES, HEADER_BYTES + adaptationBytes) : PACKET_BYTES,
  };
}

/** What was seen of each PID's counters: gaps in them are packets that the network lost. */
export interface Continuity {
  readonly last: Map<number, { readonly counter: number; readonly repetitions: number }>;
  /** Packets after which at least one was missing. */
  breaks: number;
}

export const createContinuity = (): Continuity => ({ last: new Map(), breaks: 0 });

/** False for a repetition of the last packet, which is to be left out. Section 2.4.3.3 allows one: more are an encoder that does not count. */
export function follows(continuity: Continuity, packet: TsPacket): boolean {
  // Only packets with a payload are counted.
  if (packet.payloadAt === PACKET_BYTES) return true;
  const { last } = continuity;
  const before = last.get(packet.pid);
  const isSame = before?.counter === packet.counter && !packet.isDiscontinuous;
  const repetitions = isSame ? before.repetitions + 1 : 0;
  last.set(packet.pid, { counter: packet.counter, repetitions });
  if (before === undefined || packet.isDiscontinuous) return true;
  if (repetitions === 1) return false;
  if (packet.counter !== ((before.counter + 1) & 0x0f)) continuity.breaks++;
  return true;
}
