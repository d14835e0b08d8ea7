/** An evaluation as a table: text for people, CSV and JSON for programs. */

import { type MethodSummary, type RunRecord, summarise } from '@concordat/sybil';
import { csvOf, type Value } from './csv.ts';
import { type Evaluation, type EvaluationSettings, LIST_SIZES, type WhitelistRecord } from './evaluation.ts';
import { sizesOf } from './ranked.ts';

const mean = (values: readonly number[]): number | null =>
  values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;

/** The mean precision at `k` over runs; null where some run has no list so long. */
function precisionAt(runs: readonly RunRecord[], list: 'suspects' | 'whitelist', k: number): number | null {
  const found = runs.flatMap((run) =>
    run[list].filter((entry) => entry.k === k).map((entry) => entry.precision),
  );
  return found.length < runs.length ? null : mean(found);
}

/** A bound of one draw's mean is infinite: nothing is known of the spread. Student's t does not know that areas end at 0 and 1. */
const areaBound = (value: number): number | null =>
  Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : null;

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);

export const SUMMARY_COLUMNS = [
  'method',
  'draws',
  'auc',
  'auc_low',
  'auc_high',
  ...LIST_SIZES.map((k) => `suspects_${k}`),
  ...LIST_SIZES.map((k) => `whitelist_${k}`),
  'sybils_per_attack_edge',
  'elapsed_ms',
  'memory_mib',
];

export interface SummaryRow {
  readonly summary: MethodSummary;
  readonly values: readonly Value[];
}

/** A row for each method, the best area first. */
export function summaryRows({ runs }: Evaluation): SummaryRow[] {
  const summaries = summarise(runs, runs[0]?.method ?? '');
  const rows = summaries.map((summary) => {
    const own = runs.filter(({ method }) => method === summary.method);
    const { area } = summary;
    return {
      summary,
      values: [
        summary.method,
        area.count,
        area.mean,
        areaBound(area.low),
        areaBound(area.high),
        ...LIST_SIZES.map((k) => precisionAt(own, 'suspects', k)),
        ...LIST_SIZES.map((k) => precisionAt(own, 'whitelist', k)),
        mean(own.map((run) => run.sybilsPerAttackEdge).filter(Number.isFinite)),
        summary.elapsedMs.mean,
        mean(own.map((run) => run.memoryBytes / 2 ** 20)),
      ],
    };
  });
  return rows.sort((a, b) => b.summary.area.mean - a.summary.area.mean);
}

export const summaryCsv = (evaluation: Evaluation): Iterable<string> =>
  csvOf(
    SUMMARY_COLUMNS,
    summaryRows(evaluation).map(({ values }) => values),
  );

export const whitelistsCsv = ({ whitelists }: Evaluation): Iterable<string> =>
  csvOf(
    ['draw', 'accounts', 'sybils', 'precision', 'sybils_per_attack_edge'],
    whitelists.map(({ draw, size, sybils, precision, sybilsPerAttackEdge }) => [
      draw,
      size,
      sybils,
      finite(precision),
      finite(sybilsPerAttackEdge),
    ]),
  );

/** Means over draws of the local whitelist; null without one. */
function whitelistMeans({ whitelists }: Evaluation): Readonly<Record<string, number | null>> | null {
  if (whitelists.length === 0) return null;
  const over = (value: (record: WhitelistRecord) => number): number | null =>
    mean(whitelists.map(value).filter(Number.isFinite));
  return {
    accounts: over(({ size }) => size),
    sybils: over(({ sybils }) => sybils),
    precision: over(({ precision }) => precision),
    sybilsPerAttackEdge: over(({ sybilsPerAttackEdge }) => sybilsPerAttackEdge),
  };
}

const RUN_COLUMNS = ['draw', 'method', 'auc', 'sybils_per_attack_edge', 'elapsed_ms', 'memory_mib'];

export const runsCsv = ({ runs }: Evaluation): Iterable<string> =>
  csvOf(
    RUN_COLUMNS,
    runs.map((run) => [
      run.draw,
      run.method,
      run.areaUnderRoc,
      finite(run.sybilsPerAttackEdge),
      run.elapsedMs,
      run.memoryBytes / 2 ** 20,
    ]),
  );

export function summaryJson(evaluation: Evaluation, settings: EvaluationSettings): string {
  const { truth, draws, seeds, knownSybils, noise, dice } = settings;
  const methods = summaryRows(evaluation).map(({ values }) =>
    Object.fromEntries(SUMMARY_COLUMNS.map((column, at) => [column, values[at] ?? null])),
  );
  const told =
    truth.kind === 'attack'
      ? { attack: truth.attack, region: truth.region, attackEdges: truth.attackEdges }
      : { labels: true, attackEdges: evaluation.firstDraw.attackEdges };
  return `${JSON.stringify(
    {
      version: 1,
      ...told,
      graph: sizesOf(evaluation.firstDraw.graph),
      draws,
      seeds,
      knownSybils,
      noise,
      dice,
      methods,
      whitelist: whitelistMeans(evaluation),
    },
    null,
    2,
  )}\n`;
}

const shortly = (value: Value | undefined, digits: number): string =>
  typeof value === 'number' ? value.toFixed(digits) : '-';

/** The columns that fit a terminal. */
export function summaryText(evaluation: Evaluation): string {
  const at = (column: string): number => SUMMARY_COLUMNS.indexOf(column);
  const shown: readonly (readonly [string, string, number])[] = [
    ['AUC', 'auc', 3],
    ['from', 'auc_low', 3],
    ['to', 'auc_high', 3],
    ['fakes in first 100', 'suspects_100', 3],
    ['honest in best 100', 'whitelist_100', 3],
    ['fakes/attack edge', 'sybils_per_attack_edge', 2],
    ['ms', 'elapsed_ms', 1],
  ];
  const lines = [
    ['method'.padEnd(20), ...shown.map(([title]) => title.padStart(Math.max(7, title.length)))].join('  '),
  ];
  for (const { values } of summaryRows(evaluation)) {
    const cells = shown.map(([title, column, digits]) =>
      shortly(values[at(column)], digits).padStart(Math.max(7, title.length)),
    );
    lines.push([String(values[0]).padEnd(20), ...cells].join('  '));
  }
  const whitelist = whitelistMeans(evaluation);
  if (whitelist !== null)
    lines.push(
      `whitelist: ${shortly(whitelist['accounts'], 0)} accounts, ${shortly(whitelist['precision'], 3)} of them honest, ${shortly(whitelist['sybilsPerAttackEdge'], 2)} fakes/attack edge`,
    );
  return `${lines.join('\n')}\n`;
}
