/**
 * A member's own part in rolling upgrades: it tells the log what its binary can run, and stops where that is not what the
 * federation runs. Then it counts against u until a newer binary goes on from its journal. Who only orders runs none.
 */

import { type Env, halt } from '@concordat/kernel';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import { encodeAnnouncement } from './announcement.ts';
import { configurationOf } from './epochs.ts';
import { cannotRun } from './readiness.ts';
import { submitBody } from './submitting.ts';

/** Tells the log what this binary can run, unless it knows. Called on every tick. */
export function announceVersions(s: ReplicaState, env: Env<Message>): void {
  if (!s.governance.isGoverned || !s.config.executes || !s.isSeated || s.transfer !== null) return;
  if (s.announcing !== null && s.commands.has(s.announcing)) return;
  if (isKnown(s)) {
    s.unknownSince = null;
    return;
  }
  s.unknownSince ??= env.now;
  // Who has just begun may learn that it has announced it before.
  if (env.now - s.unknownSince < 2 * s.config.retransmitMs) return;
  s.unknownSince = null;
  s.announcing = submitBody(s, env, encodeAnnouncement(s.execution.service.versions));
}

/** Who has announced nothing can run what the federation began with: most never need to say so. */
function isKnown({ execution, config, governance }: ReplicaState): boolean {
  const { versions } = execution.service;
  const known = execution.core.governance.announced.get(config.self) ?? [governance.genesis.version];
  return known.length === versions.length && known.every((version, i) => version === versions[i]);
}

/** Stops a binary that is too old for the epoch it is in, before it has anything to execute there. */
export function stopIfTooOld(s: ReplicaState): void {
  if (!s.config.executes) return;
  const { version } = configurationOf(s);
  const { versions } = s.execution.service;
  if (version > (versions.at(-1) ?? 0)) halt(cannotRun(versions, version));
}
