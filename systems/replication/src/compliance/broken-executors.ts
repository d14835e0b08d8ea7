/**
 * Deliberately broken executors, where bodies come from filter nodes. Each lacks one thing that keeps bodies right, or to be had;
 * `separated.test.ts` catches each.
 */

import { allFilters, filterId } from '../admission/request-quorum/filters.ts';
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
