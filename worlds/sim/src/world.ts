/**
 * A simulated world: nodes, their disks and clocks, and the network between them, all driven by one seed. It hosts
 * any kernel `Process` with the turn semantics of kernel's `env.ts`, so that what holds here is worth something
 * there. Same seed, same calls: same run, to the last byte.
 */

import { assert, createPrng, type Env, type Millis, type NodeId } from '@concordat/kernel';
import { createClock } from './clock.ts';
import { freeCosts } from './cpu.ts';
import { createDisk, type Disk } from './disk.ts';
import { advance } from './dispatch.ts';
import { createEventQueue } from './event-queue.ts';
import { createFaults, type Faults, hostOf } from './faults.ts';
import type { Host, NodeOptions, NotedAt, Observer, Sim, SimEvent } from './host.ts';
import { enqueue } from './inbox.ts';
import { joinMembers } from './links.ts';
import { createNetwork, type NetworkOptions } from './network.ts';
import { newcomerSides } from './partitions.ts';
import { powerOn } from './power.ts';

export interface WorldOptions {
  readonly seed: number;
  readonly network?: NetworkOptions;
  /** Calls `process.invariants` after every turn. Default true. */
  readonly checkInvariants?: boolean;
  /** Keeps every note in `World.notes`. Default true; benchmarks do without. */
  readonly keepNotes?: boolean;
  readonly observers?: readonly Observer[];
}

export interface World extends Faults {
  /** True simulated time. */
  readonly now: Millis;
  readonly seed: number;
  /** Every node added, in order. */
  readonly ids: readonly NodeId[];
  /** Every note of every node, in order. */
  readonly notes: readonly NotedAt[];
  /** Messages handed to processes so far. */
  readonly deliveredMessages: number;
  /** Events handled so far: frames, turns, timers, syncs. */
  readonly handledEvents: number;
  /** Ends of links that nodes know of. */
  readonly linkCount: number;
  /** Adds a node, and starts it at the current time unless `start` is false. */
  add<S, M>(options: NodeOptions<S, M>): void;
  isUp(id: NodeId): boolean;
  /** The live state record of a running node. The caller names its type. */
  stateOf<S>(id: NodeId): S;
  /** What is on the node's disk. */
  diskOf(id: NodeId): Readonly<Disk>;
  /** Calls the process from outside, as an input of its next turn. Dropped if the node is down by then. */
  call<S, M>(id: NodeId, act: (state: S, env: Env<M>) => void): void;
  /** Charges CPU time to the node's current turn: for work that its `Env` does not see, such as signing. */
  spend(id: NodeId, costUs: number): void;
  /** Runs `act` in `afterMs`, outside all nodes: faults and load are scheduled so. */
  schedule(afterMs: Millis, act: () => void): void;
  /** CPU time the node has used so far: on the core of its turns, and on the cores for offloaded jobs. */
  busyOf(id: NodeId): { readonly turnsMs: Millis; readonly jobsMs: Millis };
  /** Bytes of the frames that left the node on a link, and that its turns took in. */
  trafficOf(id: NodeId): { readonly sentBytes: number; readonly receivedBytes: number };
  /** From now on, `observer` is told. */
  observe(observer: Observer): void;
  /** Runs for a span of true time. Throws `ProcessFailure` when a process does. */
  run(forMs: Millis): void;
  /** Runs until `holds`, looked at between events; false if it does not within the time. */
  runUntil(holds: () => boolean, withinMs: Millis): boolean;
}

/** Names of connections that are made anew begin here: no node has such an id. */
const FIRST_FRESH_NAME: NodeId = 2 ** 48;

function createSim(options: WorldOptions): Sim {
  return {
    now: 0,
    seed: options.seed,
    queue: createEventQueue<SimEvent>(),
    hosts: new Map(),
    network: createNetwork(options.network ?? {}, createPrng(options.seed, 'network')),
    observers: [...(options.observers ?? [])],
    notes: [],
    keepsNotes: options.keepNotes ?? true,
    random: createPrng(options.seed, 'world'),
    checksInvariants: options.checkInvariants ?? true,
    deliveredMessages: 0,
    handledEvents: 0,
    partitions: 0,
    nextName: FIRST_FRESH_NAME,
  };
}

function createHost(sim: Sim, options: NodeOptions<unknown, unknown>): Host {
  return {
    id: options.id,
    options,
    disk: createDisk(options.disk ?? {}, createPrng(sim.seed, `disk ${options.id}`)),
    clock: createClock(options.clock),
    cpu: options.cpu ?? freeCosts,
    links: new Map(),
    cutTo: new Set(),
    sides: newcomerSides(sim.partitions),
    openTo: new Set(),
    linkOptions: new Map(),
    run: null,
    lives: 0,
    sweepAt: 0,
    busy: { turnsMs: 0, jobsMs: 0 },
    traffic: { sentBytes: 0, receivedBytes: 0 },
    uploadFreeAt: 0,
    crashesInTurn: false,
  };
}

function addHost(sim: Sim, options: NodeOptions<unknown, unknown>): void {
  assert(!sim.hosts.has(options.id) && options.id < FIRST_FRESH_NAME, `node ${options.id} is added once`);
  const host = createHost(sim, options);
  sim.hosts.set(host.id, host);
  if (options.start ?? true) powerOn(sim, host);
  if (!isMember(host)) return;
  for (const other of sim.hosts.values())
    if (other !== host && isMember(other)) joinMembers(sim, other, host);
}

const isMember = ({ options: { link } }: Host): boolean => link === undefined || link === 'member';

/** Receives a state; as a method, it may be more particular about its kind than a world can know. */
interface StateReader {
  read(state: unknown): void;
}

function stateOf<S>(sim: Sim, id: NodeId): S {
  const { run } = hostOf(sim, id);
  assert(run?.hasStarted === true, `node ${id} runs`);
  const states: S[] = [];
  const reader: StateReader = { read: (state: S) => void states.push(state) };
  reader.read(run.state);
  return states[0]!;
}

function call<S, M>(sim: Sim, id: NodeId, act: (state: S, env: Env<M>) => void): void {
  const { run } = hostOf(sim, id);
  if (run !== null) enqueue(sim, run, { kind: 'call', act });
}

function spend(sim: Sim, id: NodeId, costUs: number): void {
  const { run } = hostOf(sim, id);
  if (run?.inTurn === true) run.spentUs += costUs;
}

export function createWorld(options: WorldOptions): World {
  const sim = createSim(options);
  return {
    get now() {
      return sim.now;
    },
    seed: sim.seed,
    get ids() {
      return [...sim.hosts.keys()];
    },
    notes: sim.notes,
    get deliveredMessages() {
      return sim.deliveredMessages;
    },
    get handledEvents() {
      return sim.handledEvents;
    },
    get linkCount() {
      return [...sim.hosts.values()].reduce((sum, { links }) => sum + links.size, 0);
    },
    ...createFaults(sim),
    add: (node) => addHost(sim, node),
    isUp: (id) => hostOf(sim, id).run !== null,
    stateOf: (id) => stateOf(sim, id),
    diskOf: (id) => hostOf(sim, id).disk,
    call: (id, act) => call(sim, id, act),
    spend: (id, costUs) => spend(sim, id, costUs),
    busyOf: (id) => ({ ...hostOf(sim, id).busy }),
    trafficOf: (id) => ({ ...hostOf(sim, id).traffic }),
    schedule: (afterMs, act) => sim.queue.push(sim.now + afterMs, { kind: 'act', act }),
    observe: (observer) => void sim.observers.push(observer),
    run: (forMs) => void advance(sim, sim.now + forMs, null),
    runUntil: (holds, withinMs) => advance(sim, sim.now + withinMs, holds),
  };
}
