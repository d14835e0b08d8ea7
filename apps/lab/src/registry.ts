/** Every experiment, in the order of the report. */

import type { AnyExperiment } from './experiment.ts';
import { authenticators } from './experiments/authenticators/experiment.ts';
import { messageDelays } from './experiments/message-delays/experiment.ts';

export const EXPERIMENTS: readonly AnyExperiment[] = [messageDelays, authenticators];
