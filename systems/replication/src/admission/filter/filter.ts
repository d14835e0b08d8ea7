/**
 * A filter node as a process (UpRight, SOSP 2009, the request quorum): dispatch, the turn and the tick. It stands between
 * clients and order replicas and can be hosted beside a replica, at the price of failing with it. Whatever it does, it can
 * only withhold: it cannot make up a request, because `sound` filter nodes must say the same.
 */

import type { Env, NodeId, Process } from '@concordat/kernel';
import type { Message } from '../../replica/messages.ts';
import { filterOf } from '../request-quorum/filters.ts';
import { fetchAdopting, onAdopt, onBodyToAdopt } from './adopting.ts';
import { askForCompletion, onCompleted, onFetchBody, renewCredit } from './completion.ts';
import { retransmit } from './forwarding.ts';
import { onFilterRequest } from './intake.ts';
import { recoverLog, trim } from './log.ts';
import { createFilterState, epochIn, type FilterOptions, type FilterState, invariants } from './state.ts';

/** Its only timer. */
export const FILTER_TICK = 'filter/tick';
const TICK_MS = 25;

export function createFilter(options: FilterOptions): Process<FilterState, Message> {
  return {
    start: (env, recovered) => {
      const s = createFilterState(options);
      recoverLog(s, recovered, env.now);
      if (recovered.records.length > 0) env.note({ kind: 'filter-recovered', held: s.log.size });
      env.setTimer(FILTER_TICK, TICK_MS);
      return s;
    },
    receive,
    timeout: (s, env, timer) => {
      if (timer !== FILTER_TICK) return;
      env.setTimer(FILTER_TICK, TICK_MS);
      renewCredit(s);
      retransmit(s, env);
      fetchAdopting(s, env);
      askForCompletion(s, env);
    },
    settle: trim,
    invariants,
  };
}

function receive(s: FilterState, env: Env<Message>, from: NodeId, m: Message): void {
  const { quorums, members, executors, learners } = s.options;
  const isReplica = members.includes(from);
  const isExecutor = executors.includes(from);
  const isFilter = filterOf(quorums, from) !== null;
  const mayFetch = isReplica || isExecutor || isFilter || learners.includes(from);
  if (m.type === 'filter-request') onFilterRequest(s, env, from, m);
  else if ((isReplica || isExecutor) && m.type === 'completed') onCompleted(s, env, from, m);
  else if (mayFetch && m.type === 'fetch-body') onFetchBody(s, env, from, m);
  else if (isReplica && m.type === 'adopt') onAdopt(s, env, from, m);
  else if (isFilter && m.type === 'body') onBodyToAdopt(s, env, m);
  else if (isFilter && m.type === 'body-denied') return;
  else if (epochIn(s.options) === 0)
    env.note({ kind: 'strike', peer: from, why: `${m.type} is not for a filter node, or not from there` });
}
