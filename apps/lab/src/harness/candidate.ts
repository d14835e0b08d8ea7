/** What the experiments compare: an order protocol with its settings and policies, by name. */

import type { ReplicaOptions } from '@concordat/replication';

export type Settings = Partial<Omit<ReplicaOptions, 'self' | 'cluster' | 'faults'>>;

export interface Candidate {
  readonly name: string;
  readonly settings: Settings;
  /** It claims to be robust, so that Aardvark's bounds are asserted for it. */
  readonly isRobust: boolean;
}

/** PBFT's three phases, whoever is away. */
export const threePhase: Candidate = {
  name: 'three-phase',
  settings: { fastCommit: false },
  isRobust: false,
};

/** Three phases, of which the last is left out while all members accept (docs/decisions/0006). */
export const commitByAll: Candidate = {
  name: 'commit by all',
  settings: { fastCommit: true },
  isRobust: false,
};
