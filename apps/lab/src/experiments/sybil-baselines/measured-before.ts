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

/** Areas in thousandths. */
const row = (
  graph: string,
  attackEdges: number,
  [rank, scar, one, many]: readonly [number, number, number | null, number],
): Measured => ({
  graph,
  attackEdges,
  areas: {
    sybilrank: rank / 1000,
    'sybilscar-c': scar / 1000,
    'acl, 1 seed': one === null ? null : one / 1000,
    acl: many / 1000,
  },
});

export const MEASURED_BEFORE: readonly Measured[] = [
  row('ego-Facebook', 100, [999, 1000, 667, 999]),
  row('ego-Facebook', 1000, [991, 999, 382, 987]),
  row('ego-Facebook', 5000, [868, 980, 404, 865]),
  row('ego-Facebook', 20_000, [619, 808, 371, 707]),
  row('Epinions', 1000, [1000, 1000, 960, 996]),
  row('Epinions', 20_000, [986, 993, 839, 955]),
  row('Deezer HU', 11_885, [999, 998, null, 993]),
];

export const MEASURED_ON_RATINGS: Readonly<Record<Baseline, number>> = {
  sybilrank: 0.903,
  'sybilscar-c': 0.885,
  'acl, 1 seed': 0.899,
  acl: 0.912,
};
