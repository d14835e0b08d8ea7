/** `concordat status`: what the daemons below a directory say, as a table or as JSON. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { isInitialised, placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import type { DomainStatus } from '../daemon/status.ts';
import { CommandError } from '../errors.ts';

export interface FederationStatus {
  /** Name of the member that leads the highest view; null if nobody answers. */
  readonly primary: string | null;
  readonly view: number;
  readonly domains: readonly (DomainStatus | { readonly name: string; readonly down: string })[];
}

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

/** Directories of organisations: the given one, or those right below it. */
export function organisationsIn(directory: string): string[] {
  if (isInitialised(directory)) return [directory];
  if (!existsSync(directory)) throw new CommandError('no-data', `${directory} does not exist`);
  const below = readdirSync(directory)
    .sort()
    .map((name) => join(directory, name));
  const found = below.filter(isInitialised);
  if (found.length > 0) return found;
  throw new CommandError('no-data', `no organisation is initialised in ${directory}`, 'Run: concordat up');
}

export async function federationStatus(directory: string): Promise<FederationStatus> {
  const domains = await Promise.all(
    organisationsIn(directory).map(async (place) => {
      try {
        return (await ask(placesIn(place).control, 'status')) as DomainStatus;
      } catch (error) {
        return { name: place.split('/').at(-1) ?? place, down: (error as Error).message };
      }
    }),
  );
  const alive = domains.filter((domain): domain is DomainStatus => 'view' in domain);
  const leading = alive.reduce<DomainStatus | null>(
    (best, domain) => (best === null || domain.view > best.view ? domain : best),
    null,
  );
  return { primary: leading?.primary ?? null, view: leading?.view ?? 0, domains };
}

function table(status: FederationStatus): string {
  const rows = [['domain', 'endpoint', 'view', 'primary', 'executed', 'lag', 'links', 'clients', 'state']];
  const top = Math.max(0, ...status.domains.map((domain) => ('executed' in domain ? domain.executed : 0)));
  for (const domain of status.domains) {
    if ('down' in domain) {
      rows.push([domain.name, '-', '-', '-', '-', '-', '-', '-', 'down']);
      continue;
    }
    const state = !domain.mayVote ? 'recovering' : domain.isServing ? 'serving' : 'waiting';
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
