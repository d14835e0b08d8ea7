/**
 * Muting a flooding member, as far as the protocol can do without it: never more than `u` at a time, and never one without
 * whom those who are heard are too few to agree. What a muted member was to hear is still sent.
 */

import type { Env, NodeId } from '@concordat/kernel';
import type { Message } from '../replica/messages.ts';
import { isMember, others, type ReplicaState } from '../replica/state.ts';
import { countMuted, isMuted, muteFor, noteMessage } from './flood.ts';

/** Counts a message of a member, and mutes whoever floods. Called for every message. */
export function watchFlood(s: ReplicaState, env: Env<Message>, from: NodeId, m: Message): void {
  if (!s.config.policies.muting || isAskedFor(s, from, m)) return;
  const flooder = noteMessage(s.robust.flood, from, env.now);
  if (flooder === null || !isMember(s, flooder) || !canDoWithout(s, env, flooder)) return;
  const spanMs = muteFor(s.robust.flood, flooder, env.now);
  env.note({ kind: 'muted', peer: flooder, ms: spanMs });
  env.mute(flooder, spanMs);
}

/** A part of the state that this replica fetches: it sets the pace itself. */
const isAskedFor = ({ transfer }: ReplicaState, from: NodeId, m: Message): boolean =>
  m.type === 'part' && transfer !== null && transfer.source === from && transfer.asked.has(m.part);

function canDoWithout(s: ReplicaState, env: Env<Message>, peer: NodeId): boolean {
  const { flood } = s.robust;
  const { u, agreement } = s.config.quorums;
  const isHeard = (id: NodeId): boolean =>
    id !== peer && s.peers[id]?.isUp === true && !isMuted(flood, id, env.now);
  const heard = 1 + others(s).filter(isHeard).length;
  return countMuted(flood, env.now) < u && heard >= agreement;
}
