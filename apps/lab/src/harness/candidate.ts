/** What the experiments compare: the presets of replication, and which of them are robust. */

import { type Preset, presets, type ReplicaSettings } from '@concordat/replication';

export type Settings = Partial<ReplicaSettings>;

/** A preset, or one with settings of an experiment's own. */
export type Candidate = Pick<Preset, 'settings' | 'faults'> & { readonly name: string };

export const { pbft, aardvark, concordat, zyzzyva, zyzzyva5 } = presets;

/** Those that have 3f + 1 members for f liars. */
export const CANDIDATES: readonly Candidate[] = [pbft, concordat, zyzzyva];

export const withSettings = (candidate: Candidate, settings: Settings): Candidate => ({
  ...candidate,
  settings: { ...candidate.settings, ...settings },
});

/** It replaces primaries that do less than others: Aardvark's bounds are asserted for it. */
export const isRobust = ({ settings }: Candidate): boolean => settings.policies?.regularViews === true;

/** After this time a robust federation has replaced its first primary, whom it could compare with nobody. */
export const FIRST_VIEW_MS = 5500;
