/** Every acceptance trial, and those that `all` runs, in its order. */

import { clients } from './clients.ts';
import { crawl } from './crawl.ts';
import { credentials } from './credentials.ts';
import { differential } from './differential/differential.ts';
import { histories } from './histories.ts';
import { hostile } from './hostile.ts';
import { killAll } from './kill-all.ts';
import { killOne } from './kill-one.ts';
import { bookKeeper } from './products/bookkeeper.ts';
import { kafka } from './products/kafka.ts';
import { patroni } from './products/patroni.ts';
import { recovery } from './recovery/recovery.ts';
import { rolling } from './rolling.ts';
import { soak } from './soak/soak.ts';
import { streaming } from './streaming/streaming.ts';
import { suites } from './suites/suites.ts';
import { syscalls } from './syscalls.ts';
import type { Acceptance } from './trial.ts';

export const TRIALS: readonly Acceptance[] = [
  clients,
  credentials,
  differential,
  killOne,
  killAll,
  rolling,
  histories,
  syscalls,
  hostile,
  recovery,
];

/** What needs the network, or minutes, is run by name only. */
export const NAMED_ONLY: readonly Acceptance[] = [suites, soak, streaming, crawl, kafka, patroni, bookKeeper];
