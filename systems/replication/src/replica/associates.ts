/**
 * What an associate may say to a replica: where it stands in the log, what it wants sent again, and requests of its own domain.
 * It is no member: nothing it says counts as a vote, and nothing makes a replica check signatures for it but its own requests,
 * which the primary alone checks, like those of a member's link. What it may ask for between two ticks is bounded, as is what
 * it is sent (`catch-up.ts`) and what of its requests waits (`../pool.ts`).
 */

import type { Env, Millis, NodeId } from '@concordat/kernel';
import { isCommand } from '../request.ts';
import type { Message } from './messages.ts';
import type { ReplicaState } from './state.ts';

/** More than a full window of requests, and every part of a state that may be asked for at a time. */
const MAX_HEARD_PER_TICK = 512;
const MUTE_MS: Millis = 1000;

/** True if a message may go on to its handler: of everybody but associates each may. */
export function mayBeHeard(s: ReplicaState, env: Env<Message>, from: NodeId, m: Message): boolean {
  if (!s.config.associates.includes(from)) return true;
  const heard = (s.heardFrom.get(from) ?? 0) + 1;
  s.heardFrom.set(from, heard);
  if (heard > MAX_HEARD_PER_TICK) {
    if (heard === MAX_HEARD_PER_TICK + 1) {
      env.note({ kind: 'strike', peer: from, why: 'an associate that floods' });
      env.mute(from, MUTE_MS);
    }
    return false;
  }
  if (isForAssociates(from, m)) return true;
  env.note({ kind: 'strike', peer: from, why: `an associate has no ${m.type} to send` });
  return false;
}

function isForAssociates(from: NodeId, m: Message): boolean {
  switch (m.type) {
    case 'last-executed':
    case 'fetch-batch':
    case 'fetch-manifest':
    case 'fetch-part':
    case 'fetch-chain':
      return true;
    case 'request':
      return m.request.domain === from && m.isVouched !== true && !isCommand(m.request.client);
    default:
      return false;
  }
}
