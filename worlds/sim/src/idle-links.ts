/**
 * Links of peers that nobody uses. One is over once nothing was sent on it for `idleMs` after its last frame arrived,
 * and nobody is told: whether it was forgotten at that moment or is found idle later makes no difference to anyone. So
 * they are looked for only when a host has twice as many links as the last search left: memory stays in proportion
 * to what is in use, and no link needs an event of its own.
 */

import type { Host, Sim } from './host.ts';
import type { Link, Pair } from './network.ts';

/** No host is searched before it has so many links. */
const SWEEP_AT_LEAST = 32;

const isQuiet = (sim: Sim, link: Link): boolean =>
  link.isOpen && link.lastArrival + sim.network.settings.idleMs < sim.now;

/** True if the link of two peers counts no more. One that broke counts until its ends are told. */
export const isIdle = (sim: Sim, pair: Pair): boolean =>
  pair.isPeer &&
  pair.drafts === 0 &&
  pair.usedAt + sim.network.settings.idleMs < sim.now &&
  pair.links.every((link) => isQuiet(sim, link));

/** Takes the link of two peers out of the tables of both, unless another one stands there. */
export function forget(pair: Pair): void {
  pair.isGone = true;
  pair.version++;
  for (const link of pair.links)
    if (link.from.links.get(link.toName) === link) link.from.links.delete(link.toName);
}

/** Forgets what is idle at a host. */
export function forgetIdle(sim: Sim, host: Host): void {
  for (const { pair } of host.links.values()) if (isIdle(sim, pair)) forget(pair);
}

/** Makes room when a host has many links. */
export function sweep(sim: Sim, host: Host): void {
  if (host.links.size < Math.max(host.sweepAt, SWEEP_AT_LEAST)) return;
  forgetIdle(sim, host);
  host.sweepAt = 2 * host.links.size;
}
