/**
 * From what administrators want to the next configuration, complete as a command needs it. Ids are given once: a member
 * that joins gets one above all that were ever given. A preset is taken whole: what it does not name is as in
 * `replicaConfig`, whatever was in force before.
 */

import { FIRST_ASSOCIATE, type NodeId } from '@concordat/kernel';
import { type FaultModel, faultModelProblem, quorumsOf } from '../fault-model.ts';
import { type Preset, presetProblem } from '../presets/index.ts';
import {
  type Associate,
  associateIds,
  type Configuration,
  type Delegate,
  isAssociateId,
} from './configuration.ts';
import { transitionProblem } from './judgement.ts';
import { stageProblem } from './stages.ts';

/** A newcomer's place, which has no number yet. */
export type Newcomer = Omit<Delegate, 'id'>;

export interface Change {
  /** Nodes that execute beside the members: a change must suit them. 0, or absent, where members execute. */
  readonly executors?: number;
  readonly join?: readonly Newcomer[];
  readonly leave?: readonly NodeId[];
  /** Those that may learn the log and submit requests, without ordering anything. */
  readonly admit?: readonly Omit<Associate, 'id'>[];
  readonly dismiss?: readonly NodeId[];
  /** New replica keys, by member. */
  readonly keys?: ReadonlyMap<NodeId, Uint8Array>;
  /** New keys of administrators, by member. */
  readonly admins?: ReadonlyMap<NodeId, Uint8Array>;
  readonly faults?: FaultModel;
  readonly preset?: Preset;
  /** Of the service: never a lower one, and refused where it is executed unless enough members can run it. */
  readonly version?: number;
}

/** The number that the next newcomer gets. */
const nextId = ({ members, retired }: Configuration): NodeId =>
  Math.max(...members.map(({ id }) => id), ...retired.filter((id) => !isAssociateId(id))) + 1;

/** The number that the next associate gets. */
const nextAssociateId = (present: Configuration): NodeId =>
  Math.max(FIRST_ASSOCIATE - 1, ...associateIds(present), ...present.retired.filter(isAssociateId)) + 1;

/** The configuration that follows, or why there is none. */
export function nextConfiguration(
  present: Configuration,
  change: Change,
): Configuration | { readonly problem: string } {
  const { join = [], leave = [], admit = [], dismiss = [], keys, admins, faults, preset } = change;
  const { executors = 0, version = present.version } = change;
  const agreed = agreementUnder(present, faults, preset, executors > 0);
  if ('problem' in agreed) return agreed;
  const kept = present.members.filter(({ id }) => !leave.includes(id));
  const rekeyed = kept.map((one) => ({
    ...one,
    key: keys?.get(one.id) ?? one.key,
    admin: admins?.get(one.id) ?? one.admin,
  }));
  const first = nextId(present);
  const next: Configuration = {
    ...present,
    ...agreed,
    epoch: present.epoch + 1,
    version,
    members: [...rekeyed, ...join.map((one, i) => ({ ...one, id: first + i }))],
    retired: [...new Set([...present.retired, ...leave, ...dismiss])].sort((a, b) => a - b),
    associates: [
      ...present.associates.filter(({ id }) => !dismiss.includes(id)),
      ...admit.map((one, i) => ({ ...one, id: nextAssociateId(present) + i })),
    ],
  };
  const problem = transitionProblem(present, next) ?? stageProblem(executors, present, next);
  return problem === null ? next : { problem };
}

type Agreement = Pick<
  Configuration,
  'faults' | 'order' | 'speculates' | 'fastCommit' | 'commitOptimisation' | 'admission'
>;

/** How members agree then, and on which faults. */
function agreementUnder(
  present: Configuration,
  faults: FaultModel | undefined,
  preset: Preset | undefined,
  isApart: boolean,
): Agreement | { readonly problem: string } {
  if (preset === undefined) {
    const problem = faults === undefined ? null : faultModelProblem(faults);
    if (problem !== null) return { problem };
    const { order, speculates, fastCommit, commitOptimisation, admission } = present;
    const { u, r, spare } = quorumsOf(faults ?? present.faults);
    return { faults: { u, r, spare }, order, speculates, fastCommit, commitOptimisation, admission };
  }
  const { settings } = preset;
  if (settings.executes === false && !isApart)
    return { problem: `the preset ${preset.name} needs executors, and who executes is no part of a change` };
  if (settings.executes !== false && isApart)
    return {
      problem: `members execute with the preset ${preset.name}, and who executes is no part of a change`,
    };
  // Spare members are the preset's choice, not of the one before.
  const asked = faults ?? { u: present.faults.u, r: present.faults.r };
  const problem = presetProblem(preset, asked);
  if (problem !== null) return { problem };
  const { u, r, spare } = quorumsOf(preset.faults(asked));
  return {
    faults: { u, r, spare },
    order: settings.order ?? 'three-phase',
    speculates: settings.speculates ?? false,
    fastCommit: settings.fastCommit ?? true,
    commitOptimisation: settings.commitOptimisation ?? true,
    admission: settings.admission ?? 'signature',
  };
}
