/** What `bench erasure` found, as a table for people. */

import { formatTable } from '../table.ts';
import { COPY, type PhaseFigures, type ShapeFigures, TABLES } from './measure.ts';

const HEADINGS = ['code', '', 'MB/s', 'us/call', 'of a copy', 'times tables'];

export function formatErasure(all: readonly ShapeFigures[]): string {
  const lines = all.flatMap(({ shape, phases }) => {
    const code = `${shape.dataShards} of ${shape.totalShards} x ${shape.shardBytes} B`;
    return phases.map((phase, i) => [i === 0 ? code : '', ...cellsOf(phase, phases)]);
  });
  return formatTable([HEADINGS, ...lines]);
}

function cellsOf(phase: PhaseFigures, all: readonly PhaseFigures[]): string[] {
  const rateOf = (name: string): number | undefined => all.find((one) => one.name === name)?.mbPerSecond;
  const over = (rate: number | undefined, digits: number): string =>
    rate === undefined ? '' : (phase.mbPerSecond / rate).toFixed(digits);
  return [
    phase.name,
    Math.round(phase.mbPerSecond).toLocaleString('en'),
    phase.usPerCall.toFixed(1),
    phase.name === COPY ? '' : over(rateOf(COPY), 3),
    over(rateOf(`${phase.name}${TABLES}`), 1),
  ];
}

/** What was not as it must be; nothing of it depends on the speed of the machine. */
export const erasureVerdicts = (all: readonly ShapeFigures[]): string[] =>
  all.flatMap(({ shape, phases }) =>
    phases
      .filter(({ wrong }) => wrong > 0)
      .map(({ name }) => `${shape.dataShards} of ${shape.totalShards}, ${name}: other bytes than expected`),
  );
