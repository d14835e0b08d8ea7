/**
 * Where replies go. Clients that are no members do not speak to replicas with their requests, so each tells every
 * replica once on which connection it waits; with a MAC, so that nobody else can have its replies sent elsewhere.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { executedOf, replyKey } from '../../execution/core-state.ts';
import type { Message } from '../../replica/messages.ts';
import { outcomeIn } from '../../replica/speculation.ts';
import { isMember, type ReplicaState } from '../../replica/state.ts';
import { clientKey } from '../../request.ts';
import type { AwaitReplies } from '../messages.ts';
import { awaitStatement, pairKey } from '../pair-keys.ts';
import type { Vouching } from './vouchers.ts';

/** Connections by client, in order of registration. */
export type ReplyRegistry = Map<string, NodeId>;

/** Clients that may wait at a time; those that asked first are forgotten first, and ask again when they retransmit. */
const MAX_WAITING = 65_536;

export const createReplyRegistry = (): ReplyRegistry => new Map();

/** A client waits for its replies on this connection, and gets those that are there already. */
export function onAwaitReplies(
  s: ReplicaState,
  env: Env<Message>,
  v: Vouching,
  from: NodeId,
  m: AwaitReplies,
): void {
  const { cluster, self, clientWindow, epoch } = s.config;
  if (isMember(s, from) || !isMember(s, m.domain)) return;
  const { secrets } = v.pair;
  const key = pairKey(s.keys.hash, cluster, secrets, 'client to replica', m.domain, self, self, epoch);
  if (!v.pair.macs.verify(key, awaitStatement(m), m.mac)) {
    env.note({ kind: 'drop', why: 'a false MAC on a wish for replies', peer: from });
    return;
  }
  v.replies.delete(clientKey(m));
  v.replies.set(clientKey(m), from);
  if (v.replies.size > MAX_WAITING)
    for (const oldest of v.replies.keys()) return void v.replies.delete(oldest);
  const { core, executed } = s.execution;
  const last = Math.min(executedOf(core, m), m.seq + clientWindow);
  for (let seq = m.seq; seq <= last; seq++) {
    const reply = core.replies.get(replyKey(m, seq));
    if (reply === undefined || outcomeIn(s, { ...m, seq }) !== null) continue;
    env.send(from, { type: 'reply', domain: m.domain, client: m.client, seq, slot: executed, reply });
  }
}
