/**
 * The space of plans: for each deviation a switch and its parameters, each a number in [0, 1]. The search moves in that
 * cube, whatever the parameters mean; `planAt` says what a point means.
 */

import { assert, type Prng } from '@concordat/kernel';
import type { Deviation, Parameter, Plan, Value } from './deviation.ts';

/** Of one deviation in the library, by position. */
export interface Gene {
  readonly isOn: boolean;
  /** In [0, 1], by parameter. */
  readonly levels: readonly number[];
}

export type Point = readonly Gene[];
type Library = readonly Deviation<unknown>[];

const clamp = (x: number): number => Math.min(1, Math.max(0, x));

function valueAt(parameter: Parameter, level: number): Value {
  if (parameter.kind === 'choice') {
    const { choices } = parameter;
    const chosen = choices[Math.min(choices.length - 1, Math.floor(level * choices.length))];
    assert(chosen !== undefined, 'a choice has something to choose');
    return chosen;
  }
  const { min, max, isLogarithmic, isWhole } = parameter;
  const value = isLogarithmic === true ? min * (max / min) ** level : min + (max - min) * level;
  return isWhole === true ? Math.round(value) : value;
}

export const planAt = (library: Library, point: Point): Plan => ({
  parts: library.flatMap(({ name, parameters }, i) => {
    const gene = point[i]!;
    if (!gene.isOn) return [];
    const values = parameters.map((parameter, k) => [parameter.name, valueAt(parameter, gene.levels[k]!)]);
    return [{ deviation: name, values: Object.fromEntries(values) }];
  }),
});

/** A point where the deviations at `on` apply, all parameters as `level` says. */
export const pointWith = (library: Library, on: readonly number[], level: () => number): Point =>
  library.map(({ parameters }, i) => ({ isOn: on.includes(i), levels: parameters.map(level) }));

/**
 * Where the search begins. Every deviation alone, at both ends of its parameters (the best is often an extreme) and at
 * random; every pair, since two may gain what neither does; then combinations drawn at random. At most `count`, in turn.
 */
export function firstPoints(library: Library, count: number, random: Prng): readonly Point[] {
  const points: Point[] = [];
  const atRandom = (): number => random.unit();
  const all = library.map((_, i) => i);
  for (const i of all)
    points.push(
      pointWith(library, [i], () => 1),
      pointWith(library, [i], () => 0),
      pointWith(library, [i], atRandom),
    );
  const pairs = all.flatMap((i) => all.slice(i + 1).map((j) => [i, j]));
  // Too many pairs for the budget: some of them, as the dice say.
  while (pairs.length > count) pairs.splice(random.below(pairs.length), 1);
  for (const pair of pairs)
    points.push(
      pointWith(library, pair, () => 1),
      pointWith(library, pair, atRandom),
    );
  while (points.length < count) {
    const on = all.filter(() => random.chance(0.5));
    points.push(pointWith(library, on.length === 0 ? [random.pick(all)] : on, atRandom));
  }
  while (points.length > count) points.splice(random.below(points.length), 1);
  return points;
}

/** About normal, of deviation 1: twelve dice (their sum has variance 1). */
function bell(random: Prng): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random.unit();
  return sum;
}

function moveLevels({ parameters }: Deviation<unknown>, gene: Gene, step: number, random: Prng): Gene {
  const levels = gene.levels.map((level, k) => {
    // Between choices there is no near and far.
    if (parameters[k]?.kind === 'choice') return random.chance(0.3) ? random.unit() : level;
    return random.chance(0.7) ? clamp(level + step * bell(random)) : level;
  });
  return { ...gene, levels };
}

/** A neighbour: parameters of what is on moved by about `step`, and with some luck one deviation switched. */
export function neighbourOf(library: Library, point: Point, step: number, random: Prng): Point {
  const switched = random.chance(0.25) ? random.below(library.length) : -1;
  const moved = point.map((gene, i) => {
    const deviation = library[i]!;
    if (i !== switched) return gene.isOn ? moveLevels(deviation, gene, step, random) : gene;
    return { isOn: !gene.isOn, levels: gene.isOn ? gene.levels : gene.levels.map(() => random.unit()) };
  });
  return moved.some(({ isOn }) => isOn) ? moved : point.map((gene, i) => (i === switched ? moved[i]! : gene));
}

/** What either point applies; of what both do, the parameters of the first. */
export const unionOf = (first: Point, second: Point): Point =>
  first.map((gene, i) => (gene.isOn ? gene : second[i]!));
