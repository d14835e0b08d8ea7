/** What `bench scale` found, as a table for people. */

import { formatTable } from '../table.ts';
import type { ScaleOptions } from './options.ts';
import type { ScaleFigures } from './scale.ts';

const MIB = 1_048_576;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const whole = (value: number): string => Math.round(value).toLocaleString('en');

const stalls = (each: readonly (number | null)[]): string =>
  each.some((ms) => ms === null) ? '-' : `${each.map((ms) => whole(ms ?? 0)).join(', ')} ms`;

interface Line {
  readonly what: string;
  readonly figure: (figures: ScaleFigures) => string;
}

const linesFor = (options: ScaleOptions): readonly Line[] => [
  { what: `${whole(options.sessions)} sessions opened`, figure: ({ openMs }) => seconds(openMs) },
  {
    what: `memory of a session with its watches`,
    figure: ({ crowdBytes }) => `${whole(crowdBytes / options.sessions)} B`,
  },
  { what: `${whole(options.watches)} watches told`, figure: ({ tellMs }) => seconds(tellMs) },
  {
    what: `${whole(options.znodes)} znodes created`,
    figure: ({ createMs }) => `${whole((options.znodes / createMs) * 1000)} /s`,
  },
  { what: 'longest time without an answer', figure: ({ createStallMs }) => `${whole(createStallMs)} ms` },
  { what: 'longest stall of each server until then', figure: ({ createHoldMs }) => stalls(createHoldMs) },
  {
    what: `memory for a znode of ${options.znodeBytes} B, each server`,
    figure: ({ znodeBytes }) => znodeBytes.map(whole).join(', '),
  },
  {
    what: 'resident memory, each server, MiB',
    figure: ({ residentBytes }) => residentBytes.map((bytes) => whole(bytes / MIB)).join(', '),
  },
  {
    what: `${whole(options.bytesPerSecond)} B/s for ${options.seconds} s took`,
    figure: ({ steadyMs }) => seconds(steadyMs),
  },
  {
    what: '99th percentile, longest time without an answer',
    figure: ({ steadyP99Ms, steadyStallMs }) => `${whole(steadyP99Ms)} ms, ${whole(steadyStallMs)} ms`,
  },
  { what: 'longest stall of each server until then', figure: ({ steadyHoldMs }) => stalls(steadyHoldMs) },
  { what: 'unanswered at the end', figure: ({ behind }) => whole(behind) },
  { what: 'a killed server serves again after', figure: ({ restartMs }) => seconds(restartMs) },
  { what: 'connections of sessions closed', figure: ({ closed }) => whole(closed) },
];

export const formatScale = (options: ScaleOptions, all: readonly ScaleFigures[]): string =>
  formatTable([
    ['', '', ...all.map(({ target }) => target)],
    ...linesFor(options).map(({ what, figure }) => [what, '', ...all.map(figure)]),
  ]);

/** What was not as it must be: none of it depends on the speed of the machine, except that steady writes are kept up with. */
export function scaleVerdicts(options: ScaleOptions, figures: ScaleFigures): string[] {
  const { target, failures, closed, events, behind } = figures;
  const aSecond = options.bytesPerSecond / options.writeBytes;
  const wrong = [
    [failures > 0, `${whole(failures)} requests failed`],
    [closed > 0, `${whole(closed)} connections of sessions were closed`],
    [events !== options.watches, `${whole(events)} events for ${whole(options.watches)} watches`],
    [behind > aSecond, `${whole(behind)} writes, more than a second's, had no answer at the end`],
  ] as const;
  return wrong.flatMap(([isWrong, what]) => (isWrong ? [`${target}: ${what}`] : []));
}
