/**
 * The compliance suite of `Env`: what any host of processes must do, case by case. A host that passes runs the code
 * that the simulator has tried, in the way in which it was tried.
 */

import { diskCases } from './disk-cases.ts';
import type { CaseDefinition, CreateEnvHost, EnvCase } from './env-host.ts';
import { linkCases } from './link-cases.ts';
import { turnCases } from './turn-cases.ts';

async function runCase(definition: CaseDefinition, createHost: CreateEnvHost): Promise<'passed' | 'skipped'> {
  const host = await createHost(definition.members);
  try {
    return (await definition.body(host)) ? 'passed' : 'skipped';
  } finally {
    await host.close();
  }
}

/** All cases, each with a fresh host of its own. */
export const envSuite = (createHost: CreateEnvHost): readonly EnvCase[] =>
  [...turnCases, ...diskCases, ...linkCases].map((definition) => ({
    name: definition.name,
    run: () => runCase(definition, createHost),
  }));
