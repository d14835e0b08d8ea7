/**
 * Leaving together a primary that is alive (Zyzzyva's I-HATE-THE-PRIMARY, SOSP 2007, section 3.3). What a policy finds may be
 * this member's own trouble, and whoever leaves a view alone casts no vote in it: the others would have to do without, and
 * it would stand aside until they follow. So a member only says that it would rather have another primary, in its
 * status, and goes on; when u + 1 say so, of whom one is correct, they leave.
 */

import type { Env } from '@concordat/kernel';
import { sendStatus } from '../replica/catch-up.ts';
import type { Message } from '../replica/messages.ts';
import { others, type ReplicaState } from '../replica/state.ts';
import { suspect } from '../replica/view-change.ts';
import { isSlower, isUnfair } from './regular-views.ts';

const OVERTAKEN = 'a request is overtaken';

/** Called on every tick of a replica that votes. */
export function considerWish(s: ReplicaState, env: Env<Message>): void {
  const why = isUnfair(s, env) ? OVERTAKEN : isSlower(s, env.now);
  if (s.wish === null && why !== null) {
    s.wish = why;
    env.note({ kind: 'wish', view: s.view, why });
    sendStatus(s, env, others(s));
  }
  if (s.wish === null) return;
  const agreeing = others(s).filter((id) => s.peers[id]?.wishesIn === s.view).length;
  if (1 + agreeing >= s.config.quorums.noticed) suspect(s, env, s.wish, s.wish === OVERTAKEN);
}
