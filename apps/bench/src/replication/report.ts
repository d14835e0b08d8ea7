/** The null benchmark's report for people: figures, ratios to the server without replication, and what must hold. */

import { formatShares } from '../profile.ts';
import { formatTable } from '../table.ts';
import type { NullRow } from './bench.ts';

const HEADINGS = [
  'journal',
  'load',
  'target',
  'requests/s',
  'p50 ms',
  'p99 ms',
  'server us/request',
  'client CPU',
  'RSS MiB',
  'failed',
];

const MIB = 1_048_576;

export function formatNull(rows: readonly NullRow[]): string {
  const lines = rows.map(({ journal, target, preset, load, figures }) => [
    journal,
    describeLoad(load),
    preset === 'concordat' || target === 'alone' ? target : `${target}, ${preset}`,
    String(Math.round(figures.requestsPerSecond)),
    figures.p50Ms.toFixed(2),
    figures.p99Ms.toFixed(2),
    figures.serverCpuUsPerRequest.toFixed(1),
    `${Math.round(figures.clientCpuShare * 100)} %`,
    String(Math.round(figures.residentBytes / MIB)),
    String(figures.failures),
  ]);
  return [
    formatTable([HEADINGS, ...lines]),
    ...rows.flatMap(profileLines),
    '',
    ...nullVerdicts(rows).map(({ holds, claim }) => `${holds ? 'PASS' : 'FAIL'} ${claim}`),
  ].join('\n');
}

const describeLoad = ({ clients, payloadBytes }: NullRow['load']): string =>
  `${clients} clients, ${payloadBytes} B`;

export const describeRow = ({ journal, target, load, figures }: NullRow): string =>
  `${journal}: ${describeLoad(load)}: ${target}: ${Math.round(figures.requestsPerSecond)} requests/s`;

function profileLines({ journal, target, load, shares }: NullRow): string[] {
  if (shares === null) return [];
  return ['', formatShares(`${journal}, ${describeLoad(load)}, ${target}`, 'us/request', shares)];
}

/** Replicas of f = 1. */
const REPLICAS = 4;

/**
 * What the benchmark is held to, in sentences, for as much as was measured. The rates are those of a machine with two
 * cores for everything; the ratios hold on any. They are about four replicas that execute what they order.
 */
export function nullVerdicts(all: readonly NullRow[]): { readonly holds: boolean; readonly claim: string }[] {
  const rows = all.filter(({ preset }) => preset === 'concordat');
  const at = (journal: NullRow['journal'], target: NullRow['target'], clients: number) =>
    rows.find(
      (row) =>
        row.journal === journal &&
        row.target === target &&
        row.load.clients === clients &&
        row.load.payloadBytes === 0,
    )?.figures;
  const many = at('memory', 'bundled', 200);
  const one = at('memory', 'bundled', 1);
  const durable = at('disk', 'bundled', 200);
  const alone = at('memory', 'alone', 200);
  const claims: { readonly holds: boolean; readonly claim: string }[] = [];
  const hold = (what: string, value: number, relation: '>=' | '<', bar: number): void => {
    const holds = relation === '<' ? value < bar : value >= bar;
    const digits = bar >= 1000 ? 0 : 2;
    claims.push({ holds, claim: `${what}: ${value.toFixed(digits)} (bar ${relation} ${bar})` });
  };
  if (many !== undefined) {
    hold('200 clients, memory: requests/s', many.requestsPerSecond, '>=', 30_000);
    hold('200 clients, memory: server us/request', many.serverCpuUsPerRequest, '<', 50);
    hold('200 clients, memory: MiB resident in a replica', many.residentBytes / MIB, '<', 150);
  }
  if (one !== undefined) hold('1 client, memory: p50 ms', one.p50Ms, '<', 1);
  if (many !== undefined && durable !== undefined) {
    const share = durable.requestsPerSecond / many.requestsPerSecond;
    hold('200 clients: durable requests/s over those in memory', share, '>=', 0.7);
  }
  if (many !== undefined && alone !== undefined) {
    const ratio = many.serverCpuUsPerRequest / REPLICAS / alone.serverCpuUsPerRequest;
    hold('200 clients, memory: CPU of a replica over that of a server alone', ratio, '<', 1.5);
  }
  return claims;
}
