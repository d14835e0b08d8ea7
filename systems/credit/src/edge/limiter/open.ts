/** One call from a data directory and a file of links to a limiter that works. */

import { resolve } from 'node:path';
import { type GenieSettings, genie } from '../../policies/genie.ts';
import { policyProblems } from '../../policies/policy.ts';
import { CreditError } from '../errors.ts';
import type { ChangeLog } from '../store/change-log.ts';
import { openDirectoryLog } from '../store/directory-log.ts';
import { openCreditStore } from '../store/store.ts';
import { createLimiter, type Limiter, type LimiterOptions } from './limiter.ts';
import { ledgerOf, type NamedLinks, readLinksFile } from './links-file.ts';

export interface OpenLimiterOptions extends Omit<LimiterOptions, 'store'> {
  /** Where charges are kept: a directory that is this limiter's alone, or an open log (`openPostgresLog`, `createMemoryLog`). */
  readonly data: string | ChangeLog;
  readonly policy: GenieSettings;
  /** Links that shall be there: a file (`links-file.ts`), or from the application. Those that are not there yet are made. */
  readonly links?: string | NamedLinks;
  readonly clock?: () => number;
  readonly snapshotEvery?: number;
  readonly acceptsLoss?: boolean;
}

export interface OpenLimiter extends Limiter {
  /** Makes everything durable and lets go of the data. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Rejects with `bad-configuration`, and with what opening the data rejects with. */
export async function openLimiter(options: OpenLimiterOptions): Promise<OpenLimiter> {
  const { data, policy: settings, links, clock, snapshotEvery, acceptsLoss = false, ...rest } = options;
  const policy = genie(settings);
  const problems = policyProblems(policy);
  if (problems.length > 0) throw new CreditError('bad-configuration', problems.join('; '));
  const named = typeof links === 'string' ? await readLinksFile(links) : links;
  const log =
    typeof data === 'string' ? await openDirectoryLog({ directory: resolve(data), acceptsLoss }) : data;
  const store = await openCreditStore({
    log,
    policy,
    ...(clock === undefined ? {} : { clock }),
    ...(snapshotEvery === undefined ? {} : { snapshotEvery }),
  });
  const limiter = createLimiter({ ...rest, store });
  if (named !== undefined) await addLinks(limiter, named);
  const close = (): Promise<void> => store.close();
  return { ...limiter, close, [Symbol.asyncDispose]: close };
}

/** All at once into an empty ledger; one by one, and durable, into one that has accounts. */
async function addLinks(limiter: Limiter, named: NamedLinks): Promise<void> {
  const { store } = limiter;
  if (store.ledger.network.nodeCount === 0)
    return store.adopt(ledgerOf(named, store.ledger.network.policy, store.now()));
  const { names, edges } = named;
  for (let edge = 0; edge < edges.count; edge += 1) {
    const [a, b] = [names[edges.sources[edge] as number], names[edges.targets[edge] as number]];
    if (a !== undefined && b !== undefined) limiter.link(a, b);
  }
  await limiter.durable();
}
