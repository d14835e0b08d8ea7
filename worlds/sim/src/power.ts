/**
 * Power: starting a run, and losing it. A crash throws the state away and drops every byte not yet synced, subject
 * to the disk's faults. A crash may also fall inside a turn: then part of its appends are durable and some of its
 * frames left, as the seed decides.
 */

import { assert, createPrng, type Millis, type NodeId, type Position } from '@concordat/kernel';
import { crashDisk, journalEnd } from './disk.ts';
import { createEnv } from './env.ts';
import type { Frame, Host, HostEnv, Input, Outgoing, Run, Sim, SimEvent, Timer } from './host.ts';
import { unplug } from './links.ts';
import { transmit } from './network.ts';

/** A run and its `Env` know each other, which only a constructor can arrange without a hole. */
class Life implements Run {
  readonly host: Host;
  readonly env: HostEnv;
  readonly turnEvent: SimEvent;
  state: unknown = undefined;
  isAlive = true;
  hasStarted = false;
  inTurn = false;
  inbox: Input[] = [];
  inboxBytes = 0;
  hasDueTimer = false;
  readonly mutedUntil = new Map<NodeId, Millis>();
  isStalled = false;
  isTurnQueued = true;
  busyTo: Millis;
  spentUs = 0;
  workersFreeAt: Millis[] = [];
  readonly timers = new Map<string, Timer>();
  pending: Outgoing[] = [];
  frames: Frame[] = [];
  early: Frame[] = [];
  closing: NodeId[] = [];
  releaseTo: Position = 0;
  lastDurableAt: Position;
  encodedFrom: unknown = undefined;
  encoded: Uint8Array | null = null;

  constructor(sim: Sim, host: Host) {
    this.host = host;
    this.busyTo = sim.now;
    this.lastDurableAt = journalEnd(host.disk);
    this.turnEvent = { kind: 'turn', run: this };
    this.env = createEnv(sim, this, createPrng(sim.seed, `node ${host.id} life ${host.lives}`));
  }
}

/** Begins a new life: `start` is called with the recovered journal in a turn of its own, at this very time. */
export function powerOn(sim: Sim, host: Host): void {
  assert(host.run === null, 'a running node is not started');
  host.lives++;
  host.clock.lastRead = Number.NEGATIVE_INFINITY;
  const run = new Life(sim, host);
  host.run = run;
  for (const observer of sim.observers) observer.started?.(sim.now, host.id);
  sim.queue.push(sim.now, run.turnEvent);
}

/** Ends a life at once. */
export function powerOff(sim: Sim, host: Host): void {
  const { run } = host;
  if (run === null) return;
  run.isAlive = false;
  host.run = null;
  host.crashesInTurn = false;
  for (const link of host.links.values()) {
    link.draft = null;
    link.earlyDraft = null;
  }
  crashDisk(host.disk);
  for (const observer of sim.observers) observer.crashed?.(sim.now, host.id);
  unplug(sim, host);
}

/**
 * Loses power inside the end of a turn. Some early frames left; some of the unsynced appends reached the disk; and
 * if all did, some of the frames left that had waited for them.
 */
export function cutShort(sim: Sim, outgoing: Outgoing): void {
  const { run, early, frames, durableAt } = outgoing;
  const { disk } = run.host;
  const { random } = sim;
  for (const frame of early.slice(0, random.below(early.length + 1))) transmit(sim, frame);
  disk.durableTo += random.below(durableAt - disk.durableTo + 1);
  const waiting: Frame[] = [];
  for (const held of run.pending) if (held.durableAt <= disk.durableTo) waiting.push(...held.frames);
  if (durableAt <= disk.durableTo) waiting.push(...frames);
  for (const frame of waiting.slice(0, random.below(waiting.length + 1))) transmit(sim, frame);
  powerOff(sim, run.host);
}
