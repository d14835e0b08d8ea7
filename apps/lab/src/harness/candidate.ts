/** What the experiments compare: the presets of replication, and which of them claim to be robust. */

import { type Preset, presets, type ReplicaSettings } from '@concordat/replication';

export type Settings = Partial<ReplicaSettings>;

/** A preset, or one with settings of an experiment's own. */
export type Candidate = Pick<Preset, 'settings' | 'faults'> & { readonly name: string };

export const { pbft, concordat, zyzzyva, zyzzyva5 } = presets;

/** Those that have 3f + 1 members for f liars. */
export const CANDIDATES: readonly Candidate[] = [pbft, concordat, zyzzyva];

export const withSettings = (candidate: Candidate, settings: Settings): Candidate => ({
  ...candidate,
  settings: { ...candidate.settings, ...settings },
});

/** Presets with policies against slow and greedy members and clients: Aardvark's bounds are asserted for them. */
const ROBUST: ReadonlySet<string> = new Set();

export const isRobust = (name: string): boolean => ROBUST.has(name);
