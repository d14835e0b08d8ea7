/**
 * When a federation may go on with another version of its service: once n - u members of the next configuration have
 * announced that their binaries can run it, so that it bears u others that cannot (DESIGN section 4, Service). Where executors
 * execute, all but u of them have.
 */

import type { NodeId } from '@concordat/kernel';
import type { StateMap } from '@concordat/state';
import { type Configuration, memberIds } from './configuration.ts';

/** By member, what its binary can run, as it has announced. */
export type Announced = StateMap<NodeId, readonly number[]>;

/** Why the federation may not go on with the next configuration's version of the service yet, or null. */
export function readinessProblem(
  announced: Announced,
  executors: readonly NodeId[],
  present: Configuration,
  next: Configuration,
): string | null {
  if (next.version === present.version) return null;
  const isApart = executors.length > 0;
  const running = isApart ? executors : memberIds(next);
  const missing = running.filter((id) => announced.get(id)?.includes(next.version) !== true);
  const needed = running.length - next.faults.u;
  const ready = running.length - missing.length;
  if (ready >= needed) return null;
  const kind = isApart ? 'executor' : 'member';
  const who = `${kind}${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`;
  return `version ${next.version} needs ${needed} ${kind}s that have announced it, here are ${ready}: missing ${who}`;
}

/** What an operator reads whose binary cannot run the version in force. */
export function cannotRun(versions: readonly number[], version: number): string {
  const fact = `version ${version} of the service is in force, and this binary can run ${versions.join(', ')}`;
  return version > (versions.at(-1) ?? 0)
    ? `${fact}: upgrade this binary and start it again, nothing is lost`
    : `${fact}: start one that can run ${version}`;
}
