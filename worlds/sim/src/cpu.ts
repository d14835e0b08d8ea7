/**
 * What work costs on a simulated node, so that throughput and latency curves can be drawn without hardware. A node
 * has one core for its turns; jobs that leave the thread go to `workers` further cores, or to the same core if there
 * are none.
 */

export interface CpuCosts {
  /** Per turn: waking, polling, `settle`. */
  readonly turnUs: number;
  /** Per message received, beside its bytes. */
  readonly receiveUs: number;
  /** Per message sent, beside its bytes. */
  readonly sendUs: number;
  /** Per frame sent: one write and one authentication. */
  readonly frameUs: number;
  /** Per byte received, sent or appended. Counts only where a codec tells sizes. */
  readonly byteUs: number;
  /** Per record appended. */
  readonly appendUs: number;
  /** Per signature checked by an offloaded job. */
  readonly verifyUs: number;
  /** Cores for offloaded jobs; 0 runs them on the turn's core. */
  readonly workers: number;
}

/** Infinitely fast. */
export const freeCosts: CpuCosts = {
  turnUs: 0,
  receiveUs: 0,
  sendUs: 0,
  frameUs: 0,
  byteUs: 0,
  appendUs: 0,
  verifyUs: 0,
  workers: 0,
};

/** Measured on one core of a 2024 server with Node 20; ratios hold elsewhere. Ed25519 verification is 109 us. */
export const measuredCosts: CpuCosts = {
  turnUs: 12,
  receiveUs: 0.6,
  sendUs: 0.4,
  frameUs: 6,
  byteUs: 0.001,
  appendUs: 0.5,
  verifyUs: 109,
  workers: 0,
};
