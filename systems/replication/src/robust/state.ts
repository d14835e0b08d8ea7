/** What the robustness policies of one replica remember. Nothing of it survives a restart: none of it is a promise. */

import type { Millis } from '@concordat/kernel';
import { createFairness, type Fairness } from './fairness.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { createThroughput, type Throughput } from './throughput.ts';

export interface Robust {
  readonly throughput: Throughput;
  readonly heartbeat: Heartbeat;
  readonly fairness: Fairness;
}

export const createRobust = (members: number, now: Millis): Robust => ({
  throughput: createThroughput(members, now),
  heartbeat: createHeartbeat(now),
  fairness: createFairness(),
});
