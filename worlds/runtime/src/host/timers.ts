/**
 * Named timers over one heap. Protocols re-arm the same timer all the time, nearly always for later: then the heap
 * keeps its entry, and the timer's own `due` decides when the entry comes up. So a re-arm costs a map lookup.
 */

import type { Millis } from '@concordat/kernel';

interface Armed {
  readonly name: string;
  due: Millis;
  /** When this timer's heap entry comes up: never after `due`. */
  entryAt: Millis;
  /** Counts arms, so that a timer set anew within a turn is not the one that was due. */
  generation: number;
}

interface HeapEntry {
  readonly at: Millis;
  readonly timer: Armed;
}

/** A timer that came due; it fires unless it was re-armed or cancelled since. */
export interface Due {
  readonly name: string;
  readonly generation: number;
}

export interface Timers {
  set(name: string, due: Millis): void;
  cancel(name: string): void;
  /** Timers due at `now`, earliest first; they stay armed until `fire`. */
  due(now: Millis): readonly Due[];
  /** True if the timer is still the one that was due; it is disarmed. */
  fire(due: Due): boolean;
  /** When to look again at the earliest, or Infinity. */
  next(): Millis;
}

const NEVER: Millis = Number.POSITIVE_INFINITY;
const NONE: readonly Due[] = [];

export function createTimers(): Timers {
  const armed = new Map<string, Armed>();
  const heap: HeapEntry[] = [];
  let generations = 0;

  const enter = (timer: Armed): void => {
    timer.entryAt = timer.due;
    push(heap, { at: timer.due, timer });
  };
  const isCurrent = (entry: HeapEntry): boolean =>
    armed.get(entry.timer.name) === entry.timer && entry.timer.entryAt === entry.at;

  return {
    set: (name, due) => {
      const timer = armed.get(name);
      generations++;
      if (timer === undefined) {
        const fresh = { name, due, entryAt: due, generation: generations };
        armed.set(name, fresh);
        enter(fresh);
        return;
      }
      timer.due = due;
      timer.generation = generations;
      if (due < timer.entryAt) enter(timer);
    },
    cancel: (name) => {
      const timer = armed.get(name);
      if (timer === undefined) return;
      // Kept until its heap entry comes up: setting and cancelling per request must not fill the heap.
      timer.due = NEVER;
      generations++;
      timer.generation = generations;
      if (timer.entryAt === NEVER) armed.delete(name);
    },
    due: (now) => {
      if ((heap[0]?.at ?? NEVER) > now) return NONE;
      const found: Armed[] = [];
      for (let top = heap[0]; top !== undefined && top.at <= now; top = heap[0]) {
        pop(heap);
        if (!isCurrent(top)) continue;
        if (top.timer.due <= now) found.push(top.timer);
        else if (top.timer.due === NEVER) armed.delete(top.timer.name);
        else enter(top.timer);
      }
      // Whoever is not fired in this turn after all (re-armed for later) needs its heap entry back: `set` sees to it.
      for (const timer of found) timer.entryAt = NEVER;
      return found
        .sort((a, b) => a.due - b.due || a.generation - b.generation)
        .map(({ name, generation }) => ({ name, generation }));
    },
    fire: ({ name, generation }) => {
      if (armed.get(name)?.generation !== generation) return false;
      armed.delete(name);
      return true;
    },
    next: () => {
      for (let top = heap[0]; top !== undefined; top = heap[0]) {
        if (isCurrent(top)) return top.at;
        pop(heap);
      }
      return NEVER;
    },
  };
}

function push(heap: HeapEntry[], entry: HeapEntry): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    const above = heap[parent];
    if (above === undefined || above.at <= entry.at) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = entry;
}

function pop(heap: HeapEntry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const a = heap[left];
    if (a === undefined) break;
    const b = heap[left + 1];
    const child = b !== undefined && b.at < a.at ? left + 1 : left;
    const smaller = heap[child];
    if (smaller === undefined || smaller.at >= last.at) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = last;
}
