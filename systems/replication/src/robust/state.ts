/** What the robustness policies of one replica remember. Nothing of it survives a restart: none of it is a promise. */

import type { Millis } from '@concordat/kernel';
import { type ClientFilter, createClientFilter } from './client-filter.ts';
import { createFairness, type Fairness } from './fairness.ts';
import { createFlood, type Flood } from './flood.ts';
import { createHeartbeat, type Heartbeat } from './heartbeat.ts';
import { createThroughput, type Throughput } from './throughput.ts';

export interface Robust {
  readonly throughput: Throughput;
  readonly heartbeat: Heartbeat;
  readonly fairness: Fairness;
  readonly flood: Flood;
  readonly clients: ClientFilter;
}

/** Of a federation of `members`, whose ids are below `idsEnd`. */
export const createRobust = (members: number, idsEnd: number, now: Millis): Robust => ({
  throughput: createThroughput(members, now),
  heartbeat: createHeartbeat(now),
  fairness: createFairness(),
  flood: createFlood(idsEnd, now),
  clients: createClientFilter(),
});
