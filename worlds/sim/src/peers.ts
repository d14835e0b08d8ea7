/**
 * Links of peers, for worlds of thousands: two are joined by the first message either sends, know each other by their
 * ids, and are told of nothing but breaks. A break is learnt as members learn it; whoever was told, or never heard of a
 * link, joins anew by its next message if nothing stands in the way. A call to a peer that cannot be reached fails
 * after `detectMs`, whatever happens meanwhile. So whoever sent something that may be lost is told, and a link that
 * nobody uses needs no farewell (`idle-links.ts`).
 */

import type { Host, Sim } from './host.ts';
import { forget, isIdle, sweep } from './idle-links.ts';
import { abandon, isReachable, schedule } from './links.ts';
import { createPeerPair, type Link } from './network.ts';

/** Whether messages join the two: at least one is a peer, and none a connection. */
export const arePeers = (a: Host, b: Host): boolean =>
  (a.options.link === 'peer' && b.options.link !== 'connection') ||
  (b.options.link === 'peer' && a.options.link !== 'connection');

/** Whether `link`'s sender holds the link for over: it was told so, it has begun a new life, or the link was idle. */
export const isOver = (sim: Sim, link: Link): boolean => !link.toldUp || isIdle(sim, link.pair);

/** What `host` still holds of a former link to `other`. */
function endFormer(sim: Sim, host: Host, other: Host): void {
  const former = host.links.get(other.id);
  if (former === undefined) return;
  if (isIdle(sim, former.pair)) forget(former.pair);
  else abandon(sim, former.pair);
}

/** Makes the link to a peer that `from` has none to; it stays closed if the peer cannot be reached. */
export function callPeer(sim: Sim, from: Host, to: Host): Link {
  endFormer(sim, from, to);
  const pair = createPeerPair(sim, from, to);
  const there = pair.links[0]!;
  const back = pair.links[1]!;
  sweep(sim, from);
  there.toldUp = true;
  from.links.set(to.id, there);
  if (!isReachable(from, to)) {
    // The peer knows nothing of it, and may be calling as well.
    schedule(sim, pair);
    return there;
  }
  endFormer(sim, to, from);
  sweep(sim, to);
  to.links.set(from.id, back);
  back.toldUp = true;
  there.isOpen = true;
  back.isOpen = true;
  return there;
}
