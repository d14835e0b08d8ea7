/**
 * A preset is one readable record: the composition that a published system is, or that Concordat chose. Whatever it does not
 * name is `replicaConfig`'s default.
 */

import type { ReplicaSettings } from '../config.ts';
import { type FaultModel, faultModelProblem } from '../fault-model.ts';

export interface Preset {
  readonly name: PresetName;
  /** One sentence for a help text. */
  readonly summary: string;
  /** Where the composition is from. */
  readonly source: string;
  readonly settings: Partial<ReplicaSettings>;
  /** The fault model that is run when this one is asked for: some systems buy more with more members. */
  readonly faults: (asked: FaultModel) => FaultModel;
}

export type PresetName =
  | 'concordat'
  | 'zyzzyva'
  | 'zyzzyva5'
  | 'pbft'
  | 'aardvark'
  | 'crash'
  | 'upright'
  | 'upright-separated'
  | 'executors';

/** The reason why a preset cannot be run with this fault model, or null. */
export const presetProblem = (preset: Preset, asked: FaultModel): string | null =>
  faultModelProblem(preset.faults(asked));
