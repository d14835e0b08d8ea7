/** What Prometheus sees of a stream's own side: how many viewers there are, who is out, and for what. */

import type { Measured, Metrics } from '@concordat/runtime';
import { silentToAudits } from '../../broadcaster/broadcaster.ts';
import { EVIDENCE_RULES } from '../../evidence/evidence.ts';
import type { Source } from './source.ts';

/** @param stream by which name it is labelled */
export function measureSource(metrics: Metrics, stream: string, source: Source): void {
  metrics.measured((): Measured[] => {
    const { members, removed } = source.tracker.host.state;
    const { entries } = source.broadcaster.host.state.evictions;
    const labels = { stream };
    return [
      { name: 'concordat_stream_viewers', kind: 'gauge', samples: [{ labels, value: members.size }] },
      {
        name: 'concordat_stream_viewers_silent_to_audits',
        kind: 'gauge',
        samples: [{ labels, value: silentToAudits(source.broadcaster.host.state).length }],
      },
      {
        name: 'concordat_stream_evictions_total',
        kind: 'counter',
        samples: EVIDENCE_RULES.map((rule) => ({
          labels: { stream, rule },
          value: entries.filter((entry) => entry.rule === rule).length,
        })),
      },
      {
        name: 'concordat_stream_removals_total',
        kind: 'counter',
        samples: Object.entries(removed).map(([why, value]) => ({ labels: { stream, why }, value })),
      },
    ];
  });
}
