/**
 * What a first program, written without any of this code, measured on the same graphs: means of the area under the ROC over five draws of
 * attack edges and labels, from 100 honest and 100 Sybil labels; on Bitcoin OTC from 20 of each, over accounts that have a positive rating.
 */

export type Baseline = 'sybilrank' | 'sybilscar-c' | 'acl, 1 seed' | 'acl';

export interface Measured {
  readonly graph: string;
  readonly attackEdges: number;
  readonly areas: Readonly<Record<Baseline, number | null>>;
}

const row = (
  graph: string,
  attackEdges: number,
  [rank, scar, one, many]: readonly [number, number, number | null, number],
): Measured => ({
  graph,
  attackEdges,
  areas: { sybilrank: rank, 'sybilscar-c': scar, 'acl, 1 seed': one, acl: many },
});

export const MEASURED_BEFORE: readonly Measured[] = [
  row('ego-Facebook', 100, [0.999, 1, 0.667, 0.999]),
  row('ego-Facebook', 1000, [0.991, 0.999, 0.382, 0.987]),
  row('ego-Facebook', 5000, [0.868, 0.98, 0.404, 0.865]),
  row('ego-Facebook', 20_000, [0.619, 0.808, 0.371, 0.707]),
  row('Epinions', 1000, [1, 1, 0.96, 0.996]),
  row('Epinions', 20_000, [0.986, 0.993, 0.839, 0.955]),
  row('Deezer HU', 11_885, [0.999, 0.998, null, 0.993]),
];

export const MEASURED_ON_RATINGS: Readonly<Record<Baseline, number>> = {
  sybilrank: 0.903,
  'sybilscar-c': 0.885,
  'acl, 1 seed': 0.899,
  acl: 0.912,
};
