/**
 * What work costs on a simulated node, so that throughput and latency curves can be drawn without hardware. A node
 * has one core for its turns; jobs that leave the thread go to `workers` further cores, or to the same core if there
 * are none.
 */

import type { Keys } from '@concordat/crypto';

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
  /** Per signature made, and per byte hashed; counted for keys that `meterKeys` wraps. */
  readonly signUs: number;
  readonly hashByteUs: number;
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
  signUs: 0,
  hashByteUs: 0,
  workers: 0,
};

/**
 * From measurements on one core of a shared server with Node 20: a write takes 10 us, TLS moves 700 MB/s, an Ed25519
 * signature takes 36 us to make and 109 us to check, SHA-256 3 ns per byte. Believe ratios, not absolutes.
 */
export const measuredCosts: CpuCosts = {
  turnUs: 5,
  receiveUs: 1,
  sendUs: 0.3,
  frameUs: 10,
  byteUs: 0.0015,
  appendUs: 0.5,
  verifyUs: 109,
  signUs: 36,
  hashByteUs: 0.003,
  workers: 0,
};

/** Keys whose use costs the node that holds them time; `spend` is usually `World.spend` of that node. */
export const meterKeys = (keys: Keys, costs: CpuCosts, spend: (costUs: number) => void): Keys => ({
  hash: (bytes) => {
    spend(costs.hashByteUs * bytes.length);
    return keys.hash(bytes);
  },
  sign: (bytes) => {
    spend(costs.signUs);
    return keys.sign(bytes);
  },
  verify: (signer, bytes, signature) => {
    spend(costs.verifyUs);
    return keys.verify(signer, bytes, signature);
  },
});
