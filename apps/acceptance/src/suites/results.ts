/** What the last whole run of each suite came to, and the page that tells it. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Exclusion, Suite } from './suite.ts';
import type { Exception } from './verdict.ts';

const fileAt = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
export const RESULTS = fileAt('suites/results.json');
export const EXCEPTIONS = fileAt('suites/exceptions.json');
export const PRODUCTS = fileAt('suites/products.json');
export const PAGE = fileAt('../../docs/operate/CLIENTS.md');

export interface Counts {
  readonly version: string;
  readonly passed: number;
  readonly skipped: readonly { readonly test: string; readonly reason: string }[];
  readonly failed: readonly string[];
  /** They failed with the others and passed alone. */
  readonly alone: readonly string[];
  /** Parts of the suite that this run left out; absent when it was whole. */
  readonly left?: readonly string[];
}

export interface Result {
  readonly suite: string;
  readonly title: string;
  readonly excluded: readonly Exclusion[];
  readonly concordat: Counts | null;
  readonly apache: Counts | null;
}

/** What a trial with a product has shown: the claims that held, all of them. */
export interface ProductResult {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  readonly concordat: readonly string[] | null;
  readonly apache: readonly string[] | null;
}

export const readResults = (): readonly Result[] => JSON.parse(readFileSync(RESULTS, 'utf8'));
export const readExceptions = (): readonly Exception[] => JSON.parse(readFileSync(EXCEPTIONS, 'utf8'));

export const readProducts = (): readonly ProductResult[] => JSON.parse(readFileSync(PRODUCTS, 'utf8'));
const asText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** Puts the counts of one suite against one target in place of earlier ones, and writes the page. */
export function record(
  suite: Pick<Suite, 'name' | 'title' | 'excluded'>,
  target: 'concordat' | 'apache',
  counts: Counts,
): void {
  const { name, title, excluded } = suite;
  const results = readResults();
  const before = results.find((result) => result.suite === name);
  const other = { concordat: null, apache: null, ...before };
  const row: Result = { ...other, suite: name, title, excluded, [target]: counts };
  const rows = before === undefined ? [...results, row] : results.map((r) => (r === before ? row : r));
  writeFileSync(RESULTS, asText(rows));
  writePage();
}

/** The same for a product. */
export function recordProduct(
  product: { readonly name: string; readonly title: string; readonly version: string },
  target: 'concordat' | 'apache',
  claims: readonly string[],
): void {
  const { name, title, version } = product;
  const products = readProducts();
  const before = products.find((one) => one.name === name);
  const other = { concordat: null, apache: null, ...before };
  const row: ProductResult = { ...other, name, title, version, [target]: claims };
  const rows = before === undefined ? [...products, row] : products.map((p) => (p === before ? row : p));
  writeFileSync(PRODUCTS, asText(rows));
  writePage();
}

const writePage = (): void => writeFileSync(PAGE, page(readResults(), readExceptions(), readProducts()));

function counted(counts: Counts | null): string {
  if (counts === null) return 'not run';
  const { passed, skipped, failed, left } = counts;
  return `${passed} / ${skipped.length} / ${failed.length}${left === undefined ? '' : ' (in part)'}`;
}

const HEAD = `# Test suites of ZooKeeper's clients

What the clients' own tests come to when their servers are the domains of a federation (u = 1, r = 1), and, for comparison, when
they are those of Apache ZooKeeper 3.8.4 (programs of ours: Debian's 3.8.0; go-zookeeper: 3.6.3, because that client does not
understand when later ones say that they were built; Curator: the 3.9.2 that its tests bring along). This page is written by
\`npm run acceptance -- suites --record\`, with \`--target apache\` for the comparison; nothing in it is written by hand. Domains run with their defaults, but for \`--limit maxReplyBytes\` (a test of
go-zookeeper reads a reply of 20 MB) and, where a test sets ZooKeeper's \`znode.container.checkIntervalMs\`, \`sweepMs: 100\`. A test that fails and should not runs once more, alone (Curator's with its own setting for slow machines,
\`timing-multiple=4\`).
`;

/** The page, from nothing but its arguments. */
export function page(
  results: readonly Result[],
  exceptions: readonly Exception[],
  products: readonly ProductResult[],
): string {
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
    ...results.flatMap(notes),
    ...(products.length === 0 ? [] : productLines(products)),
    '',
  ].join('\n');
}

function notes({ title, excluded, concordat, apache }: Result): string[] {
  const { skipped = [], alone = [], left = [] } = concordat ?? {};
  const lines = [
    ...excluded.map(({ tests, reason }) => `- not run: \`${tests}\`: ${reason}`),
    ...skipped.map(({ test, reason }) => `- skipped by itself: \`${test}\`: ${reason}`),
    ...alone.map(
      (test) => `- failed among the others and passed alone, which a busy machine explains: \`${test}\``,
    ),
    ...left.map((part) => `- left out of the recorded run: \`${part}\``),
    ...(apache?.left ?? []).map((part) => `- left out of the recorded run on Apache ZooKeeper: \`${part}\``),
    ...(apache?.alone ?? []).map(
      (test) => `- failed among the others and passed alone on Apache ZooKeeper: \`${test}\``,
    ),
    ...(apache?.failed ?? []).map((test) => `- failed on Apache ZooKeeper: \`${test}\``),
  ];
  return lines.length === 0 ? [] : ['', `## ${title}`, '', ...lines];
}

const PRODUCTS_HEAD = `
## Products

Software that keeps its coordination in ZooKeeper, unmodified, on a federation of four while one domain equivocates and
others are killed and restarted, one at a time (\`npm run acceptance -- kafka --record\` and so on, apps/acceptance/README.md). What is shown are the claims that held in the
recorded run, all that the trial makes; with a claim that fails nothing is recorded.

| product | version | claims that held | on Apache ZooKeeper |
|---|---|---|---|`;

function productLines(products: readonly ProductResult[]): string[] {
  const held = (claims: readonly string[] | null): string =>
    claims === null ? 'not run' : `${claims.length}`;
  return [
    PRODUCTS_HEAD,
    ...products.map(
      ({ title, version, concordat, apache }) =>
        `| ${title} | ${version} | ${held(concordat)} | ${held(apache)} |`,
    ),
    ...products.flatMap(({ title, concordat }) => [
      '',
      `### ${title}`,
      '',
      ...(concordat ?? []).map((claim) => `- ${claim}`),
    ]),
  ];
}
