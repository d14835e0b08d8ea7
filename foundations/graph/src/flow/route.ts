/**
 * Amounts sent along augmenting paths, whole or not at all: as many shortest paths as it takes, each with what fits on it. Without limits
 * this is an exact maximum flow that stops at the amount (Edmonds and Karp, JACM 1972), so nothing that can be paid is refused.
 */

import { findPath, type PathLimits, type PathSearch, UNBOUNDED } from './augment.ts';
import { sendAlong } from './network.ts';

export interface Route {
  /** Arcs from source to target. */
  readonly arcs: Uint32Array;
  readonly amount: number;
}

export interface RouteLimits extends PathLimits {
  /** Paths that an amount may be spread over. */
  readonly maxPaths: number;
}

const UNLIMITED: RouteLimits = { ...UNBOUNDED, maxPaths: Number.POSITIVE_INFINITY };

/** Takes routes back, in the order against that in which they were sent. */
export function undoRoutes(search: PathSearch, routes: readonly Route[]): void {
  const { network } = search;
  for (const { arcs, amount } of routes.toReversed())
    for (const arc of arcs) sendAlong(network, network.twins[arc] as number, amount);
}

/**
 * Sends `amount`, above zero, from `source` to `target`, and returns the routes it took; null: it does not fit within the limits, and
 * nothing has changed. Later routes may run against earlier ones, so they are taken back together or not at all.
 */
export function sendAmount(
  search: PathSearch,
  source: number,
  target: number,
  amount: number,
  limits: RouteLimits = UNLIMITED,
): Route[] | null {
  const { network, path } = search;
  const routes: Route[] = [];
  let left = amount;
  while (left > 0) {
    const length =
      routes.length < limits.maxPaths ? findPath(search, source, target, Number.MIN_VALUE, limits) : 0;
    if (length === 0) {
      undoRoutes(search, routes);
      return null;
    }
    let fits = left;
    for (let at = 0; at < length; at += 1)
      fits = Math.min(fits, network.residuals[path[at] as number] as number);
    for (let at = 0; at < length; at += 1) sendAlong(network, path[at] as number, fits);
    routes.push({ arcs: path.slice(0, length), amount: fits });
    left -= fits;
  }
  return routes;
}
