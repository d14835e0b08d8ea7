/**
 * The simulated machines and the network between them: two cores for each node, one of them for signatures, at the
 * costs that `worlds/sim/src/cpu.ts` has from measurements; a local network, and disks that sync like flash. Ratios
 * mean something, absolute figures are those of this imagined room.
 */

import {
  type CpuCosts,
  type DiskOptions,
  freeCosts,
  measuredCosts,
  type NetworkOptions,
} from '@concordat/sim';

export interface Testbed {
  readonly network: NetworkOptions;
  readonly disk: DiskOptions;
  readonly cpu: CpuCosts;
}

export const room: Testbed = {
  network: { latencyMs: 0.1, jitterMs: 0.05 },
  disk: { syncMs: 0.2, jitterMs: 0.1 },
  cpu: { ...measuredCosts, workers: 1 },
};

/** One way of every link, in `delays`. */
export const DELAY_MS = 10;

/** Only the network takes time, and always the same: latency counts message delays. */
export const delays: Testbed = {
  network: { latencyMs: DELAY_MS, jitterMs: 0 },
  disk: { syncMs: 0, jitterMs: 0 },
  cpu: freeCosts,
};

/**
 * The same room with cores that are `times` as slow. Ratios of throughput stay what they are while fewer requests have
 * to be simulated: for the small sizes.
 */
export const slowed = ({ network, disk, cpu }: Testbed, times: number): Testbed => ({
  network,
  disk,
  cpu: {
    turnUs: cpu.turnUs * times,
    receiveUs: cpu.receiveUs * times,
    sendUs: cpu.sendUs * times,
    frameUs: cpu.frameUs * times,
    byteUs: cpu.byteUs * times,
    appendUs: cpu.appendUs * times,
    verifyUs: cpu.verifyUs * times,
    signUs: cpu.signUs * times,
    hashByteUs: cpu.hashByteUs * times,
    workers: cpu.workers,
  },
});
