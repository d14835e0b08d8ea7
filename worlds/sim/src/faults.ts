/** What can be done to a world from outside, while it runs: to its power, disks, clocks and links. */

import { assert, type Millis, type NodeId } from '@concordat/kernel';
import { jumpClock, setDrift } from './clock.ts';
import type { CpuCosts } from './cpu.ts';
import { corruptDisk, type DiskOptions, resetDisk, setDisk, wipeDisk } from './disk.ts';
import type { Host, Sim } from './host.ts';
import { breakPair, connect, cut, linksBetween, mend, replug } from './links.ts';
import { type LinkOptions, settingsOf } from './network.ts';
import { groupsOf, isPeer, part, reunite } from './partitions.ts';
import { powerOff, powerOn } from './power.ts';
import { startSync } from './turn.ts';

export interface Faults {
  /** Power loss: drops every byte not yet synced (subject to disk faults); state is thrown away, links drop. */
  crash(id: NodeId): void;
  /** Power loss inside the node's next turn that has effects, at a point the seed decides. */
  crashDuringTurn(id: NodeId): void;
  /** Starts a node that is down, with what its journal holds. */
  restart(id: NodeId): void;
  /** Amnesia: crashes the node if it runs and loses its journal; the next start is told so. */
  wipe(id: NodeId): void;
  /** As `wipe`, but only from a random record on. */
  corrupt(id: NodeId): void;
  /** Cuts all links between nodes of different groups; nodes in no group form one more. */
  partition(groups: readonly (readonly NodeId[])[]): void;
  /** Cuts one direction. */
  cut(from: NodeId, to: NodeId): void;
  /** Ends the cut of one direction. */
  mend(from: NodeId, to: NodeId): void;
  /** Ends all cuts. */
  heal(): void;
  /** Resets a link: what is under way is lost, both ends are told; members are joined again, peers by their next message. */
  breakLink(a: NodeId, b: NodeId): void;
  /** Makes a connection, if the server can be reached. */
  connect(client: NodeId, server: NodeId): void;
  /** Changes one direction's properties, for later connections too. */
  setLink(from: NodeId, to: NodeId, options: LinkOptions): void;
  /** Takes back what `setLink` changed. */
  resetLink(from: NodeId, to: NodeId): void;
  setDisk(id: NodeId, options: DiskOptions): void;
  /** Takes back what `setDisk` changed. */
  resetDisk(id: NodeId): void;
  /** While held, the node's disk begins no sync. */
  holdSyncs(id: NodeId, isHeld: boolean): void;
  setCpu(id: NodeId, costs: CpuCosts): void;
  jumpClock(id: NodeId, byMs: Millis): void;
  setDrift(id: NodeId, drift: number): void;
}

export function hostOf(sim: Sim, id: NodeId): Host {
  const host = sim.hosts.get(id);
  assert(host !== undefined, `node ${id} was added`);
  return host;
}

function partition(sim: Sim, groups: readonly (readonly NodeId[])[]): void {
  const groupOf = groupsOf(sim, groups);
  const few = [...groupOf].filter(([host]) => !isPeer(host));
  for (const [a, groupOfA] of few) for (const [b, groupOfB] of few) if (groupOfA !== groupOfB) cut(sim, a, b);
  if (few.length < groupOf.size) part(sim, groupOf);
}

function heal(sim: Sim): void {
  for (const host of sim.hosts.values()) for (const to of [...host.cutTo]) mend(sim, host, to);
  reunite(sim);
}

function setLink(sim: Sim, from: Host, to: Host, options: LinkOptions): void {
  from.linkOptions.set(to, { ...from.linkOptions.get(to), ...options });
  applyLinkOptions(sim, from, to);
}

function resetLink(sim: Sim, from: Host, to: Host): void {
  from.linkOptions.delete(to);
  applyLinkOptions(sim, from, to);
}

function applyLinkOptions(sim: Sim, from: Host, to: Host): void {
  for (const link of from.links.values())
    if (link.to === to) link.settings = settingsOf(sim, from, to, link.pair.isConnection);
}

function holdSyncs(sim: Sim, host: Host, isHeld: boolean): void {
  host.disk.isHeld = isHeld;
  if (host.run !== null) startSync(sim, host.run);
}

function breakLink(sim: Sim, a: Host, b: Host): void {
  for (const link of linksBetween(sim, a, b)) breakPair(sim, link.pair);
}

export function createFaults(sim: Sim): Faults {
  const host = (id: NodeId): Host => hostOf(sim, id);
  return {
    crash: (id) => powerOff(sim, host(id)),
    crashDuringTurn: (id) => {
      host(id).crashesInTurn = true;
    },
    restart: (id) => {
      powerOn(sim, host(id));
      replug(sim, host(id));
    },
    wipe: (id) => {
      powerOff(sim, host(id));
      wipeDisk(host(id).disk);
    },
    corrupt: (id) => {
      powerOff(sim, host(id));
      corruptDisk(host(id).disk);
    },
    partition: (groups) => partition(sim, groups),
    cut: (from, to) => cut(sim, host(from), host(to)),
    mend: (from, to) => mend(sim, host(from), host(to)),
    heal: () => heal(sim),
    breakLink: (a, b) => breakLink(sim, host(a), host(b)),
    connect: (client, server) => connect(sim, host(client), host(server)),
    setLink: (from, to, options) => setLink(sim, host(from), host(to), options),
    resetLink: (from, to) => resetLink(sim, host(from), host(to)),
    resetDisk: (id) => resetDisk(host(id).disk, host(id).options.disk ?? {}),
    setDisk: (id, options) => setDisk(host(id).disk, options),
    holdSyncs: (id, isHeld) => holdSyncs(sim, host(id), isHeld),
    setCpu: (id, costs) => {
      host(id).cpu = costs;
    },
    jumpClock: (id, byMs) => jumpClock(host(id).clock, byMs),
    setDrift: (id, drift) => setDrift(host(id).clock, drift, sim.now),
  };
}
