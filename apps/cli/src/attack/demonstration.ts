/** What makes a daemon obey `concordat attack`. */
import type { DaemonOptions } from '../daemon/daemon.ts';
export const createDemonstration = (): Partial<DaemonOptions> => ({});
