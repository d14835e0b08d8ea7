/**
 * The table of claims as Markdown, and its place in a document: between two marks, so that the command which makes it can
 * make it again.
 */

import { type Finding, inWords } from './finding.ts';
import type { Result } from './result.ts';
import { verdictOf } from './verdict.ts';

const BEGIN = '<!-- made by: concordat lab run all --full --markdown apps/lab/README.md -->';
const END = '<!-- end -->';

const cell = (text: string): string => text.replaceAll('|', '\\|');

function rowOf(finding: Finding): string {
  const { claim, figure, bound, published = '' } = finding;
  return `| ${cell(claim)} | ${inWords(figure)} | ${bound} | ${verdictOf(finding)} | ${cell(published)} |`;
}

/** Each reason once, under the table that it belongs to. */
function reasonsOf(findings: readonly Finding[]): string {
  const reasons = new Set(findings.flatMap(({ missedBecause }) => missedBecause ?? []));
  return [...reasons].map((reason) => `- Missed: ${reason}.\n`).join('');
}

const sectionOf = ({ name, claim, source, size, findings }: Result): string => `### ${name}

${claim} ${source}; ${size} size.

| claim | ours | bound | | published |
|---|---|---|---|---|
${findings.map(rowOf).join('\n')}

${reasonsOf(findings)}`;

export const markdownOf = (results: readonly Result[]): string => results.map(sectionOf).join('\n');

/** The document with its table replaced; null if it has no place for one. */
export function withTable(document: string, table: string): string | null {
  const [begin, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (begin < 0 || end < begin) return null;
  return `${document.slice(0, begin + BEGIN.length)}\n\n${table}\n${document.slice(end)}`;
}
