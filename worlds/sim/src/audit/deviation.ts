/**
 * What an audit of rational behaviour is about: ways to deviate, plans that combine them, and an experiment that tells
 * what a plan does. The audit knows no system: how a deviation is applied is between the library and the experiment,
 * and an outcome is a few meters for each peer (updates in time, bytes sent, bytes received), never a utility. Utilities
 * are meters at prices (`paired-runs.ts`), so that other prices need no other runs.
 */

/** A number between bounds, or one of a few values. */
export type Parameter =
  | {
      readonly kind: 'range';
      readonly name: string;
      readonly min: number;
      readonly max: number;
      /** Searched on a logarithmic scale; `min` is above 0. */
      readonly isLogarithmic?: boolean;
      readonly isWhole?: boolean;
    }
  | { readonly kind: 'choice'; readonly name: string; readonly choices: readonly Value[] };

export type Value = number | string | boolean;
export type Values = Readonly<Record<string, Value>>;

/** One way to deviate. `T` is what the experiment applies: a strategy, a record of functions, anything. */
export interface Deviation<T> {
  /** Unique in its library. */
  readonly name: string;
  readonly parameters: readonly Parameter[];
  build(values: Values): T;
}

/** Deviations applied together, as a plain record: it can be printed, drawn, kept and built again. */
export interface Plan {
  readonly parts: readonly { readonly deviation: string; readonly values: Values }[];
}

/** What one peer has to show for a run, by the experiment's meters. */
export type Meters = readonly number[];

export interface Experiment<T> {
  /** Names of the meters, in order. */
  readonly meters: readonly string[];
  /**
   * Lets the peers live once; `deviators` apply all of `twists`, the others obey, and so do all if `twists` is empty.
   * Returns the meters of every peer. The same arguments give the same result, and the same `seed` the same world:
   * dice of those who do not deviate should not move because others do.
   */
  run(seed: number, twists: readonly T[], deviators: readonly number[]): readonly Meters[];
}

/** Builds what a plan's deviations apply. Every part names a deviation of the library. */
export const buildPlan = <T>(library: readonly Deviation<T>[], plan: Plan): readonly T[] =>
  plan.parts.flatMap(({ deviation, values }) =>
    library.filter(({ name }) => name === deviation).map((found) => found.build(values)),
  );

const describeValues = (values: Values): string =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${typeof value === 'number' ? Number(value.toPrecision(4)) : value}`)
    .join(', ');

/** A plan in words: `withhold keys (chance 0.5) + skip pushes`. */
export const describePlan = ({ parts }: Plan): string =>
  parts.length === 0
    ? 'obey'
    : parts
        .map(({ deviation, values }) => {
          const described = describeValues(values);
          return described === '' ? deviation : `${deviation} (${described})`;
        })
        .join(' + ');
