/**
 * Real clients, unmodified: everything that a kazoo user relies on, and ZooKeeper's own command line, through each of
 * the endpoints.
 */

import type { Cluster } from '@concordat/bench';
import { runKazoo } from './kazoo-script.ts';
import { startZkCli } from './tools.ts';
import type { Acceptance, Trial } from './trial.ts';
import { within } from './wait.ts';

export const clients: Acceptance = {
  name: 'clients',
  summary: 'kazoo and zkCli.sh: data, ephemerals, sequences, watches, transactions, locks, elections',
  needs: ['kazoo', 'zkCli'],
  deadlineMs: 240_000,
  run: async (trial) => {
    const cluster = await trial.cluster();
    await kazoo(trial, cluster);
    for (const domain of cluster.endpoints.keys()) await zkCli(trial, cluster, domain);
  },
};

const address = (cluster: Cluster, domain: number): string => {
  const endpoint = cluster.endpoints[domain % cluster.endpoints.length];
  return `${endpoint?.host}:${endpoint?.port}`;
};

async function kazoo(trial: Trial, cluster: Cluster): Promise<void> {
  const addresses = cluster.endpoints.map((_, domain) => address(cluster, domain));
  await runKazoo(trial, 'clients.py', addresses);
}

/** What is typed, and what must be shown before the next line is typed. */
type Dialogue = readonly (readonly [typed: string, shown: RegExp])[];

async function zkCli(trial: Trial, cluster: Cluster, domain: number): Promise<void> {
  const root = `/zkcli-${domain}`;
  const shell = startZkCli(address(cluster, domain), trial.signal);
  const steps: Dialogue = [
    [`create ${root} hello`, new RegExp(`^Created ${root}$`)],
    [`get ${root}`, /^hello$/],
    [`set ${root} goodbye`, /^$/],
    [`get -s ${root}`, /^dataVersion = 1$/],
    [`create ${root} again`, /Node already exists/],
    [`create -s ${root}/seq- x`, new RegExp(`^Created ${root}/seq-0000000000$`)],
    [`create -s ${root}/seq- x`, new RegExp(`^Created ${root}/seq-0000000001$`)],
    [`create -e ${root}/mayfly x`, new RegExp(`^Created ${root}/mayfly$`)],
    [`ls ${root}`, /^\[mayfly, seq-0000000000, seq-0000000001\]$/],
    [`get -w ${root}`, /^goodbye$/],
    [`set ${root} watched`, new RegExp(`type:NodeDataChanged path:${root}`)],
    [`delete ${root}`, /Node not empty/],
    [`delete ${root}/seq-0000000000`, /^$/],
    [`stat ${root}`, /^numChildren = 2$/],
    [`get ${root}/absent`, /Node does not exist/],
    [`sync ${root}`, /Sync is OK/],
  ];
  // Commands that print nothing are followed by one that does.
  for (const [typed, shown] of steps) {
    shell.say(typed);
    if (shown.source === '^$') continue;
    await hear(trial, shell, typed, shown, domain);
  }
  const mayfly = `${root}/mayfly`;
  shell.say('quit');
  await shell.ended;
  const next = startZkCli(address(cluster, domain + 1), trial.signal);
  next.say(`sync ${root}`);
  next.say(`get ${root}`);
  await hear(trial, next, `get ${root} at the next endpoint`, /^watched$/, domain);
  next.say(`get ${mayfly}`);
  await hear(trial, next, 'its ephemeral went with the session', /Node does not exist/, domain);
  next.say('quit');
  await next.ended;
}

async function hear(
  trial: Trial,
  shell: ReturnType<typeof startZkCli>,
  typed: string,
  shown: RegExp,
  domain: number,
): Promise<void> {
  try {
    const line = await within(
      shell.heard((text) => shown.test(text)),
      15_000,
      typed,
    );
    trial.check(true, `zkCli at endpoint ${domain}: ${typed} -> ${line}`);
  } catch {
    trial.check(
      false,
      `zkCli at endpoint ${domain}: ${typed} shows ${shown}, not\n${shell.lines.join('\n')}`,
    );
  }
}
