/** `concordat keeper`: what domains serve to ZooKeeper clients - looked at, written out, and compared. */

import { createHash } from 'node:crypto';
import { ErrorCode, OpCode } from '@concordat/keeper';
import { askWord, type LiveNode, readNode } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { Command } from 'commander';
import { readFederation } from '../config/federation.ts';
import { organisationsIn } from '../daemon/statuses.ts';
import { CommandError, messageOf } from '../errors.ts';
import { checkpointAt, type ProvenCheckpoint } from '../keeper/checkpoint.ts';
import { type Comparison, compareTrees } from '../keeper/compare.ts';
import { connectAll, type Endpoint, endpointsFrom } from '../keeper/endpoints.ts';
import { walkTree } from '../keeper/walk.ts';
import { backupCommand, restoreCommand } from './backup.ts';
import { adoptCommand, exportCommand, importCommand } from './migration.ts';
import { createProgress } from './progress.ts';
import { proxyCommand } from './proxy.ts';
import { repeated } from './repeated.ts';

export const keeperCommand = (): Command =>
  new Command('keeper')
    .description(
      'what domains serve to ZooKeeper clients: stat, dump, compare; backup, restore; import, adopt, export; and a proxy for those who trust no single one',
    )
    .addCommand(statCommand())
    .addCommand(dumpCommand())
    .addCommand(compareCommand())
    .addCommand(backupCommand())
    .addCommand(restoreCommand())
    .addCommand(proxyCommand())
    .addCommand(importCommand())
    .addCommand(adoptCommand())
    .addCommand(exportCommand());

interface Asking {
  readonly data: string;
  readonly path: string;
  readonly auth: readonly string[];
}

/** Options of whoever reads trees. */
const reading = (name: string): Command =>
  new Command(name)
    .option('--data <directory>', "a daemon's directory, or the parent of several", 'data')
    .option('--path <path>', 'only what lies at and below it', '/')
    .option(
      '--auth <scheme:credential>',
      'read as whom, such as digest:user:password; may be repeated',
      repeated,
      [],
    );

const COLUMNS = {
  role: 'zk_server_state',
  nodes: 'zk_znode_count',
  bytes: 'zk_approximate_data_size',
  ephemerals: 'zk_ephemerals_count',
  watches: 'zk_watch_count',
  clients: 'zk_num_alive_connections',
  outstanding: 'zk_outstanding_requests',
  'latency ms': 'zk_avg_latency',
} as const;

const statCommand = (): Command =>
  new Command('stat')
    .description('a row for each domain, or ZooKeeper server, of what it counts (its word "mntr")')
    .argument('[endpoints...]', 'HOST:PORT of client ports; without any those of the daemons below --data')
    .option('--data <directory>', "a daemon's directory, or the parent of several", 'data')
    .option('--json', 'everything that they tell, as JSON')
    .addHelpText('after', '\nExample:\n  concordat keeper stat alpha.example:2181 beta.example:2181\n')
    .action(async (given: string[], { data, json }: { data: string; json?: boolean }) => {
      const endpoints = await endpointsFrom(given, data);
      const all = await Promise.all(endpoints.map(statAt));
      if (all.some((one) => typeof one === 'string')) process.exitCode = 1;
      if (json === true) return void process.stdout.write(`${JSON.stringify(statJson(endpoints, all))}\n`);
      const rows = all.map((one, i) => [
        endpoints[i]?.name ?? '',
        ...(typeof one === 'string' ? [one] : Object.values(COLUMNS).map((name) => one[name] ?? '-')),
      ]);
      process.stdout.write(columns([['domain', ...Object.keys(COLUMNS)], ...rows]));
    });

/** Counters by name, or why there are none. */
type Stat = Readonly<Record<string, string>> | string;

async function statAt(endpoint: Endpoint): Promise<Stat> {
  try {
    const text = await askWord(endpoint, 'mntr');
    const found = text.split('\n').filter((line) => line.includes('\t'));
    return found.length === 0
      ? text.trim() || 'it says nothing'
      : Object.fromEntries(found.map((line) => line.split('\t', 2)));
  } catch (error) {
    return messageOf(error);
  }
}

const statJson = (endpoints: readonly Endpoint[], all: readonly Stat[]): unknown =>
  all.map((one, i) => ({
    name: endpoints[i]?.name,
    ...(typeof one === 'string' ? { error: one } : { mntr: one }),
  }));

/** Lines of words, each column as wide as its longest. */
function columns(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  ');
  return rows.map((row) => `${line(row)}\n`).join('');
}

const dumpCommand = (): Command =>
  reading('dump')
    .description(
      'every node that one server serves, a line of JSON each: path, data (base64), stat, permissions',
    )
    .argument('[endpoint]', 'HOST:PORT of a client port; without it that of the daemon in --data')
    .addHelpText('after', '\nExample:\n  concordat keeper dump alpha.example:2181 --path /app > app.jsonl\n')
    .action(async (given: string | undefined, options: Asking) => {
      const endpoints = await endpointsFrom(given === undefined ? [] : [given], options.data);
      const [client] = await connectAll(endpoints.slice(0, 1), options.auth);
      if (client === undefined) throw new CommandError('no-session', 'there is no daemon to ask');
      try {
        await client.request(OpCode.sync, bodies.path('/'));
        const show = (path: string, node: LiveNode): Iterable<string> => {
          if (node.err === ErrorCode.noNode) {
            if (path === options.path) throw new CommandError('no-node', `there is no node ${path}`);
            // It went while its parent was read.
            return [];
          }
          process.stdout.write(`${JSON.stringify(dumped(path, node))}\n`);
          return node.children ?? [];
        };
        await walkTree(options.path, (path) => readNode(client, path), show);
      } finally {
        await client.close();
      }
    });

const dumped = (path: string, { err, data, stat, acl }: LiveNode): unknown => ({
  path,
  ...(err !== ErrorCode.ok && { error: errorName(err) }),
  data: data === null ? null : Buffer.from(data).toString('base64'),
  stat: stat === null ? null : { ...stat, ephemeralOwner: ownerIn(stat.ephemeralOwner) },
  acl,
});

const ownerIn = ({ high, low }: { readonly high: number; readonly low: number }): string =>
  `0x${BigInt.asUintN(64, (BigInt(high) << 32n) | BigInt(low)).toString(16)}`;

const errorName = (err: number): string =>
  Object.entries(ErrorCode).find(([, code]) => code === err)?.[0] ?? `error ${err}`;

interface Comparing extends Asking {
  readonly contentOnly?: boolean;
  readonly federation?: string;
  readonly json?: boolean;
}

const compareCommand = (): Command =>
  reading('compare')
    .description('whether all domains serve the same tree, and have signed the same state')
    .argument('[endpoints...]', 'HOST:PORT of client ports; without any those of the daemons below --data')
    .option('--content-only', 'no zxids, times and versions: for a tree that was copied by a client')
    .option(
      '--federation <file>',
      'also check what the members of this federation signed, as daemons below --data have it',
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      "\nAsks all servers for one path after the other, while clients go on. Servers may as well be ZooKeeper's.\n" +
        'Ends with status 1 if they differ.\n\n' +
        'Examples:\n' +
        '  concordat keeper compare alpha.example:2181 beta.example:2181 gamma.example:2181 delta.example:2181\n' +
        '  concordat keeper compare --data /var/lib/concordat --federation federation.yaml\n',
    )
    .action(compare);

async function compare(given: string[], options: Comparing): Promise<void> {
  const endpoints = await endpointsFrom(given, options.data);
  if (endpoints.length < 2 && options.federation === undefined)
    throw new CommandError('too-few', 'one server has nobody to be compared with', 'Name others: HOST:PORT');
  const proven = options.federation === undefined ? [] : await checkpoints(options.data, options.federation);
  const clients = await connectAll(endpoints, options.auth);
  const seen = { nodes: 0 };
  const progress = createProgress(() => `${seen.nodes} nodes compared`);
  try {
    const comparison = await compareTrees(clients, {
      path: options.path,
      contentOnly: options.contentOnly === true,
      onNode: (nodes) => {
        seen.nodes = nodes;
        if (options.json !== true) progress();
      },
    });
    if (comparison.differing > 0 || proven.some(({ isOwn }) => isOwn === false)) process.exitCode = 1;
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(comparisonJson(endpoints, comparison, proven))}\n`
        : [...proven.map(checkpointWords), ...comparisonWords(endpoints, comparison), ''].join('\n'),
    );
  } finally {
    await Promise.all(clients.map((client) => client.close()));
  }
}

async function checkpoints(data: string, file: string): Promise<ProvenCheckpoint[]> {
  const federation = readFederation(file);
  const found = await Promise.all(organisationsIn(data).map((place) => checkpointAt(place, federation)));
  const proven = found.filter((one) => one !== null);
  if (proven.length === 0)
    throw new CommandError(
      'no-proof',
      'no checkpoint is final yet, so nothing is signed',
      'Try again later.',
    );
  return proven;
}

function checkpointWords({ slot, epoch, state, signed, missing, isOwn }: ProvenCheckpoint): string {
  const others = missing.length === 0 ? '' : `; not needed from ${missing.join(', ')}`;
  const own = isOwn === null ? '' : isOwn ? '; its own state is this' : '; ITS OWN STATE IS ANOTHER';
  return `state after slot ${slot} of epoch ${epoch}: ${state}\n  signed by ${signed.join(', ')}${others}${own}`;
}

function comparisonWords(endpoints: readonly Endpoint[], found: Comparison): string[] {
  const { nodes, bytes, unreadable, differing, differences, restless, digest } = found;
  const told = `${nodes} nodes with ${bytes} bytes of data at ${endpoints.length} servers`;
  const notes = [
    ...(unreadable > 0 ? [`${unreadable} of them may not be read: give --auth`] : []),
    ...(restless.length > 0
      ? [`${restless.length} changed as long as they were asked for: ${list(restless)}`]
      : []),
  ];
  if (differing === 0) return [`equal: ${told}`, ...notes, `sha256 of what they serve: ${digest}`];
  const SHOWN = 20;
  const shown = differences
    .slice(0, SHOWN)
    .flatMap(({ path, nodes: said }) => [
      path,
      ...said.map((node, i) => `  ${endpoints[i]?.name}: ${nodeWords(node)}`),
    ]);
  const more = differing > SHOWN ? [`and ${differing - SHOWN} more: --json names the first thousand`] : [];
  return [`DIFFERENT: ${differing} of ${told}`, ...notes, ...shown, ...more];
}

const list = (paths: readonly string[]): string => paths.slice(0, 5).join(' ');

function nodeWords({ err, data, stat, acl, children }: LiveNode): string {
  if (stat === null) return errorName(err);
  const sum = createHash('sha256')
    .update(data ?? new Uint8Array(0))
    .digest('hex')
    .slice(0, 12);
  const { mzxid, version, cversion, aversion, pzxid } = stat;
  return [
    `${data?.length ?? 0} bytes ${sum}`,
    `version ${version}/${cversion}/${aversion}`,
    `mzxid 0x${mzxid.toString(16)} pzxid 0x${pzxid.toString(16)}`,
    `${children?.length ?? '?'} children`,
    `acl ${acl?.map(({ scheme, id, perms }) => `${scheme}:${id}:${perms}`).join(',') ?? '?'}`,
  ].join(', ');
}

const comparisonJson = (
  endpoints: readonly Endpoint[],
  { differences, ...rest }: Comparison,
  proven: readonly ProvenCheckpoint[],
): unknown => ({
  isEqual: rest.differing === 0,
  servers: endpoints.map(({ name }) => name),
  ...rest,
  differences: differences.map(({ path, nodes }) => ({
    path,
    servers: nodes.map((node) => dumped(path, node)),
  })),
  checkpoints: proven,
});
