/**
 * Bodies for those who lack them, and the end of a request's stay: a filter node forgets what so many of those who execute
 * say is done that one of them is correct (UpRight, SOSP 2009: a small execution quorum). A replica that executes has the state
 * that the request led to, and stays; an executor says so only once a state that has the request can be had for ever. Until
 * then what is ordered stays, because order replicas of references could not give it to anybody.
 */

import type { Env, Millis, NodeId } from '@concordat/kernel';
import { MAX_BATCH_REQUESTS } from '../../batch.ts';
import type { Message } from '../../replica/messages.ts';
import { clientKey } from '../../request.ts';
import type { RequestMark } from '../admission.ts';
import type { Completed, FetchBody } from '../messages.ts';
import { drop, findHeld, retain } from './log.ts';
import { costOf, doneBySome, type FilterClient, type FilterState, orderedBySome } from './state.ts';

/** What a node may fetch between two ticks: asking is cheaper than answering. */
const CREDIT_BYTES = 4 * 1024 * 1024;

/** Called on every tick. */
export const renewCredit = (s: FilterState): void => s.credit.clear();

export function onFetchBody(s: FilterState, env: Env<Message>, from: NodeId, { ref }: FetchBody): void {
  const credit = s.credit.get(from) ?? CREDIT_BYTES;
  if (credit <= 0) return;
  const client = s.clients.get(clientKey(ref));
  const held = client === undefined ? null : findHeld(client, ref);
  if (held === null) {
    env.send(from, { type: 'body-denied', ref });
    return;
  }
  s.credit.set(from, credit - costOf(held.request));
  env.send(from, { type: 'body', request: held.request });
}

export function onCompleted(s: FilterState, env: Env<Message>, from: NodeId, m: Completed): void {
  const executor = s.options.executors.indexOf(from);
  if (executor < 0) s.views[from] = m.view;
  for (const mark of m.done) {
    // Of clients that are unknown here nothing is kept.
    const client = s.clients.get(clientKey(mark));
    if (client === undefined) continue;
    const [said, at] = executor < 0 ? [client.ordered, from] : [client.executed, executor];
    if (mark.seq <= (said[at] ?? 0)) continue;
    const before = doneBySome(s, client);
    said[at] = mark.seq;
    if (s.options.executors.length > 0) settle(s, client, env.now);
    if (doneBySome(s, client) > before) forgetDone(s, client);
  }
}

/** What is ordered waits for those who execute. */
function settle(s: FilterState, client: FilterClient, now: Millis): void {
  const ordered = orderedBySome(s, client);
  for (const held of [...client.held.values()]) if (held.ref.seq <= ordered) retain(s, held, now);
}

function forgetDone(s: FilterState, client: FilterClient): void {
  const done = doneBySome(s, client);
  for (const held of [...client.held.values(), ...[...client.retained.values()].flat()])
    if (held.ref.seq <= done) drop(s, held);
}

/** How often executors are asked. */
const ASKING_MS = 1000;

/** Asks executors for what is done, if they have not said so for long. Called on every tick. */
export function askForCompletion(s: FilterState, env: Env<Message>): void {
  if (env.now - s.askedAt < ASKING_MS || s.options.executors.length === 0) return;
  s.askedAt = env.now;
  const marks: RequestMark[] = [];
  for (const held of s.log) {
    if (marks.length >= MAX_BATCH_REQUESTS) break;
    if (!held.isRetained || env.now - held.sentAt < held.waitMs) continue;
    held.sentAt = env.now;
    held.waitMs *= 2;
    const { domain, client, seq } = held.ref;
    marks.push({ domain, client, seq });
  }
  if (marks.length > 0)
    for (const id of s.options.executors) env.send(id, { type: 'await-completed', marks });
}
