/** `concordat keeper import`, `adopt` and `export`: from ZooKeeper's files to a federation, and back. */

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { encodeGenesis, writeSnapshot } from '@concordat/keeper';
import { Command } from 'commander';
import { readFederation } from '../config/federation.ts';
import { CommandError } from '../errors.ts';
import { connectAll, endpointsFrom } from '../keeper/endpoints.ts';
import { readTree } from '../keeper/export.ts';
import { askForExport } from '../keeper/export-file.ts';
import { adopt, sha256Hex } from '../keeper/first-state.ts';
import { type Imported, importFrom } from '../keeper/import.ts';
import { type ImportedLive, importLive, isConnectString, lastZxid } from '../keeper/import-live.ts';
import { requireNew, writeNew } from '../keeper/new-file.ts';
import { createProgress } from './progress.ts';
import { repeated } from './repeated.ts';

const hex = (zxid: number): string => `0x${zxid.toString(16)}`;

export const importCommand = (): Command =>
  new Command('import')
    .description(
      "make the state that a federation can begin with from a ZooKeeper's files, or from it running",
    )
    .argument(
      '<places...>',
      "a server's dataDir, its dataLogDir if it has one, or snapshot and log files; or HOST:PORT,HOST:PORT to read as a client",
    )
    .requiredOption('--out <file>', 'where the state goes')
    .option(
      '--auth <scheme:credential>',
      'read a running one as whom, such as digest:user:password; may be repeated',
      repeated,
      [],
    )
    .addHelpText(
      'after',
      '\nStop all writes first: what is written later is not in it. Sessions and ephemeral nodes are left out.\n' +
        'Whoever imports the same files gets the same bytes.\n\n' +
        'From a running ensemble, containers and nodes with a TTL become nodes that stay, as clients are not told which\n' +
        'they are, and whoever reads must be permitted to administer every node: take the files if you can.\n\n' +
        'Examples:\n  concordat keeper import /var/lib/zookeeper --out zookeeper.state\n' +
        '  concordat keeper import zk1.example:2181,zk2.example:2181 --auth digest:admin:secret --out zookeeper.state\n',
    )
    .action(async (places: string[], { out, auth }: { out: string; auth: readonly string[] }) => {
      // Before the work, which may take a while.
      requireNew(out);
      const [place = ''] = places;
      if (places.length === 1 && !existsSync(place) && isConnectString(place))
        return importRunning(place, auth, out);
      if (auth.length > 0)
        throw new CommandError(
          'needless-auth',
          'files need no --auth: it is for HOST:PORT of a running server',
        );
      const imported = importFrom(places, (line) => void process.stdout.write(`${line}\n`));
      const bytes = encodeGenesis(imported.genesis);
      writeNew(out, bytes);
      process.stdout.write(importWords(imported, out, bytes).join('\n'));
    });

async function importRunning(servers: string, auth: readonly string[], out: string): Promise<void> {
  const seen = { nodes: 0 };
  const progress = createProgress(() => `${seen.nodes} nodes read`);
  const imported = await importLive(servers, auth, (nodes) => {
    seen.nodes = nodes;
    progress();
  });
  const bytes = encodeGenesis(imported.genesis);
  writeNew(out, bytes);
  process.stdout.write(liveWords(imported, out, bytes).join('\n'));
}

function liveWords(imported: ImportedLive, out: string, bytes: Uint8Array): string[] {
  const { endpoint, genesis, census, ephemerals, before, after } = imported;
  return [
    `the tree that ${endpoint} serves: all up to ${hex(genesis.zxid)}`,
    `${census.nodes} nodes with ${census.bytes} bytes of data; ${census.quotas} quotas`,
    `left out: ${ephemerals} ephemeral nodes; containers and nodes with a TTL, if there were any, are nodes that stay now`,
    ...foreignWords(census),
    ...(before === null || after === null
      ? [`NOTE: ${endpoint} does not answer "srvr", so what came meanwhile went unnoticed`]
      : changedWords(before, after)),
    ...lastWords(out, bytes),
  ];
}

const foreignWords = ({ foreignSchemes }: Imported['census']): string[] =>
  [...foreignSchemes].map(
    ([scheme, count]) => `NOTE: nobody is permitted anything by the scheme ${scheme}, in ${count} nodes`,
  );

const lastWords = (out: string, bytes: Uint8Array): string[] => [
  `${out} is written, ${bytes.length} bytes. For federation.yaml:`,
  `import: ${sha256Hex(bytes)}`,
  '',
];

function importWords(imported: Imported, out: string, bytes: Uint8Array): string[] {
  const { census, genesis, snapshot, passedOver, logs, transactions, torn } = imported;
  const { nodes, containers, ttlNodes, quotas, ephemerals, sessions } = census;
  return [
    `${snapshot} and ${transactions} transactions of ${logs} logs: all up to ${hex(genesis.zxid)}`,
    ...passedOver.map((line) => `passed over, not whole: ${line}`),
    ...torn.map((path) => `the last record of ${path} is not whole: it was never done`),
    `${nodes} nodes with ${census.bytes} bytes of data; ${containers} containers, ${ttlNodes} with a TTL, ${quotas} quotas`,
    `left out: ${ephemerals} ephemeral nodes of ${sessions} sessions`,
    ...foreignWords(census),
    ...lastWords(out, bytes),
  ];
}

export const adoptCommand = (): Command =>
  new Command('adopt')
    .description("put an imported state into a member's directory, before its daemon starts")
    .argument('<file>', 'what concordat keeper import wrote, or a copy of it')
    .requiredOption('--data <directory>', 'as given to concordat init')
    .option('--federation <file>', 'check that the federation begins with it')
    .addHelpText(
      'after',
      '\nEvery member needs it for as long as the federation lives, also one that joins or lost its disk.\n\n' +
        'Example:\n  concordat keeper adopt zookeeper.state --data /var/lib/concordat --federation federation.yaml\n',
    )
    .action((file: string, { data, federation }: { data: string; federation?: string }) => {
      const { digest, genesis } = adopt(
        file,
        data,
        federation === undefined ? undefined : readFederation(federation),
      );
      process.stdout.write(
        `${data} has the state up to ${hex(genesis.zxid)}, ${genesis.nodes.length} nodes\nimport: ${digest}\n`,
      );
    });

export const exportCommand = (): Command =>
  new Command('export')
    .description('write what a server serves as a snapshot that ZooKeeper starts from')
    .argument('[endpoint]', 'HOST:PORT of a client port; without it the daemon in --data writes its own tree')
    .requiredOption(
      '--out <directory>',
      'the dataDir of a new ZooKeeper server; the file goes to version-2 in it',
    )
    .option('--data <directory>', "a daemon's directory, or the parent of several", 'data')
    .option(
      '--auth <scheme:credential>',
      'read as whom, such as digest:user:password; may be repeated',
      repeated,
      [],
    )
    .addHelpText(
      'after',
      '\nA daemon writes its whole tree as of one moment, and serves nobody meanwhile. Ephemeral nodes are left out.\n\n' +
        'From an endpoint the tree is read as by any client: stop all writes first, whoever reads must be permitted to\n' +
        'administer every node, and containers and nodes with a TTL become nodes that stay, as clients are not told which\n' +
        'they are.\n\n' +
        'Examples:\n  concordat keeper export --data /var/lib/concordat --out /var/lib/zookeeper\n' +
        '  concordat keeper export alpha.example:2181 --out /var/lib/zookeeper\n',
    )
    .action(exportTree);

interface Exporting {
  readonly out: string;
  readonly data: string;
  readonly auth: readonly string[];
}

function exportTree(given: string | undefined, { out, data, auth }: Exporting): Promise<void> {
  return given === undefined ? exportDaemon(data, out) : exportSeen(given, out, auth);
}

async function exportDaemon(data: string, out: string): Promise<void> {
  const { zxid, nodes, bytes, ephemerals, ttlNodes, ofDomains, file: written } = await askForExport(data);
  const file = placeIn(out, zxid);
  writeNew(file, readFileSync(written));
  rmSync(written, { force: true });
  const words = exportWords({ nodes, bytes, ephemerals, ofDomains }, file);
  const ttl = `NOTE: ${ttlNodes} nodes have a TTL: ZooKeeper deletes them when it starts, unless it has extendedTypesEnabled=true`;
  process.stdout.write([...words, ...(ttlNodes > 0 ? [ttl] : []), ''].join('\n'));
}

function placeIn(out: string, zxid: number): string {
  const folder = join(out, 'version-2');
  mkdirSync(folder, { recursive: true, mode: 0o750 });
  return join(folder, `snapshot.${zxid.toString(16)}`);
}

async function exportSeen(given: string, out: string, auth: readonly string[]): Promise<void> {
  const [endpoint] = await endpointsFrom([given], '');
  const [client] = endpoint === undefined ? [] : await connectAll([endpoint], auth);
  if (endpoint === undefined || client === undefined)
    throw new CommandError('no-session', 'there is no daemon to ask');
  const seen = { nodes: 0 };
  const progress = createProgress(() => `${seen.nodes} nodes read`);
  try {
    const before = (await lastZxid(endpoint)) ?? 0;
    const exported = await readTree(client, (nodes) => {
      seen.nodes = nodes;
      progress();
    });
    const after = (await lastZxid(endpoint)) ?? 0;
    const file = placeIn(out, Math.max(exported.zxid, after));
    writeNew(file, writeSnapshot(exported.nodes));
    process.stdout.write(
      [
        ...exportWords({ ...exported, nodes: exported.nodes.length }, file),
        ...changedWords(before, after),
        '',
      ].join('\n'),
    );
  } finally {
    await client.close();
  }
}

interface Counts {
  readonly nodes: number;
  readonly bytes: number;
  readonly ephemerals: number;
  readonly ofDomains: number;
}

const exportWords = ({ nodes, bytes, ephemerals, ofDomains }: Counts, file: string): string[] => [
  `${nodes} nodes with ${bytes} bytes of data; left out: ${ephemerals} ephemeral nodes`,
  ...(ofDomains > 0
    ? [`NOTE: ${ofDomains} nodes permit something to domains, which ZooKeeper does not know`]
    : []),
  `${file} is written`,
];

const changedWords = (before: number, after: number): string[] =>
  before === after ? [] : [`NOTE: transactions ${hex(before + 1)} to ${hex(after)} came meanwhile`];
