/** What the last whole run of each suite came to, and the page that tells it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Exception } from './verdict.ts';

const fileAt = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
export const RESULTS = fileAt('suites/results.json');
export const EXCEPTIONS = fileAt('suites/exceptions.json');
export const PAGE = fileAt('../../docs/operate/CLIENTS.md');

export interface Counts {
  readonly version: string;
  readonly passed: number;
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
  readonly failed: readonly string[];
  /** They failed with the others and passed alone. */
  readonly alone: readonly string[];
}

export interface Result {
  readonly suite: string;
  readonly title: string;
  readonly concordat: Counts | null;
  readonly apache: Counts | null;
}

export const readResults = (): readonly Result[] => JSON.parse(readFileSync(RESULTS, 'utf8'));
export const readExceptions = (): readonly Exception[] => JSON.parse(readFileSync(EXCEPTIONS, 'utf8'));

/** Puts the counts of one suite against one target in place of earlier ones, and writes the page. */
export function record(
  suite: { readonly name: string; readonly title: string },
  target: 'concordat' | 'apache',
  counts: Counts,
): void {
  const results = readResults();
  const before = results.find((result) => result.suite === suite.name);
  const other = { concordat: null, apache: null, ...before };
  const row: Result = { ...other, suite: suite.name, title: suite.title, [target]: counts };
  const rows = before === undefined ? [...results, row] : results.map((r) => (r === before ? row : r));
  writeFileSync(RESULTS, `${JSON.stringify(rows, null, 2)}\n`);
  writeFileSync(PAGE, page(rows, readExceptions()));
}

const counted = (counts: Counts | null): string =>
  counts === null ? 'not run' : `${counts.passed} / ${counts.skipped.length} / ${counts.failed.length}`;

const HEAD = `# Test suites of ZooKeeper's clients

What the clients' own tests come to when their servers are the domains of a federation (u = 1, r = 1), and, for comparison, when
they are those of Apache ZooKeeper 3.8.4 (programs of ours: Debian's 3.8.0). This page is written by
\`npm run acceptance -- suites --record\`, with \`--target apache\` for the comparison; nothing in it is written by hand. Domains run with their defaults, but for \`--limit maxReplyBytes\` (a test of
go-zookeeper reads a reply of 20 MB).
`;

/** The page, from nothing but its arguments. */
export function page(results: readonly Result[], exceptions: readonly Exception[]): string {
  const rows = results.map(({ title, concordat, apache }) => {
    const version = concordat?.version ?? apache?.version ?? '';
    return `| ${title} | ${version} | ${counted(concordat)} | ${counted(apache)} |`;
  });
  const title = (name: string): string => results.find(({ suite }) => suite === name)?.title ?? name;
  const excepted = exceptions.flatMap(({ reason, tests }) => [
    `- ${reason}`,
    ...Object.entries(tests).flatMap(([suite, names]) =>
      names.map((name) => `  - ${title(suite)}: \`${name}\``),
    ),
  ]);
  return [
    HEAD,
    '| suite | version | passed / skipped / failed | on Apache ZooKeeper |',
    '|---|---|---|---|',
    ...rows,
    '',
    '## Exceptions',
    '',
    ...(excepted.length === 0 ? ['None.'] : excepted),
    ...results.flatMap(({ title, concordat }) => notes(title, concordat)),
    '',
  ].join('\n');
}

function notes(title: string, counts: Counts | null): string[] {
  if (counts === null || counts.skipped.length + counts.alone.length === 0) return [];
  const skipped = counts.skipped.map(({ test, reason }) => `- skipped by itself: \`${test}\`: ${reason}`);
  const alone = counts.alone.map(
    (test) => `- failed among the others and passed alone, which a busy machine explains: \`${test}\``,
  );
  return ['', `## ${title}`, '', ...skipped, ...alone];
}
