/** Draws the surroundings of a run: a network and disks as different as those that people have. */

import type { Prng } from '@concordat/kernel';
import type { ClockOptions } from '../clock.ts';
import type { DiskOptions } from '../disk.ts';
import type { NetworkOptions } from '../network.ts';

/** From a rack to another continent, calm or not. Links stay first-in first-out. */
export function randomNetwork(random: Prng): NetworkOptions {
  const latencyMs = random.pick([0.1, 0.5, 2, 10, 50]);
  return {
    latencyMs,
    jitterMs: latencyMs * random.pick([0, 0.2, 1, 4]),
    tailChance: random.pick([0, 0, 0.01, 0.1]),
    tailMs: latencyMs * 20,
    lossChance: random.pick([0, 0, 0.001, 0.02]),
    detectMs: random.pick([100, 500, 2000]),
    reconnectMs: random.pick([5, 50, 200]),
  };
}

/** From memory to a tired drive. */
export function randomDisk(random: Prng): DiskOptions {
  const syncMs = random.pick([0, 0.1, 1, 5, 20]);
  return {
    syncMs,
    jitterMs: syncMs,
    stallChance: random.pick([0, 0, 0.001, 0.01]),
    tornChance: random.pick([0, 0.5, 1]),
    segmentRecords: random.pick([0, 1, 8, 100]),
  };
}

/** Off by up to a tenth of a second, drifting by up to 200 ppm. */
export const randomClock = (random: Prng): ClockOptions => ({
  offsetMs: 1_000_000 + random.unit() * 200 - 100,
  drift: (random.unit() * 2 - 1) * 2e-4,
});
