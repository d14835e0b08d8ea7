/** What the daemons below a directory say of themselves: those of this machine, mostly of a demonstration. */

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isInitialised, placesIn } from '../config/organisation.ts';
import { CommandError, messageOf } from '../errors.ts';
import { ask } from './control.ts';
import type { DomainStatus, StartingStatus } from './status.ts';

export interface FederationStatus {
  /** Name of the member that leads the highest view; null if nobody answers. */
  readonly primary: string | null;
  readonly view: number;
  readonly domains: readonly (
    | DomainStatus
    | StartingStatus
    | { readonly name: string; readonly down: string }
  )[];
}

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
        return (await ask(placesIn(place).control, 'status')) as DomainStatus | StartingStatus;
      } catch (error) {
        return { name: place.split('/').at(-1) ?? place, down: messageOf(error) };
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
