/**
 * Bounded exhaustive exploration: every state that a transition system can reach, breadth first, each once. A protocol's
 * rules become a system of few states (one slot, three members, two views), and all that faults could do becomes its
 * steps; then a property that holds in every state is proved for that size, not sampled. The first state with a problem
 * ends the exploration, and the shortest way to it is its trace.
 * `sometimes` properties guard against vacuous truth (stateright); counts are pinned by tests, so that a change of a rule
 * shows as a changed number.
 */

import { createFingerprints, type Fingerprints, NOBODY } from './fingerprints.ts';

export interface TransitionSystem<S> {
  /** Where runs begin. */
  initial(): Iterable<S>;
  /** Every state one step further; the same one may come several times. */
  next(state: S): Iterable<S>;
  /**
   * Different for any two states, but those that a symmetry of the system maps onto each other may share a key: one of
   * them is explored then (Ip and Dill, CHDL 1993). A symmetry must map initial states to initial ones, steps to steps, and
   * keep the verdict of every property.
   */
  key(state: S): string;
  /** What is wrong with a state; null if nothing is. */
  problem(state: S): string | null;
  /** What must hold in some state, or the exploration proves less than it seems to. */
  readonly sometimes?: Readonly<Record<string, (state: S) => boolean>>;
  /** One line of a trace. */
  describe(state: S): string;
}

export interface ExploreOptions {
  /** The exploration is given up, as incomplete, once it has seen more states. Default 2^24, about half a gigabyte. */
  readonly maxStates?: number;
  /** Called now and then. */
  readonly onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly states: number;
  /** Steps from the beginning. */
  readonly depth: number;
  /** States at this depth, and how many of them are explored. */
  readonly width: number;
  readonly explored: number;
}

export interface Explored {
  /** Different states seen, up to symmetry. */
  readonly states: number;
  /** Steps to the states farthest from the beginning. */
  readonly depth: number;
  /** For each `sometimes` property, the states in which it holds. */
  readonly sometimes: Readonly<Record<string, number>>;
  /** False if there were more states than allowed: then nothing is proved. */
  readonly isComplete: boolean;
  /** A shortest trace, from the beginning to the problem, which is its last line; null if there is none. */
  readonly violation: readonly string[] | null;
}

/** Explored states between two calls of `onProgress`. */
const PROGRESS_EVERY = 1 << 14;

/** A state on the frontier, and its number. */
interface Reached<S> {
  readonly state: S;
  readonly number: number;
}

interface Exploration<S> {
  readonly system: TransitionSystem<S>;
  readonly maxStates: number;
  readonly seen: Fingerprints;
  readonly sometimes: Record<string, number>;
  violation: readonly string[] | null;
}

export function explore<S>(system: TransitionSystem<S>, options: ExploreOptions = {}): Explored {
  const sometimes = Object.fromEntries(Object.keys(system.sometimes ?? {}).map((name) => [name, 0]));
  const maxStates = options.maxStates ?? 1 << 24;
  const x: Exploration<S> = { system, maxStates, seen: createFingerprints(), sometimes, violation: null };
  let frontier: Reached<S>[] = [];
  reach(x, system.initial(), NOBODY, frontier);
  let depth = 0;
  while (!isOver(x)) {
    const further = expand(x, frontier, (explored) => {
      const { size: states } = x.seen;
      options.onProgress?.({ states, depth, width: frontier.length, explored });
    });
    if (further.length === 0) break;
    frontier = further;
    depth++;
  }
  const isComplete = x.violation !== null || x.seen.size <= maxStates;
  return { states: x.seen.size, depth, sometimes, isComplete, violation: x.violation };
}

const isOver = <S>({ violation, seen, maxStates }: Exploration<S>): boolean =>
  violation !== null || seen.size > maxStates;

function expand<S>(
  x: Exploration<S>,
  frontier: readonly Reached<S>[],
  tell: (explored: number) => void,
): Reached<S>[] {
  const further: Reached<S>[] = [];
  for (const [explored, { state, number }] of frontier.entries()) {
    reach(x, x.system.next(state), number, further);
    if (isOver(x)) break;
    if ((explored + 1) % PROGRESS_EVERY === 0) tell(explored + 1);
  }
  return further;
}

/** Notes those of the states that are new. */
function reach<S>(x: Exploration<S>, states: Iterable<S>, parent: number, frontier: Reached<S>[]): void {
  const { system, seen, sometimes } = x;
  for (const state of states) {
    const number = seen.add(system.key(state), parent);
    if (number === null) continue;
    for (const [name, holds] of Object.entries(system.sometimes ?? {}))
      if (holds(state)) sometimes[name] = (sometimes[name] ?? 0) + 1;
    frontier.push({ state, number });
    const problem = system.problem(state);
    if (problem !== null) x.violation = [...traceTo(x, number), problem];
    if (isOver(x)) return;
  }
}

/**
 * The lines of the way to a state. Only fingerprints of the states before it are left, so the run is repeated: up to
 * symmetry, which is as good, because what can follow a state can follow those like it.
 */
function traceTo<S>({ system, seen }: Exploration<S>, last: number): string[] {
  const numbers: number[] = [];
  for (let number = last; number !== NOBODY; number = seen.parentOf(number)) numbers.unshift(number);
  const lines: string[] = [];
  let states = system.initial();
  for (const number of numbers) {
    const state = find(states, (candidate) => seen.find(system.key(candidate)) === number);
    if (state === null) return [...lines, 'what follows is lost: the keys are not those of a symmetry'];
    lines.push(system.describe(state));
    states = system.next(state);
  }
  return lines;
}

function find<S>(states: Iterable<S>, matches: (state: S) => boolean): S | null {
  for (const state of states) if (matches(state)) return state;
  return null;
}
