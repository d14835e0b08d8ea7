/**
 * What gateways and witnesses consume: a log of requests in one order, of which only the exposed prefix is shown.
 * Exposed means: no correct learner can ever see another request in that slot (DESIGN section 9, rule 1). Replication
 * implements it; a gateway does not know who replicates it.
 */

import type { Env, Millis } from './env.ts';
import type { Submitter } from './service.ts';

/** One executed request of an exposed batch. */
export interface Outcome extends Submitter {
  readonly seq: number;
  readonly reply: Uint8Array;
}

export interface ExposedBatch {
  readonly slot: number;
  readonly time: Millis;
  readonly outcomes: readonly Outcome[];
  /** What the service emitted while it executed this batch, in order. */
  readonly events: readonly Uint8Array[];
}

/**
 * The state was replaced by a verified snapshot: events between the last batch and this slot were not seen. Outcomes of own
 * requests follow as a batch of this slot, as far as the state still has their replies; of others nobody can tell more than
 * that they were executed.
 */
export interface ExposedSnapshot {
  readonly slot: number;
  readonly time: Millis;
}

export interface OrderedLog<S, M> {
  /**
   * Submits a request under this node's own client and returns its sequence number; null when too many are
   * outstanding. It is retransmitted until its outcome is exposed.
   */
  submit(state: S, env: Env<M>, body: Uint8Array): number | null;
  /** Takes what became exposed since the last call, in order. */
  takeExposed(state: S): readonly (ExposedBatch | ExposedSnapshot)[];
}

export const isBatch = (item: ExposedBatch | ExposedSnapshot): item is ExposedBatch => 'outcomes' in item;
