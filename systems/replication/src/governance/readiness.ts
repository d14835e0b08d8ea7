/**
 * When a federation may go on with another version of its service: once n - u members of the next configuration have
 * announced that their binaries can run it, so that it bears u others that cannot (DESIGN section 4, Service).
 */

import type { NodeId } from '@concordat/kernel';
import type { StateMap } from '@concordat/state';
import { type Configuration, configurationQuorums, memberIds } from './configuration.ts';

/** By member, what its binary can run, as it has announced. */
export type Announced = StateMap<NodeId, readonly number[]>;

/** Why the federation may not go on with the next configuration's version of the service yet, or null. */
export function readinessProblem(
  announced: Announced,
  present: Configuration,
  next: Configuration,
): string | null {
  if (next.version === present.version) return null;
  const missing = memberIds(next).filter((id) => announced.get(id)?.includes(next.version) !== true);
  const { members, agreement } = configurationQuorums(next);
  const ready = members - missing.length;
  if (ready >= agreement) return null;
  const who = `member${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`;
  return `version ${next.version} needs ${agreement} members that have announced it, here are ${ready}: missing ${who}`;
}

/** What an operator reads whose binary cannot run the version in force. */
export function cannotRun(versions: readonly number[], version: number): string {
  const fact = `version ${version} of the service is in force, and this binary can run ${versions.join(', ')}`;
  return version > (versions.at(-1) ?? 0)
    ? `${fact}: upgrade this binary and start it again, nothing is lost`
    : `${fact}: start one that can run ${version}`;
}
