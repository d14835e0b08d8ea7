/**
 * What finds what, as a table for people: broken replicas by the detectors that reject them, and rules for new views that
 * are wrong in one point, which exploration finds. `broken.test.ts` and `speculative-log.test.ts` assert every mark.
 */

import { brokenVariants, type Detector } from './broken-scripts.ts';
import { WRONG_RULES } from './speculative-log/rules.ts';

const COLUMNS: readonly Detector[] = ['script', 'seeds', 'swarm', 'twins', 'explorer'];

const HEAD = `| broken in one point | ${COLUMNS.join(' | ')} |`;

function rowOf(name: string, foundBy: readonly Detector[]): string {
  return `| ${name} | ${COLUMNS.map((column) => (foundBy.includes(column) ? 'x' : '')).join(' | ')} |`;
}

export function tableOfDetectors(): string {
  return [
    HEAD,
    `|${'---|'.repeat(COLUMNS.length + 1)}`,
    ...brokenVariants.map(({ name, foundBy }) => rowOf(name, foundBy)),
    ...Object.keys(WRONG_RULES)
      .filter((name) => !brokenVariants.some(({ rule }) => rule === name))
      .map((name) => rowOf(`\`${name}\` (a rule only)`, ['explorer'])),
  ].join('\n');
}

/** The text with this table in the place of the one that it has. */
export function replaceTable(text: string, table: string): string {
  const lines = text.split('\n');
  const from = lines.indexOf(HEAD);
  if (from < 0) return `${text}\n${table}\n`;
  let to = from;
  while (lines[to]?.startsWith('|') === true) to++;
  return lines.toSpliced(from, to - from, table).join('\n');
}
