/** How often a node has noted something, as its metrics tell. */

import type { Metrics } from '@concordat/runtime';

export function noted({ metrics }: { readonly metrics: Metrics }, kind: string): number {
  const found = new RegExp(`^concordat_notes_total\\{kind="${kind}"\\} (\\d+)$`, 'm').exec(metrics.render());
  return Number(found?.[1] ?? 0);
}
