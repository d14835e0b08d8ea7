/** Every acceptance trial, in the order in which `all` runs them. */

import { clients } from './clients.ts';

import { histories } from './histories.ts';
import { hostile } from './hostile.ts';
import { killAll } from './kill-all.ts';
import { killOne } from './kill-one.ts';
import { syscalls } from './syscalls.ts';
import type { Acceptance } from './trial.ts';

export const TRIALS: readonly Acceptance[] = [clients, killOne, killAll, histories, syscalls, hostile];
