/**
 * Bodies for those who lack them, and the end of a request's stay: a filter node forgets what so many replicas have
 * executed that one of them is correct and goes on being there (UpRight, SOSP 2009: a small execution quorum). That one has
 * the state that the request led to.
 */

import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import type { Message } from '../../replica/messages.ts';
import { clientKey } from '../../request.ts';
import type { Completed, FetchBody } from '../messages.ts';
import { drop } from './log.ts';
import { costOf, executedBySome, type FilterState } from './state.ts';

/** What a replica may fetch between two ticks: asking is cheaper than answering. */
const CREDIT_BYTES = 4 * 1024 * 1024;

/** Called on every tick. */
export const renewCredit = (s: FilterState): void => void s.credit.fill(CREDIT_BYTES);

export function onFetchBody(s: FilterState, env: Env<Message>, from: NodeId, { ref }: FetchBody): void {
  const credit = s.credit[from] ?? 0;
  if (credit <= 0) return;
  const held = s.clients.get(clientKey(ref))?.held.get(ref.seq);
  if (held === undefined || !equalBytes(held.ref.digest, ref.digest)) {
    env.send(from, { type: 'body-denied', ref });
    return;
  }
  s.credit[from] = credit - costOf(held.request);
  env.send(from, { type: 'body', request: held.request });
}

export function onCompleted(s: FilterState, from: NodeId, { view, done }: Completed): void {
  s.views[from] = view;
  for (const mark of done) {
    // Of clients that are unknown here nothing is kept.
    const client = s.clients.get(clientKey(mark));
    if (client === undefined) continue;
    client.executed[from] = Math.max(client.executed[from] ?? 0, mark.seq);
    const executed = executedBySome(s, client);
    for (const held of [...client.held.values()]) if (held.ref.seq <= executed) drop(s, held);
  }
}
