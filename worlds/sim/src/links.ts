/**
 * When links come up and break. A break is silent: frames are lost at once, the ends learn of it after `detectMs`.
 * Once nothing stands in the way, members are joined again after `reconnectMs`, and an end that had not yet noticed
 * learns of break and repair together: so whoever lost something is told. A broken connection is gone for good. Peers
 * are told of the break alone; their next message joins them again (`peers.ts`).
 */

import { assert, type Millis, type NodeId } from '@concordat/kernel';
import type { Host, Sim } from './host.ts';
import { forget, forgetIdle, isIdle } from './idle-links.ts';
import { enqueue } from './inbox.ts';
import { createPair, type Link, type Pair } from './network.ts';
import { isApart } from './partitions.ts';

const isBlocked = (pair: Pair): boolean => pair.links.some((link) => link.isCut || link.to.run === null);

/** Tells the sending end of `link`; not if it heard the same before. */
function tell(sim: Sim, link: Link, isUp: boolean): void {
  const { run } = link.from;
  if (run === null || link.toldUp === isUp) return;
  link.toldUp = isUp;
  for (const observer of sim.observers) observer.linked?.(sim.now, link.from.id, link.to.id, isUp);
  enqueue(sim, run, { kind: 'linked', pair: link.pair, peer: link.toName, isUp });
}

function open(sim: Sim, pair: Pair): void {
  for (const link of pair.links) {
    link.isOpen = true;
    link.epoch++;
    link.lastArrival = sim.now;
    tell(sim, link, false);
  }
  for (const link of pair.links) tell(sim, link, true);
}

export const isReachable = (a: Host, b: Host): boolean =>
  a.run !== null && b.run !== null && !a.cutTo.has(b) && !b.cutTo.has(a) && !isApart(a, b) && !isApart(b, a);

/** Joins two members now, or as soon as both are up and nothing is cut. */
export function joinMembers(sim: Sim, a: Host, b: Host): void {
  const pair = createPair(sim, a, b, a.id);
  if (!isBlocked(pair)) open(sim, pair);
}

/** Makes a connection, unless there is one or the server cannot be reached. Made anew, it has a fresh name there. */
export function connect(sim: Sim, client: Host, server: Host): void {
  const former = client.links.get(server.id)?.pair;
  if (former?.isGone === false || !isReachable(client, server)) return;
  open(sim, createPair(sim, client, server, former === undefined ? client.id : sim.nextName++));
}

/** Something changed between the ends: schedules what they will notice, and when. */
export function schedule(sim: Sim, pair: Pair): void {
  pair.version++;
  const { detectMs, reconnectMs } = sim.network.settings;
  const isRepairable = !pair.isGone && !isBlocked(pair);
  const after: Millis = isRepairable ? reconnectMs : detectMs;
  sim.queue.push(sim.now + after, { kind: 'pair', pair, version: pair.version });
}

/** The sending end learns of a break, and nothing sent before it arrives any more. */
function giveUp(sim: Sim, link: Link): void {
  if (!link.isOpen) link.epoch++;
  tell(sim, link, false);
}

/** Ends a link of peers: nothing sent over it arrives any more, and whoever believed in it is told. */
export function abandon(sim: Sim, pair: Pair): void {
  for (const link of pair.links) {
    close(link);
    tell(sim, link, false);
  }
  forget(pair);
}

/** The event that `schedule` announced. */
export function onPair(sim: Sim, pair: Pair, version: number): void {
  if (version !== pair.version) return;
  if (pair.isPeer) {
    abandon(sim, pair);
    return;
  }
  if (!pair.isGone && !isBlocked(pair)) {
    open(sim, pair);
    return;
  }
  for (const link of pair.links) giveUp(sim, link);
  // The server forgets a connection that is over; the client remembers that there was one, as names are used once.
  const [there] = pair.links;
  if (pair.isGone && there !== undefined) there.to.links.delete(there.fromName);
}

/** Frames on the way are lost, and none passes. */
export function close(link: Link): void {
  link.isOpen = false;
  link.epoch++;
}

/** A host lost power: what is under way to it is lost; what it had sent may still arrive. */
export function unplug(sim: Sim, host: Host): void {
  forgetIdle(sim, host);
  for (const link of host.links.values()) {
    link.toldUp = false;
    link.isOpen = false;
    const back = link.pair.links.find((other) => other !== link);
    if (back !== undefined) close(back);
    if (link.pair.isConnection) link.pair.isGone = true;
    schedule(sim, link.pair);
  }
}

/** A host has power again: its member links come back by themselves. */
export function replug(sim: Sim, host: Host): void {
  for (const link of host.links.values()) if (!link.pair.isGone) schedule(sim, link.pair);
}

/** The links to `to` that count; of members and peers there is one at most, under the name that is the id. */
export function linksBetween(sim: Sim, from: Host, to: Host): Link[] {
  const link = from.links.get(to.id);
  if (link?.pair.isConnection === false) return link.pair.isGone || isIdle(sim, link.pair) ? [] : [link];
  return [...from.links.values()].filter((other) => other.to === to && !other.pair.isGone);
}

/** Cuts one direction: everything under way is lost, and the other direction goes on. */
export function cut(sim: Sim, from: Host, to: Host): void {
  from.cutTo.add(to);
  for (const link of linksBetween(sim, from, to)) {
    if (link.isCut) continue;
    link.isCut = true;
    close(link);
    if (link.pair.isConnection) link.pair.isGone = true;
    schedule(sim, link.pair);
  }
}

export function mend(sim: Sim, from: Host, to: Host): void {
  const wasApart = isApart(from, to);
  if (wasApart) from.openTo.add(to);
  if (!from.cutTo.delete(to) && !wasApart) return;
  for (const link of linksBetween(sim, from, to)) {
    link.isCut = false;
    schedule(sim, link.pair);
  }
}

/** Resets a link: both ends know at once, and what was under way is lost. Members are joined again later. */
export function breakPair(sim: Sim, pair: Pair): void {
  if (pair.isPeer) {
    abandon(sim, pair);
    return;
  }
  if (pair.isConnection) pair.isGone = true;
  for (const link of pair.links) {
    close(link);
    tell(sim, link, false);
  }
  schedule(sim, pair);
}

/** Ends a connection in an orderly way: what `link`'s sender had sent arrives, then the peer learns. */
export function closeConnection(sim: Sim, from: Host, to: NodeId): void {
  const link = from.links.get(to);
  if (link === undefined || link.pair.isGone) return;
  assert(link.pair.isConnection, 'only connections are closed');
  const { pair } = link;
  pair.isGone = true;
  pair.version++;
  for (const each of pair.links) each.isOpen = false;
  const back = pair.links.find((other) => other !== link);
  if (back !== undefined) close(back);
  tell(sim, link, false);
  sim.queue.push(Math.max(sim.now, link.lastArrival), { kind: 'pair', pair, version: pair.version });
}
