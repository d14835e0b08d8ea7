/** What the limiter counts, as Prometheus metrics. */

import type { Metrics } from '@concordat/runtime';
import type { CreditStore } from '../store/store.ts';
import type { Verdict } from './verdict.ts';

export interface Measures {
  count(verdict: Verdict, tookMs: number): void;
}

export function createMeasures(metrics: Metrics, store: CreditStore): Measures {
  const took = metrics.histogram('concordat_limiter_check_ms', 'Time of a check, durability included', 0.01);
  const units = metrics.counter('concordat_limiter_units_total', 'Units that were paid');
  metrics.gauge('concordat_limiter_accounts', 'Accounts', () => store.ledger.network.nodeCount);
  metrics.gauge('concordat_limiter_links', 'Links', () => store.ledger.network.linkCount);
  metrics.gauge('concordat_limiter_waiting', 'Changes that are not durable yet', () => store.waiting);
  metrics.gauge('concordat_limiter_store_failed', '1 if charges do not become durable', () =>
    store.failure === null ? 0 : 1,
  );
  const help = 'Checks by verdict: allowed, refused, would-refuse (dry run)';
  return {
    count: (verdict, tookMs) => {
      took.record(tookMs);
      const why = verdict.why ?? 'none';
      const name = verdict.why === null ? 'allowed' : verdict.isAllowed ? 'would-refuse' : 'refused';
      metrics.counter('concordat_limiter_checks_total', help, { verdict: name, why }).add();
      if (verdict.why === null) units.add(verdict.cost);
    },
  };
}
