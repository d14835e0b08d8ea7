/**
 * What a command may not change where executors execute what the members only order (UpRight, SOSP'09 section 4). Who executes
 * is no part of a configuration: executors agree on nothing among themselves, and what they sign is true whoever orders.
 */

import { type Configuration, configurationQuorums } from './configuration.ts';

/** Why a configuration does not suit the executors that there are, or null. Part of execution: offline nobody knows them. */
export function stageProblem(executors: number, present: Configuration, next: Configuration): string | null {
  if (executors === 0) return null;
  const { u, r } = next.faults;
  const needed = configurationQuorums(next).executors;
  if (needed !== executors)
    return `u = ${u}, r = ${r} need ${needed} executors, here are ${executors}: who executes is no part of a change`;
  if (next.order !== 'three-phase' || next.speculates)
    return 'members that leave execution to executors order in three phases, and nothing ahead';
  return next.admission === present.admission
    ? null
    : 'where executors execute, how requests are admitted is no part of a change';
}
