/**
 * What waits for a node's turns. A turn takes everything, in order of arrival and with timers last, so that a stall
 * of this node does not look like the silence of others. When more bytes wait than one turn may take, peers take turns
 * with a quantum each, as in the real host: a flood delays its sender and nobody else. Members and connections have
 * budgets of their own.
 */

import type { Millis } from '@concordat/kernel';
import type { Input, Run, Sim } from './host.ts';
import type { Pair } from './network.ts';

/** The real host's figures. */
export const MEMBERS_BUDGET_BYTES = 4 * 1024 * 1024;
export const CONNECTIONS_BUDGET_BYTES = 2 * 1024 * 1024;
const QUANTUM_BYTES = 64 * 1024;

/** Puts `input` into a run's inbox and sees to it that a turn comes, no earlier than the core is free. */
export function enqueue(sim: Sim, run: Run, input: Input): void {
  // PERF: a list made of its first item has room for one, which is what most turns take; one that is pushed to, for 17.
  if (run.inbox.length === 0) run.inbox = [input];
  else run.inbox.push(input);
  if (input.kind === 'frame') run.inboxBytes += input.sizeBytes;
  else if (input.kind === 'timer') run.hasDueTimer = true;
  if (run.hasStarted) queueTurn(sim, run, run.busyTo);
}

export function queueTurn(sim: Sim, run: Run, notBefore: Millis): void {
  if (run.isTurnQueued) return;
  run.isTurnQueued = true;
  sim.queue.push(Math.max(sim.now, notBefore), run.turnEvent);
}

/** Takes what the coming turn handles; the rest stays. */
export function takeInputs(run: Run): readonly Input[] {
  const { inbox, inboxBytes, hasDueTimer } = run;
  run.inbox = [];
  run.inboxBytes = 0;
  run.hasDueTimer = false;
  const inputs = inboxBytes > CONNECTIONS_BUDGET_BYTES ? takeFairly(run, inbox) : inbox;
  return hasDueTimer && inputs.length > 1 ? timersLast(inputs) : inputs;
}

const timersLast = (inputs: readonly Input[]): Input[] => [
  ...inputs.filter(({ kind }) => kind !== 'timer'),
  ...inputs.filter(({ kind }) => kind === 'timer'),
];

const pairOf = (input: Input): Pair | null => {
  if (input.kind === 'frame') return input.link.pair;
  return input.kind === 'linked' ? input.pair : null;
};

/** Sorts what came over links by peer, each in order; everything else is taken at once. */
function byPeer(inbox: readonly Input[], taken: Input[]): Map<Pair, Input[]> {
  const queues = new Map<Pair, Input[]>();
  for (const input of inbox) {
    const pair = pairOf(input);
    const queue = pair === null ? taken : queues.get(pair);
    if (queue !== undefined) queue.push(input);
    else if (pair !== null) queues.set(pair, [input]);
  }
  return queues;
}

/** Takes about a quantum from the front of `queue`; returns its bytes. */
function takeQuantum(queue: Input[], taken: Input[]): number {
  let bytes = 0;
  let count = 0;
  for (const input of queue) {
    if (bytes >= QUANTUM_BYTES) break;
    if (input.kind === 'frame') bytes += input.sizeBytes;
    count++;
  }
  taken.push(...queue.splice(0, count));
  return bytes;
}

/** Visits the queues in rotation until nothing is left or the budget is spent. */
function rotate(queues: readonly Input[][], budgetBytes: number, taken: Input[]): void {
  let left = budgetBytes;
  let waiting = queues.filter((queue) => queue.length > 0);
  while (waiting.length > 0 && left > 0) {
    for (const queue of waiting) if (left > 0) left -= takeQuantum(queue, taken);
    waiting = waiting.filter((queue) => queue.length > 0);
  }
}

function takeFairly(run: Run, inbox: readonly Input[]): Input[] {
  const taken: Input[] = [];
  const queues = byPeer(inbox, taken);
  const of = (isConnection: boolean): Input[][] =>
    [...queues].filter(([pair]) => pair.isConnection === isConnection).map(([, queue]) => queue);
  rotate(of(false), MEMBERS_BUDGET_BYTES, taken);
  rotate(of(true), CONNECTIONS_BUDGET_BYTES, taken);
  // Those visited last come first next time, or a flood of small frames could starve the last in line.
  for (const queue of [...queues.values()].reverse())
    for (const input of queue) {
      run.inbox.push(input);
      if (input.kind === 'frame') run.inboxBytes += input.sizeBytes;
    }
  return taken;
}
