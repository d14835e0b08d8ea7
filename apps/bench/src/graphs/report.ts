/** What `bench graphs` found, as a table for people, and what of it is a fault. */

import { formatTable } from '../table.ts';
import { type GraphFigures, OURS, PUSH } from './measure.ts';

const SLOWEST = 3;
const MOST_LOAD_BYTES = 2e9;
/** Both sides stop within 1e-10 of their last step; what is left of the way is a few times that. */
const SAME_SCORES = 1e-8;

const grouped = (value: number): string => Math.round(value).toLocaleString('en');

export function formatGraphs(all: readonly GraphFigures[]): string {
  const rows = all.flatMap(({ nodeCount, edgeCount, loads, ranks }) => {
    const ours = new Map(ranks.filter(({ who }) => who === OURS).map(({ task, ms }) => [task, ms]));
    const over = (mine: number | undefined, ms: number, who: string): string =>
      who === OURS || mine === undefined ? '' : (mine / ms).toFixed(2);
    const [own] = loads;
    return [
      [`${grouped(nodeCount)} nodes, ${grouped(edgeCount)} edges`, ''],
      ...loads.map(({ who, ms, peakBytes }) => [
        ...['load', who, grouped(ms), over(own?.ms, ms, who), `${grouped(peakBytes / 1e6)} MB`],
      ]),
      ...ranks.map(({ task, who, ms, difference }) => [
        ...[task, who, ms < 10 ? ms.toFixed(1) : grouped(ms), over(ours.get(task), ms, who)],
        ...[difference === null ? '' : difference.toExponential(1)],
      ]),
    ];
  });
  const absent = [...new Set(all.flatMap((figures) => figures.absent))];
  return [formatTable([['', '', 'CPU ms', 'ours/theirs', 'peak, or difference'], ...rows]), ...absent].join(
    '\n',
  );
}

/** What was not as it must be. */
export function graphVerdicts(all: readonly GraphFigures[]): string[] {
  return all.flatMap(({ edgeCount, loads, ranks }) => {
    const size = `${grouped(edgeCount)} edges`;
    const mine = (task: string): number =>
      ranks.find((one) => one.task === task && one.who === OURS)?.ms ?? Number.NaN;
    const slow = ranks
      .filter(({ task, who, ms }) => who !== OURS && mine(task) > SLOWEST * ms)
      .map(
        ({ task, who, ms }) => `${size}, ${task}: ${(mine(task) / ms).toFixed(1)} times as slow as ${who}`,
      );
    const other = ranks
      .filter(({ task, difference }) => task !== PUSH && (difference ?? 0) > SAME_SCORES)
      .map(({ task, who, difference }) => `${size}, ${task}: ${who} has other scores (${difference})`);
    const heavy = loads
      .filter(({ who, peakBytes }) => who === OURS && peakBytes > MOST_LOAD_BYTES)
      .map(({ peakBytes }) => `${size}: loading took ${grouped(peakBytes / 1e6)} MB`);
    return [...slow, ...other, ...heavy];
  });
}
