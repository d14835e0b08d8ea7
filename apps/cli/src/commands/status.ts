/** `concordat status`: what the daemons below a directory say, as a table or as JSON. */

import { Command } from 'commander';
import { shownStart } from '../daemon/start-progress.ts';
import type { DomainStatus } from '../daemon/status.ts';
import { type FederationStatus, federationStatus } from '../daemon/statuses.ts';

export const statusCommand = (): Command =>
  new Command('status')
    .description('show domains, view, primary, lag and evidence of the daemons on this machine')
    .option('--data <directory>', "a daemon's directory, or the parent of several", 'data')
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  concordat status\n  concordat status --data /var/lib/concordat --json\n',
    )
    .action(async (options: { data: string; json?: boolean }) => {
      const status = await federationStatus(options.data);
      process.stdout.write(options.json === true ? `${JSON.stringify(status)}\n` : table(status));
    });

function stateOf({ mayVote, isServing, starting }: DomainStatus): string {
  if (!mayVote) return 'recovering';
  if (isServing) return 'serving';
  // Daemons of former versions do not say.
  return starting ? `starting: ${shownStart(starting)}` : 'waiting';
}

function table(status: FederationStatus): string {
  const rows = [['domain', 'endpoint', 'view', 'primary', 'executed', 'lag', 'links', 'clients', 'state']];
  const top = Math.max(0, ...status.domains.map((domain) => ('executed' in domain ? domain.executed : 0)));
  for (const domain of status.domains) {
    if ('down' in domain) {
      rows.push([domain.name, '-', '-', '-', '-', '-', '-', '-', 'down']);
      continue;
    }
    if (!('view' in domain)) {
      const { name, endpoint, starting } = domain;
      rows.push([name, endpoint, '-', '-', '-', '-', '-', '-', `starting: ${shownStart(starting)}`]);
      continue;
    }
    const state = stateOf(domain);
    const view = domain.changingTo === null ? `${domain.view}` : `${domain.view}->${domain.changingTo}`;
    const lag = `${top - domain.executed}`;
    const { name, endpoint, primary, executed, linked, connections } = domain;
    rows.push([
      name,
      endpoint,
      view,
      primary,
      `${executed}`,
      lag,
      `${linked.length}`,
      `${connections}`,
      state,
    ]);
  }
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const evidence = status.domains.flatMap((domain) =>
    'evidence' in domain ? domain.evidence.map((file) => `evidence at ${domain.name}: ${file}`) : [],
  );
  return `${[...lines, ...evidence].join('\n')}\n`;
}
