/**
 * Requests that were admitted in the epoch before and are not ordered yet. Rows are of one epoch, and who wrote them may
 * have left; but r + 1 replicas say that they were convinced, so one of them was: filter nodes of this epoch vouch for it at
 * their word, as for a partial signature (DISC 2008, the refresh). So what was admitted is not lost, whoever joined or
 * left and although its client is gone.
 */

import type { Env } from '@concordat/kernel';
import { executedOf, replyKey } from '../../execution/core-state.ts';
import type { Pooled } from '../../pool.ts';
import type { Message } from '../../replica/messages.ts';
import type { ReplicaState } from '../../replica/state.ts';
import { type RequestRef, refOf } from '../../request.ts';
import type { Inline } from '../messages.ts';
import { allFilters, filterId } from './filters.ts';
import { findVouched, isTransferable, type Vouching } from './vouchers.ts';

export interface Inherited {
  readonly ref: RequestRef;
  /** What of it is known here beside its name. */
  readonly content: Inline | null;
}

/** What a replica takes along of its pool. */
export const inheritedFrom = ({ request, digest }: Pooled): Inherited => ({
  ref: refOf(request, digest),
  content: request.body === null ? null : { acked: request.acked, body: request.body },
});

export function inherit(v: Vouching, items: readonly Inherited[]): void {
  for (const item of items) v.inherited.set(replyKey(item.ref, item.ref.seq), item);
}

/** Asks filter nodes that are not known to vouch for it yet; now and then, because they may enter the epoch later. */
export function urgeAdoption(s: ReplicaState, env: Env<Message>, v: Vouching): void {
  for (const [key, { ref, content }] of v.inherited) {
    const vouched = findVouched(v, ref);
    const isDone =
      ref.seq <= executedOf(s.execution.core, ref) || (vouched !== null && isTransferable(v, vouched));
    if (isDone) v.inherited.delete(key);
    else
      for (const filter of allFilters(s.config.quorums))
        if (((vouched?.direct ?? 0) & (1 << filter)) === 0)
          env.send(filterId(filter), { type: 'adopt', ref, content });
  }
}
