/**
 * What befalls the servers beneath a product: the domain that orders leads the others along another log, and stops; the domain
 * that orders then is killed and comes back. It is one fault at a time, as many as the federation is made for.
 * The product is told the addresses of the other three only: who trusts a lying domain is at its mercy. Apache
 * ZooKeeper has no liars, so there one server is killed and restarted.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Cluster, Endpoint } from '@concordat/bench';
import { openSession, type Session } from '../session.ts';
import type { Trial } from '../trial.ts';
import { eventually } from '../wait.ts';

const MAIN = fileURLToPath(new URL('../../../cli/dist/main.js', import.meta.url));
const PATIENCE_MS = 60_000;
/** Something to order. */
const ORDERS = 50;
const COMPARE_MS = 120_000;
/** A domain that is slow may lose its turn before anybody could hold two of its words against each other. */
const LIES_AT_MOST = 3;
const run = promisify(execFile);

export interface Siege {
  /** Those that never lie. */
  readonly endpoints: readonly Endpoint[];
  /** The same, as products want them. */
  readonly addresses: readonly string[];
  /** Of the trial itself, for a look at what the product keeps there. */
  readonly session: Session;
  /** The domain that orders lies while `meanwhile` runs, which must give it something to order. */
  lie(meanwhile: () => Promise<void>): Promise<void>;
  /** The domain that orders dies, and comes back after `meanwhile`. */
  kill(meanwhile: () => Promise<void>): Promise<void>;
  /** All servers serve the same tree. */
  checkTrees(): Promise<void>;
}

const addressOf = ({ host, port }: Endpoint): string => `${host}:${port}`;

export async function besiege(trial: Trial): Promise<Siege> {
  const cluster = await trial.cluster();
  const liar = cluster.attack === undefined ? null : ((await cluster.primary()) ?? 0);
  const endpoints = cluster.endpoints.filter((_, domain) => domain !== liar);
  const session = await openSession({ endpoints });
  return {
    endpoints,
    addresses: endpoints.map(addressOf),
    session,
    lie: (meanwhile) => lie(trial, cluster, liar, session, meanwhile),
    kill: (meanwhile) => killOrderer(trial, cluster, liar, meanwhile),
    checkTrees: () => checkTrees(trial, cluster),
  };
}

async function lie(
  trial: Trial,
  cluster: Cluster,
  liar: number | null,
  session: Session,
  meanwhile: () => Promise<void>,
): Promise<void> {
  if (liar === null || cluster.attack === undefined) return meanwhile();
  let act = meanwhile;
  let primary: number | null = null;
  let holders = 0;
  for (let turn = 0; turn < LIES_AT_MOST && holders === 0; turn++) {
    if (turn > 0) trial.note(`domain ${liar} lost its turn before it was found out, and lies again`);
    await untilOrders(trial, cluster, liar);
    await cluster.attack(liar, 'equivocate');
    await act();
    // The next domain has taken over, and those who were led apart have told one another.
    await eventually(async () => {
      primary = await cluster.primary();
      return primary !== null && primary !== liar && (await proofs(cluster)) > 0;
    }, PATIENCE_MS);
    await cluster.attack(liar, 'stop');
    holders = await proofs(cluster);
    act = async () => {
      for (let i = 0; i < ORDERS; i++) await session.sync('/');
    };
  }
  const isOver = primary !== null && primary !== liar && holders > 0;
  trial.check(
    isOver,
    `domain ${liar}, which ordered, equivocated: domain ${primary} orders now, and ${holders} domains hold the proof`,
  );
}

/** On a busy machine another may have taken over since: those before it die and come back, until it orders. */
async function untilOrders(trial: Trial, cluster: Cluster, liar: number): Promise<void> {
  for (let turn = 0; turn < 2 * cluster.endpoints.length; turn++) {
    const primary = await cluster.primary();
    if (primary === liar) return;
    if (primary === null) continue;
    await cluster.kill9(primary);
    const isOver = await eventually(async () => (await cluster.primary()) !== primary, PATIENCE_MS);
    await cluster.restart(primary);
    trial.note(`domain ${primary} ordered, was killed${isOver ? '' : ' in vain'} and is back`);
  }
  throw new Error(`domain ${liar} does not come to order`);
}

/** How many domains hold evidence against anybody. */
async function proofs(cluster: Cluster): Promise<number> {
  const { stdout } = await run(process.execPath, [MAIN, 'status', '--json', '--data', cluster.dataDir]);
  const { domains }: { readonly domains: readonly { readonly evidence?: readonly string[] }[] } =
    JSON.parse(stdout);
  return domains.filter(({ evidence = [] }) => evidence.length > 0).length;
}

async function killOrderer(
  trial: Trial,
  cluster: Cluster,
  liar: number | null,
  meanwhile: () => Promise<void>,
): Promise<void> {
  const primary = (await cluster.primary()) ?? 0;
  const victim = primary === liar ? (primary + 1) % cluster.endpoints.length : primary;
  await cluster.kill9(victim);
  await meanwhile();
  await cluster.restart(victim);
  trial.note(`domain ${victim}${victim === primary ? ', which ordered,' : ''} was killed and is back`);
}

export async function checkTrees(trial: Trial, cluster: Cluster): Promise<void> {
  const addresses = cluster.endpoints.map(addressOf);
  const words = await run(process.execPath, [MAIN, 'keeper', 'compare', ...addresses], {
    timeout: COMPARE_MS,
  }).then(
    ({ stdout }) => stdout,
    (error: { readonly stdout?: string }) => error.stdout || String(error),
  );
  const said = words.trim().split('\n');
  trial.check(
    said[0]?.startsWith('equal: ') ?? false,
    `all servers serve one tree (concordat keeper compare: ${said.slice(0, 3).join('; ')})`,
  );
}
