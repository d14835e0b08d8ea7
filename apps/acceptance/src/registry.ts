/** Every acceptance trial, in the order in which `all` runs them. */

import { clients } from './clients.ts';

import type { Acceptance } from './trial.ts';

export const TRIALS: readonly Acceptance[] = [clients];
