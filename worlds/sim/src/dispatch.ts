/** The loop of a world: takes the earliest event and gives it to whoever it is for. */

import { type Millis, unreachable } from '@concordat/kernel';
import type { Input, Run, Sim, SimEvent, Timer } from './host.ts';
import { enqueue } from './inbox.ts';
import { onPair } from './links.ts';
import { endTurn, onFrame, onSynced, runTurn } from './turn.ts';

function onTimer(sim: Sim, timer: Timer): void {
  // Re-armed for an earlier time, which has come already.
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

function enqueueIfAlive(sim: Sim, run: Run, input: Input): void {
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

/** Steps through events up to and including time `until`; stops early, and is true, once `holds`. */
export function advance(sim: Sim, until: Millis, holds: (() => boolean) | null): boolean {
  const { queue } = sim;
  if (holds?.() === true) return true;
  for (let at = queue.nextAt(); at <= until; at = queue.nextAt()) {
    sim.now = at;
    sim.handledEvents++;
    const event = queue.pop();
    if (event !== undefined) dispatch(sim, event);
    if (holds?.() === true) return true;
  }
  sim.now = until;
  return false;
}
