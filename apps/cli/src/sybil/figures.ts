/** Figures of rankings: ROC curves, and the conductance profile of the sweep from the seeds. */

import { orderAllByDensity, sweepProfile, undirectedForm } from '@concordat/graph';
import type { Curves } from '@concordat/lab';
import { type LocalWhitelist, type RocPoint, SYBIL, seedPageRank } from '@concordat/sybil';
import type { Draw, Evaluation } from './evaluation.ts';

/** Points that a curve keeps: more cannot be seen, and make a figure of megabytes. */
const POINTS = 400;

/** Some of the points, the first and the last among them. */
export function thinned<T>(points: readonly T[]): T[] {
  if (points.length <= POINTS) return [...points];
  const step = (points.length - 1) / (POINTS - 1);
  return Array.from({ length: POINTS }, (_, at) => points[Math.round(at * step)] as T);
}

const rocPoints = (points: readonly RocPoint[]): [number, number][] =>
  thinned(points).map(({ falseAlarms, found }) => [falseAlarms, found]);

export const rocFigure = ({ curves }: Evaluation, title: string): Curves => ({
  title,
  x: { name: 'honest accounts among the suspects, share of all honest', max: 1 },
  y: { name: 'fakes among the suspects, share of all fakes', max: 1 },
  series: [
    ...[...curves].map(([name, points]) => ({ name, points: rocPoints(points) })),
    {
      name: 'chance',
      isDashed: true,
      points: [
        [0, 0],
        [1, 1],
      ],
    },
  ],
});

/** Conductance of the first k accounts in the order of the walk from the seeds, for each k; and how many of them are fake. */
export function profileFigure({ graph, labels, kinds }: Draw, title: string): Curves {
  const form = undirectedForm(graph);
  const { order, conductances } = sweepProfile(
    form,
    orderAllByDensity(form, seedPageRank(form, labels.honest)),
  );
  let sybils = 0;
  const all = [...order].map((node, at) => {
    if (kinds[node] === SYBIL) sybils += 1;
    return { size: at + 1, conductance: conductances[at] as number, share: sybils / (at + 1) };
  });
  const points = thinned(all);
  return {
    title,
    x: { name: 'accounts in the set' },
    y: { name: 'share', max: 1 },
    series: [
      { name: 'conductance of the set', points: points.map(({ size, conductance }) => [size, conductance]) },
      { name: 'fakes in the set', points: points.map(({ size, share }) => [size, share]) },
    ],
  };
}

/** The profile of a whitelist's sweep, and the prefix that was chosen. */
export const whitelistFigure = ({ profile, chosen, cut }: LocalWhitelist, title: string): Curves => ({
  title,
  x: { name: 'accounts in the set' },
  y: { name: 'conductance', max: 1 },
  series: [
    {
      name: 'conductance of the first accounts',
      points: thinned([...profile.conductances].map((value, at) => [at + 1, value])),
    },
    {
      name: 'the chosen set',
      isLoose: true,
      points: [[chosen + 1, profile.conductances[chosen] as number]],
    },
  ],
  levels: [{ name: 'its settled core, which is listed', value: cut.conductance }],
});
