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
  /** Steps taken, also to states seen before. */
  readonly steps: number;
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

/** Steps between two calls of `onProgress`. */
const PROGRESS_EVERY = 1 << 16;

/** A state on the frontier, and its number. */
interface Reached<S> {
  readonly state: S;
  readonly number: number;
}

interface Exploration<S> {
  readonly system: TransitionSystem<S>;
  readonly options: ExploreOptions;
  readonly maxStates: number;
  readonly seen: Fingerprints;
  readonly sometimes: Record<string, number>;
  /** The states at this depth, and those one step further that are found so far. */
  frontier: readonly Reached<S>[];
  further: Reached<S>[];
  depth: number;
  explored: number;
  steps: number;
  violation: readonly string[] | null;
}

export function explore<S>(system: TransitionSystem<S>, options: ExploreOptions = {}): Explored {
  const x = begin(system, options);
  reach(x, system.initial(), NOBODY);
  let depth = 0;
  for (; !isOver(x) && x.further.length > 0; depth = x.depth++) expand(x);
  const { seen, sometimes, violation, maxStates } = x;
  const isComplete = violation !== null || seen.size <= maxStates;
  return { states: seen.size, depth, sometimes, isComplete, violation };
}

const begin = <S>(system: TransitionSystem<S>, options: ExploreOptions): Exploration<S> => ({
  system,
  options,
  maxStates: options.maxStates ?? 1 << 24,
  seen: createFingerprints(),
  sometimes: Object.fromEntries(Object.keys(system.sometimes ?? {}).map((name) => [name, 0])),
  frontier: [],
  further: [],
  depth: 0,
  explored: 0,
  steps: 0,
  violation: null,
});

const isOver = <S>({ violation, seen, maxStates }: Exploration<S>): boolean =>
  violation !== null || seen.size > maxStates;

/** Takes all states of the frontier one step further. */
function expand<S>(x: Exploration<S>): void {
  x.frontier = x.further;
  x.further = [];
  for (const [explored, { state, number }] of x.frontier.entries()) {
    x.explored = explored;
    reach(x, x.system.next(state), number);
    if (isOver(x)) return;
  }
}

/** Notes those of the states that are new. */
function reach<S>(x: Exploration<S>, states: Iterable<S>, parent: number): void {
  const { system, seen } = x;
  for (const state of states) {
    if (++x.steps % PROGRESS_EVERY === 0) tell(x);
    const number = seen.add(system.key(state), parent);
    if (number === null) continue;
    x.further.push({ state, number });
    judge(x, state, number);
    if (isOver(x)) return;
  }
}

function judge<S>(x: Exploration<S>, state: S, number: number): void {
  const { system, sometimes } = x;
  for (const [name, holds] of Object.entries(system.sometimes ?? {}))
    if (holds(state)) sometimes[name] = (sometimes[name] ?? 0) + 1;
  const problem = system.problem(state);
  if (problem !== null) x.violation = [...traceTo(x, number), problem];
}

function tell<S>({ options, seen, steps, depth, frontier, explored }: Exploration<S>): void {
  options.onProgress?.({ states: seen.size, steps, depth, width: frontier.length, explored });
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
