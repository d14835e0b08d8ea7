/**
 * An executor's own part in rolling upgrades, as a member's where members execute (../governance/versions.ts): it tells the log
 * what its binary can run, and stops where that is not what the federation runs. It signs as a domain of its own.
 */

import { type Env, halt, type Millis } from '@concordat/kernel';
import { executedOf } from '../execution/core-state.ts';
import { encodeAnnouncement } from '../governance/announcement.ts';
import { cannotRun } from '../governance/readiness.ts';
import type { Message } from '../replica/messages.ts';
import { GOVERNANCE_CLIENTS, type Request, signRequest } from '../request.ts';
import { configurationIn } from './epochs.ts';
import type { LearnerState } from './state.ts';

export interface Announcing {
  /** Since when the log has seemed not to know what this binary can run, or null. */
  unknownSince: Millis | null;
  /** What tells it, under way. */
  request: Request | null;
  sentAt: Millis;
}

export const createAnnouncing = (): Announcing => ({ unknownSince: null, request: null, sentAt: 0 });

/** Tells the log what this binary can run, unless it knows. Called on every tick. */
export function announceVersions(a: Announcing, l: LearnerState, env: Env<Message>): void {
  const { config, execution } = l;
  if (!config.governance.isGoverned || !config.isApart || l.transfer !== null) return;
  // Spent, and another binary's word has come after it: this one tells again.
  if (a.request !== null && (isKnown(l) || executedOf(execution.core, a.request) > 0)) {
    if (isKnown(l)) env.note({ kind: 'announced', versions: execution.service.versions.join(' ') });
    a.request = null;
  }
  if (isKnown(l)) {
    a.unknownSince = null;
    return;
  }
  a.unknownSince ??= env.now;
  // Who has just begun may learn that it has announced it before.
  if (env.now - Math.max(a.unknownSince, a.sentAt) < 2 * config.retransmitMs) return;
  a.request ??= announcement(l, env);
  a.sentAt = env.now;
  for (const id of config.members) env.send(id, { type: 'request', request: a.request });
}

function announcement({ config, keys, execution }: LearnerState, env: Env<Message>): Request {
  const domain = config.self;
  let client = GOVERNANCE_CLIENTS + Math.max(1, Math.floor(env.now));
  while (executedOf(execution.core, { domain, client }) > 0) client += 1;
  const body = encodeAnnouncement(execution.service.versions);
  return signRequest(keys, config.cluster, { domain, client, seq: 1, acked: 0, body }).request;
}

/** Who has announced nothing can run what the federation began with: most never need to say so. */
function isKnown({ execution, config }: LearnerState): boolean {
  const { versions } = execution.service;
  const { governance } = config;
  const known = execution.core.governance.announced.get(config.self) ?? [governance.genesis.version];
  return known.length === versions.length && known.every((version, i) => version === versions[i]);
}

/** Stops a binary that is too old for the epoch it is in, before it has anything to execute there. */
export function stopIfTooOld(l: LearnerState): void {
  const version = configurationIn(l, l.config.epoch)?.version ?? 0;
  const { versions } = l.execution.service;
  // Where nobody governs it is the newest that there is.
  if (l.config.governance.isGoverned && version > (versions.at(-1) ?? 0)) halt(cannotRun(versions, version));
}
