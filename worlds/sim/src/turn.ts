/**
 * The turn, as kernel's `env.ts` defines it: drain the inbox, `receive` each message, `settle` once; then early
 * frames leave, the turn's appends are synced, and its other frames leave in turn order once everything before is
 * durable. Turns pipeline: a later turn runs while earlier ones wait for the disk.
 */

import { HaltError, unreachable } from '@concordat/kernel';
import { readClock } from './clock.ts';
import { finishSync, isFull, journalEnd, recover, releaseRecords, syncDuration } from './disk.ts';
import {
  emitNote,
  type Frame,
  type Input,
  type Outgoing,
  ProcessFailure,
  type Run,
  type Sim,
} from './host.ts';
import { enqueue, queueTurn, takeInputs } from './inbox.ts';
import { closeConnection } from './links.ts';
import { isMuted } from './muting.ts';
import { transmit } from './network.ts';
import { cutShort, powerOff } from './power.ts';

/** With this many turns waiting for the disk, the real host runs no further ones, to bound its memory. */
const HELD_TURNS_MAX = 256;

function receiveItem(sim: Sim, run: Run, frame: Frame, item: unknown): void {
  const { process, codec } = run.host.options;
  const from = frame.link.fromName;
  let message = item;
  if (frame.isEncoded && item instanceof Uint8Array && codec !== undefined) {
    message = codec.decode(item);
    if (message === null) {
      emitNote(sim, run.host.id, { kind: 'undecodable', from });
      return;
    }
  }
  sim.deliveredMessages++;
  for (const observer of sim.observers) observer.delivered?.(sim.now, from, run.host.id, message);
  process.receive(run.state, run.env, from, message);
}

function receiveFrame(sim: Sim, run: Run, frame: Frame): void {
  const { cpu } = run.host;
  run.spentUs += frame.items.length * cpu.receiveUs + frame.sizeBytes * cpu.byteUs;
  run.host.traffic.receivedBytes += frame.sizeBytes;
  for (const item of frame.items) {
    // Muted for what came before it in this very frame.
    if (isMuted(sim, run, frame)) return;
    receiveItem(sim, run, frame, item);
  }
}

function handle(sim: Sim, run: Run, input: Input): void {
  const { process } = run.host.options;
  switch (input.kind) {
    case 'frame':
      receiveFrame(sim, run, input);
      break;
    case 'timer':
      // Cancelled or set anew by an earlier event of this turn.
      if (!input.isDue) break;
      input.isDue = false;
      process.timeout(run.state, run.env, input.name);
      break;
    case 'completion':
      process.completed?.(run.state, run.env, input.ticket, input.holds);
      break;
    case 'linked':
      process.linked?.(run.state, run.env, input.peer, input.isUp);
      break;
    case 'call':
      input.act(run.state, run.env);
      break;
    default:
      unreachable(input);
  }
}

function beginTurn(sim: Sim, run: Run): void {
  run.inTurn = true;
  run.spentUs = run.host.cpu.turnUs;
  run.env.now = readClock(run.host.clock, sim.now);
}

/** The body of the first turn. */
function startProcess(run: Run): void {
  run.state = run.host.options.process.start(run.env, recover(run.host.disk));
}

/** The body of every other turn. */
function drainInbox(sim: Sim, run: Run): void {
  for (const input of takeInputs(run)) {
    if (input.kind !== 'frame' || !isMuted(sim, run, input)) handle(sim, run, input);
  }
}

/** Runs one turn's handlers; false if the process failed. */
function runHandlers(sim: Sim, run: Run): boolean {
  const { process, mayFail } = run.host.options;
  try {
    if (run.hasStarted) drainInbox(sim, run);
    else startProcess(run);
    process.settle(run.state, run.env);
    if (sim.checksInvariants) process.invariants?.(run.state);
    return true;
  } catch (error) {
    // A process may stop for its operator's sake; nothing else is a reason to throw.
    const isHalted = error instanceof HaltError;
    if (mayFail !== true && !isHalted) throw new ProcessFailure(run.host.id, sim.now, error);
    const reason = error instanceof Error ? error.message : 'thrown';
    emitNote(sim, run.host.id, { kind: isHalted ? 'halted' : 'failed', reason });
    return false;
  }
}

/** Runs one turn: the start if the process has not started, else everything in the inbox. */
export function runTurn(sim: Sim, run: Run): void {
  if (!run.isAlive) return;
  run.isStalled = run.pending.length >= HELD_TURNS_MAX;
  if (run.isStalled) {
    run.isTurnQueued = false;
    return;
  }
  beginTurn(sim, run);
  const isSound = runHandlers(sim, run);
  run.inTurn = false;
  if (!isSound) {
    powerOff(sim, run.host);
    return;
  }
  run.hasStarted = true;
  const outgoing = takeOutgoing(run);
  run.busyTo = sim.now + run.spentUs / 1000;
  run.host.busy.turnsMs += run.spentUs / 1000;
  // The end of this turn is queued before the next turn, which may begin at the same time.
  if (outgoing !== null && run.busyTo > sim.now) sim.queue.push(run.busyTo, outgoing);
  run.isTurnQueued = false;
  // Inputs may wait already: more than one turn may take, or a link that came up.
  if (run.inbox.length > 0) queueTurn(sim, run, run.busyTo);
  if (outgoing !== null && run.busyTo === sim.now) endTurn(sim, outgoing);
}

function costOf(run: Run, frames: readonly Frame[]): number {
  const { cpu } = run.host;
  let costUs = 0;
  for (const frame of frames)
    costUs += cpu.frameUs + cpu.sendUs * frame.items.length + cpu.byteUs * frame.sizeBytes;
  return costUs;
}

const nothing: readonly never[] = [];

/** A list of a turn's effects that outlives it; an empty one stays with the run, which fills it again. */
const kept = <T>(list: readonly T[]): readonly T[] => (list.length === 0 ? nothing : list);

/** Takes the turn's effects out of the run; null if there are none. */
function takeOutgoing(run: Run): Outgoing | null {
  const { frames, early, closing, releaseTo, host } = run;
  run.encodedFrom = undefined;
  run.encoded = null;
  const durableAt = journalEnd(host.disk);
  const hasEffects = frames.length + early.length + closing.length > 0 || releaseTo > host.disk.base;
  if (!hasEffects && durableAt === run.lastDurableAt) return null;
  for (const frame of frames) frame.link.draft = null;
  for (const frame of early) frame.link.earlyDraft = null;
  run.spentUs += costOf(run, frames) + costOf(run, early);
  run.lastDurableAt = durableAt;
  // PERF: most turns send late and nothing else; lists that stayed empty are kept.
  if (frames.length > 0) run.frames = [];
  if (early.length > 0) run.early = [];
  if (closing.length > 0) run.closing = [];
  run.releaseTo = 0;
  return {
    kind: 'turn-end',
    run,
    frames: kept(frames),
    early: kept(early),
    durableAt,
    releaseTo,
    closing: kept(closing),
  };
}

/** The turn's effects begin: early frames leave, appends go to the disk, the rest waits for it. */
export function endTurn(sim: Sim, outgoing: Outgoing): void {
  const { run } = outgoing;
  if (!run.isAlive) return;
  const { host } = run;
  if (host.crashesInTurn) {
    cutShort(sim, outgoing);
    return;
  }
  for (const frame of outgoing.early) transmit(sim, frame);
  host.disk.writtenTo = outgoing.durableAt;
  if (run.pending.length === 0 && outgoing.durableAt <= host.disk.ackedTo) {
    release(sim, outgoing);
    return;
  }
  run.pending.push(outgoing);
  startSync(sim, run);
}

export function startSync(sim: Sim, run: Run): void {
  const { disk } = run.host;
  if (disk.isSyncing || disk.isHeld || disk.writtenTo <= disk.ackedTo) return;
  if (isFull(disk)) {
    emitNote(sim, run.host.id, { kind: 'disk-full' });
    powerOff(sim, run.host);
    return;
  }
  disk.isSyncing = true;
  sim.queue.push(sim.now + syncDuration(disk), { kind: 'synced', run, to: disk.writtenTo });
}

/** A sync is done: the frames it held back leave, in turn order. */
export function onSynced(sim: Sim, run: Run, to: number): void {
  if (!run.isAlive) return;
  const { disk } = run.host;
  finishSync(disk, to);
  let ready = 0;
  while (ready < run.pending.length && run.pending[ready]!.durableAt <= to) ready++;
  for (const outgoing of run.pending.splice(0, ready)) release(sim, outgoing);
  if (run.isStalled) queueTurn(sim, run, run.busyTo);
  startSync(sim, run);
}

/** What a turn may do only now that it, and every turn before it, is durable. */
function release(sim: Sim, outgoing: Outgoing): void {
  const { run, frames, closing, releaseTo } = outgoing;
  for (const frame of frames) transmit(sim, frame);
  if (releaseTo > run.host.disk.base) releaseRecords(run.host.disk, releaseTo);
  for (const peer of closing) closeConnection(sim, run.host, peer);
}

/** A frame reached its receiver's machine. */
export function onFrame(sim: Sim, frame: Frame): void {
  const { link } = frame;
  const { run } = link.to;
  if (run === null || !run.hasStarted || frame.epoch !== link.epoch || isMuted(sim, run, frame)) return;
  enqueue(sim, run, frame);
}
