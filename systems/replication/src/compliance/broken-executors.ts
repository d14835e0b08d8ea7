/**
 * Deliberately broken executors. Where bodies come from filter nodes some lack one thing that keeps these right, or to be had;
 * `separated.test.ts` catches each. Where those who order change, others lack one thing that keeps epochs apart, or leads from
 * one to the next: `governed-lies.test.ts`.
 */

import { allFilters, filterId } from '../admission/request-quorum/filters.ts';
import { onChainChecked } from '../executor/epochs.ts';
import { createSource } from '../executor/source.ts';
import { sourceOf } from '../executor/state.ts';
import { presentRecord } from '../governance/ordered.ts';
import { clientKey } from '../request.ts';
import type { ExecutorStrategy } from './executor-cluster.ts';

/** Believes that a body is the one that was asked for, whatever it hashes to. */
export const gullibleBodies: ExecutorStrategy = (honest) => ({
  ...honest,
  receive: (e, env, from, m) => {
    if (m.type !== 'body') return honest.receive(e, env, from, m);
    const { wanted, fetched } = e.learner.bodies;
    for (const [key, { ref }] of wanted) {
      if (ref.seq !== m.request.seq || clientKey(ref) !== clientKey(m.request)) continue;
      wanted.delete(key);
      fetched.set(key, m.request);
      return;
    }
    honest.receive(e, env, from, m);
  },
});

/** Says that filter nodes may forget what it has executed. */
export const hastyCompletion: ExecutorStrategy = (honest) => ({
  ...honest,
  settle: (e, env) => {
    honest.settle(e, env);
    for (const spans of e.completion.slots.values()) {
      const done = [...spans.values()].map(({ last }) => last);
      for (const filter of allFilters(e.learner.config.quorums))
        if (done.length > 0) env.send(filterId(filter), { type: 'completed', view: 0, done });
    }
  },
});

/** Goes on to count those who have left. */
export const longMemory: ExecutorStrategy = (honest) => ({
  ...honest,
  receive: (e, env, from, m) => {
    const { learner } = e;
    const { retired } = presentRecord(learner.execution.core.governance).command.next;
    if (m.type === 'next-batch' && retired.includes(from) && sourceOf(learner, from) === undefined)
      learner.sources = [...learner.sources, createSource(from, learner.proven)];
    honest.receive(e, env, from, m);
  },
});

/** Believes a link whatever its signatures. */
export const gullibleChains: ExecutorStrategy = (honest) => ({
  ...honest,
  receive: (e, env, from, m) => {
    honest.receive(e, env, from, m);
    for (const ticket of e.learner.following.keys()) onChainChecked(e.learner, env, ticket, true);
  },
});

/** Asks nobody but the present members, also for what was ordered before some of them came. */
export const shortMemory: ExecutorStrategy = (honest) => ({
  ...honest,
  settle: (e, env) => {
    e.learner.former = [];
    honest.settle(e, env);
  },
});
