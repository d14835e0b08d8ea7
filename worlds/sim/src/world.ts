/**
 * A simulated world: nodes, their disks and clocks, and the network between them, all driven by one seed. It hosts
 * any kernel `Process` with the turn semantics of kernel's `env.ts`, so that what holds here is worth something
 * there. Same seed, same calls: same run, to the last byte.
 */

import { assert, createPrng, type Env, type Millis, type NodeId, unreachable } from '@concordat/kernel';
import { createClock, jumpClock, setDrift } from './clock.ts';
import { type CpuCosts, freeCosts } from './cpu.ts';
import { corruptDisk, createDisk, type Disk, type DiskOptions, setDisk, wipeDisk } from './disk.ts';
import { createEventQueue } from './event-queue.ts';
import {
  enqueue,
  type Host,
  type NodeOptions,
  type NotedAt,
  type Observer,
  type Run,
  type Sim,
  type SimEvent,
  type Timer,
} from './host.ts';
import { breakPair, cutLink, healLink, joinNow, onPair, replug } from './links.ts';
import { createNetwork, type Link, type LinkOptions, type NetworkOptions } from './network.ts';
import { powerOff, powerOn } from './power.ts';
import { endTurn, onFrame, onSynced, runTurn } from './turn.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly network?: NetworkOptions;
  /** Calls `process.invariants` after every turn. Default true. */
  readonly checkInvariants?: boolean;
  readonly observers?: readonly Observer[];
}

export interface World {
  /** True simulated time. */
  readonly now: Millis;
  readonly seed: number;
  /** Every note of every node, in order. */
  readonly notes: readonly NotedAt[];
  /** Messages handed to processes so far. */
  readonly deliveredMessages: number;
  /** Adds a node, and starts it at the current time unless `start` is false. */
  add<S, M>(options: NodeOptions<S, M>): void;
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
  isUp(id: NodeId): boolean;
  /** The live state record of a running node. The caller names its type. */
  stateOf<S>(id: NodeId): S;
  /** What survives of the node's disk. */
  diskOf(id: NodeId): Readonly<Disk>;
  /** Calls the process from outside, as an input of its next turn. Dropped if the node is down by then. */
  call<S, M>(id: NodeId, act: (state: S, env: Env<M>) => void): void;
  /** Runs `act` in `afterMs`, outside all nodes: faults and load are scheduled so. */
  schedule(afterMs: Millis, act: () => void): void;
  run(forMs: Millis): void;
  /** Runs until `holds`, looked at between events; false if it does not within the time. */
  runUntil(holds: () => boolean, withinMs: Millis): boolean;

  /** Cuts all links between nodes of different groups; nodes in no group form one more. */
  partition(groups: readonly (readonly NodeId[])[]): void;
  /** Cuts one direction. */
  cut(from: NodeId, to: NodeId): void;
  healLink(from: NodeId, to: NodeId): void;
  /** Ends all cuts. */
  heal(): void;
  /** Resets a link: what is under way is lost, both ends are told, members are joined again. */
  breakLink(a: NodeId, b: NodeId): void;
  /** Joins a connection to a node. */
  connect(client: NodeId, server: NodeId): void;
  /** Changes one direction's properties. */
  setLink(from: NodeId, to: NodeId, options: LinkOptions): void;
  setDisk(id: NodeId, options: DiskOptions): void;
  setCpu(id: NodeId, costs: CpuCosts): void;
  jumpClock(id: NodeId, byMs: Millis): void;
  setDrift(id: NodeId, drift: number): void;
}

function createSim(options: WorldOptions): Sim {
  return {
    now: 0,
    seed: options.seed,
    queue: createEventQueue<SimEvent>(),
    hosts: new Map(),
    network: createNetwork(options.network ?? {}, createPrng(options.seed, 'network')),
    observers: [...(options.observers ?? [])],
    notes: [],
    random: createPrng(options.seed, 'world'),
    checksInvariants: options.checkInvariants ?? true,
    deliveredMessages: 0,
  };
}

function hostOf(sim: Sim, id: NodeId): Host {
  const host = sim.hosts.get(id);
  assert(host !== undefined, `node ${id} was added`);
  return host;
}

function linkOf(sim: Sim, from: NodeId, to: NodeId): Link {
  const link = hostOf(sim, from).links.get(to);
  assert(link !== undefined, `nodes ${from} and ${to} are linked`);
  return link;
}

function onTimer(sim: Sim, timer: Timer): void {
  if (timer.queuedAt !== sim.now || !timer.run.isAlive) return;
  timer.queuedAt = Number.POSITIVE_INFINITY;
  if (timer.deadline === Number.POSITIVE_INFINITY) return;
  if (timer.deadline > sim.now) {
    timer.queuedAt = timer.deadline;
    sim.queue.push(timer.deadline, timer);
    return;
  }
  timer.deadline = Number.POSITIVE_INFINITY;
  timer.isDue = true;
  enqueue(sim, timer.run, timer);
}

function enqueueIfAlive(sim: Sim, run: Run, input: Parameters<typeof enqueue>[2]): void {
  if (run.isAlive) enqueue(sim, run, input);
}

function dispatch(sim: Sim, event: SimEvent): void {
  switch (event.kind) {
    case 'frame':
      onFrame(sim, event);
      break;
    case 'turn':
      runTurn(sim, event.run);
      break;
    case 'turn-end':
      endTurn(sim, event);
      break;
    case 'synced':
      onSynced(sim, event.run, event.to);
      break;
    case 'timer':
      onTimer(sim, event);
      break;
    case 'completion':
      enqueueIfAlive(sim, event.run, event);
      break;
    case 'pair':
      onPair(sim, event.pair, event.version);
      break;
    case 'act':
      event.act();
      break;
    default:
      unreachable(event);
  }
}

function addHost(sim: Sim, options: NodeOptions<unknown, unknown>): void {
  assert(!sim.hosts.has(options.id), `node ${options.id} is added once`);
  const host: Host = {
    id: options.id,
    options,
    disk: createDisk(options.disk ?? {}, createPrng(sim.seed, `disk ${options.id}`)),
    clock: createClock(options.clock),
    cpu: options.cpu ?? freeCosts,
    links: new Map(),
    run: null,
    lives: 0,
    crashesInTurn: false,
  };
  sim.hosts.set(host.id, host);
  if (options.start ?? true) powerOn(sim, host);
  if (options.link === 'connection') return;
  for (const other of sim.hosts.values())
    if (other !== host && other.options.link !== 'connection') joinNow(sim, other, host);
}

/** Steps through events up to and including time `until`; stops early once `holds`. */
function advance(sim: Sim, until: Millis, holds: (() => boolean) | null): boolean {
  const { queue } = sim;
  if (holds?.() === true) return true;
  while (queue.nextAt <= until) {
    sim.now = queue.nextAt;
    const event = queue.pop();
    if (event !== undefined) dispatch(sim, event);
    if (holds?.() === true) return true;
  }
  sim.now = until;
  return false;
}

function partition(sim: Sim, groups: readonly (readonly NodeId[])[]): void {
  const groupOf = new Map<NodeId, number>();
  groups.forEach((group, index) => {
    for (const id of group) groupOf.set(id, index);
  });
  for (const host of sim.hosts.values())
    for (const link of host.links.values())
      if (groupOf.get(host.id) !== groupOf.get(link.to)) cutLink(sim, link);
}

function heal(sim: Sim): void {
  for (const host of sim.hosts.values()) for (const link of host.links.values()) healLink(sim, link);
}

function restart(sim: Sim, host: Host): void {
  powerOn(sim, host);
  replug(sim, host);
}

/** The part of a world that hurts. */
function createFaults(sim: Sim) {
  return {
    crash: (id: NodeId) => powerOff(sim, hostOf(sim, id)),
    crashDuringTurn: (id: NodeId) => {
      hostOf(sim, id).crashesInTurn = true;
    },
    restart: (id: NodeId) => restart(sim, hostOf(sim, id)),
    wipe: (id: NodeId) => {
      powerOff(sim, hostOf(sim, id));
      wipeDisk(hostOf(sim, id).disk);
    },
    corrupt: (id: NodeId) => {
      powerOff(sim, hostOf(sim, id));
      corruptDisk(hostOf(sim, id).disk);
    },
    partition: (groups: readonly (readonly NodeId[])[]) => partition(sim, groups),
    cut: (from: NodeId, to: NodeId) => cutLink(sim, linkOf(sim, from, to)),
    healLink: (from: NodeId, to: NodeId) => healLink(sim, linkOf(sim, from, to)),
    heal: () => heal(sim),
    breakLink: (a: NodeId, b: NodeId) => breakPair(sim, linkOf(sim, a, b).pair),
    setLink: (from: NodeId, to: NodeId, options: LinkOptions) => {
      const link = linkOf(sim, from, to);
      link.settings = { ...link.settings, ...options };
    },
    setDisk: (id: NodeId, options: DiskOptions) => setDisk(hostOf(sim, id).disk, options),
    setCpu: (id: NodeId, costs: CpuCosts) => {
      hostOf(sim, id).cpu = costs;
    },
    jumpClock: (id: NodeId, byMs: Millis) => jumpClock(hostOf(sim, id).clock, byMs),
    setDrift: (id: NodeId, drift: number) => setDrift(hostOf(sim, id).clock, drift, sim.now),
  };
}

export function createWorld(options: WorldOptions): World {
  const sim = createSim(options);
  return {
    get now() {
      return sim.now;
    },
    seed: sim.seed,
    notes: sim.notes,
    get deliveredMessages() {
      return sim.deliveredMessages;
    },
    ...createFaults(sim),
    add: (node) => addHost(sim, node),
    connect: (client, server) => joinNow(sim, hostOf(sim, client), hostOf(sim, server)),
    isUp: (id) => hostOf(sim, id).run !== null,
    stateOf: <S>(id: NodeId) => {
      const { run } = hostOf(sim, id);
      assert(run?.hasStarted === true, `node ${id} runs`);
      // A world holds nodes of many kinds; only the caller knows which this is.
      return run.state as S;
    },
    diskOf: (id) => hostOf(sim, id).disk,
    call: <S, M>(id: NodeId, act: (state: S, env: Env<M>) => void) => {
      const { run } = hostOf(sim, id);
      if (run !== null)
        enqueue(sim, run, { kind: 'call', act: act as (state: unknown, env: Env<unknown>) => void });
    },
    schedule: (afterMs, act) => sim.queue.push(sim.now + afterMs, { kind: 'act', act }),
    run: (forMs) => void advance(sim, sim.now + forMs, null),
    runUntil: (holds, withinMs) => advance(sim, sim.now + withinMs, holds),
  };
}
