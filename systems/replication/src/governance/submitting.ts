/**
 * A member's own commands to governance. Each has a client of its own, above all ordinary ones, so that it is executed at
 * most once whatever else is under way, and is sent again until its verdict is known.
 */

import type { Env, ExposedBatch } from '@concordat/kernel';
import { executedOf, replyKey } from '../execution/core-state.ts';
import type { Message } from '../replica/messages.ts';
import { poolOwn } from '../replica/requests.ts';
import { others, type ReplicaState } from '../replica/state.ts';
import { GOVERNANCE_CLIENTS, signRequest } from '../request.ts';
import { decodeVerdict, encodeReconfigure, type Reconfigure } from './command.ts';

/** Verdicts waited for at a time. */
const MAX_COMMANDS = 8;

/** Asks for a change; returns the client whose outcome is the verdict, or null where too many wait, or this is no member. */
export const submitCommand = (s: ReplicaState, env: Env<Message>, command: Reconfigure): number | null =>
  submitBody(s, env, encodeReconfigure(command));

/** Has the body of a command or an announcement ordered. */
export function submitBody(s: ReplicaState, env: Env<Message>, body: Uint8Array): number | null {
  if (!s.isSeated || s.commands.size >= MAX_COMMANDS) return null;
  let client = GOVERNANCE_CLIENTS + Math.max(1, Math.floor(env.now));
  while (s.commands.has(client) || executedOf(s.execution.core, { domain: s.config.self, client }) > 0)
    client += 1;
  const content = { domain: s.config.self, client, seq: 1, acked: 0, body };
  const { request } = signRequest(s.keys, s.config.cluster, content);
  s.commands.set(client, { request, sentAt: Number.NEGATIVE_INFINITY });
  resubmitCommands(s, env);
  return client;
}

/** Sends own commands that have no verdict yet, and sends them again. Called on every tick. */
export function resubmitCommands(s: ReplicaState, env: Env<Message>): void {
  for (const pending of s.commands.values()) {
    if (env.now - pending.sentAt < 2 * s.config.retransmitMs) continue;
    pending.sentAt = env.now;
    poolOwn(s, env, pending.request);
    for (const peer of others(s)) env.send(peer, { type: 'request', request: pending.request });
  }
}

/** Takes the verdicts out of a batch that is shown to gateways, who know nothing of them, and notes the own ones. */
export function takeVerdicts(s: ReplicaState, env: Env<Message>, batch: ExposedBatch): ExposedBatch {
  const verdicts = batch.outcomes.filter(({ client }) => client >= GOVERNANCE_CLIENTS);
  if (verdicts.length === 0) return batch;
  for (const { domain, client, reply } of verdicts)
    if (domain === s.config.self) noteVerdict(s, env, client, reply);
  return withoutCommands(batch);
}

/** What gateways are shown of a batch. */
export const withoutCommands = (batch: ExposedBatch): ExposedBatch =>
  batch.outcomes.some(({ client }) => client >= GOVERNANCE_CLIENTS)
    ? { ...batch, outcomes: batch.outcomes.filter(({ client }) => client < GOVERNANCE_CLIENTS) }
    : batch;

/** After the state jumped: verdicts on own commands are in the state. */
export function findVerdicts(s: ReplicaState, env: Env<Message>): void {
  const { core } = s.execution;
  for (const client of s.commands.keys()) {
    const reply = core.replies.get(replyKey({ domain: s.config.self, client }, 1));
    if (reply !== undefined) noteVerdict(s, env, client, reply);
  }
}

function noteVerdict(s: ReplicaState, env: Env<Message>, client: number, reply: Uint8Array): void {
  if (!s.commands.delete(client)) return;
  if (client === s.announcing) {
    s.announcing = null;
    env.note({ kind: 'announced', versions: s.execution.service.versions.join(' ') });
    return;
  }
  env.note({ kind: 'verdict', client, ...decodeVerdict(reply) });
}
