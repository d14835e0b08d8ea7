/**
 * Partitions of worlds of thousands. Cutting each pair takes time and memory for each pair, so where a peer is concerned
 * every host remembers on which side of each partition it is, and two on different sides are apart. A single direction
 * that is mended is an exception. Members, who are few and linked all with all, are cut pair by pair (`faults.ts`).
 */

import type { NodeId } from '@concordat/kernel';
import type { Host, Sim } from './host.ts';
import { close, schedule } from './links.ts';

/** The side of whoever joined the world after the partition: it is cut off from nobody. */
const NEWCOMER = -2;
/** The side of all that no group names. */
const REST = -1;

export const isPeer = (host: Host): boolean => host.options.link === 'peer';

export const newcomerSides = (partitions: number): number[] => new Array<number>(partitions).fill(NEWCOMER);

const areOnSides = (a: number, b: number): boolean => a !== b && a !== NEWCOMER && b !== NEWCOMER;

/** True if what `from` sends to `to` is cut by a partition, and one of them is a peer. */
export function isApart(from: Host, to: Host): boolean {
  if (from.sides.length === 0 || !(isPeer(from) || isPeer(to))) return false;
  return from.sides.some((side, i) => areOnSides(side, to.sides[i]!)) && !from.openTo.has(to);
}

/** Each host's group, the first that names it. */
export function groupsOf(sim: Sim, groups: readonly (readonly NodeId[])[]): ReadonlyMap<Host, number> {
  const named = new Map<NodeId, number>();
  groups.forEach((group, i) => {
    for (const id of group) if (!named.has(id)) named.set(id, i);
  });
  return new Map([...sim.hosts.values()].map((host) => [host, named.get(host.id) ?? REST]));
}

/** Parts peers from all of other groups, and others from peers. */
export function part(sim: Sim, groupOf: ReadonlyMap<Host, number>): void {
  for (const [host, group] of groupOf) {
    host.sides.push(group);
    for (const other of host.openTo) if (groupOf.get(other) !== group) host.openTo.delete(other);
  }
  sim.partitions++;
  for (const host of groupOf.keys())
    for (const link of host.links.values()) {
      if (link.isCut || link.pair.isGone || !isApart(host, link.to)) continue;
      link.isCut = true;
      close(link);
      if (link.pair.isConnection) link.pair.isGone = true;
      schedule(sim, link.pair);
    }
}

/** Ends all partitions where a peer is concerned. */
export function reunite(sim: Sim): void {
  if (sim.partitions === 0) return;
  const hosts: Host[] = [...sim.hosts.values()];
  const links = hosts.flatMap((host) =>
    [...host.links.values()].filter((link) => link.isCut && !link.pair.isGone && isApart(host, link.to)),
  );
  sim.partitions = 0;
  for (const host of hosts) {
    host.sides = [];
    host.openTo.clear();
  }
  for (const link of links) {
    link.isCut = false;
    schedule(sim, link.pair);
  }
}
