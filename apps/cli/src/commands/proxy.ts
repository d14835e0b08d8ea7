/** `concordat keeper proxy`: a ZooKeeper endpoint beside an application that trusts no single organisation. */

import { FIRST_ASSOCIATE } from '@concordat/kernel';
import { hostAndPort } from '@concordat/replication/edge';
import { toHex } from '@concordat/wire';
import { Command } from 'commander';
import { readFederation } from '../config/federation.ts';
import { initialiseProxy, placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import { startSidecar } from '../proxy/sidecar.ts';
import { limitsIn } from './limits.ts';
import { natural } from './natural.ts';
import { type ServeOptions, securePortIn, withSecurePort, wordsIn } from './serve.ts';

const EXAMPLES = `
A proxy believes what r + 1 organisations say, each on a link of its own, and nothing less: none of them alone can lie to its
clients. It keeps a copy of the tree, which it executes itself, so reads are as fast as at an organisation's endpoint.

Examples:
  concordat keeper proxy init shop --data /var/lib/concordat-proxy > shop.yaml
  concordat federation propose admit.json --admit shop.yaml --data /var/lib/concordat    (at a member; then approve, submit)
  concordat keeper proxy --data /var/lib/concordat-proxy --federation federation.yaml --admitted-as ${FIRST_ASSOCIATE} --clients 127.0.0.1:2181
`;

export const proxyCommand = (): Command =>
  new Command('proxy')
    .description('a ZooKeeper endpoint beside an application that trusts no single organisation')
    .addCommand(runCommand(), { isDefault: true })
    .addCommand(initCommand())
    .addCommand(statusCommand())
    .addHelpText('after', EXAMPLES);

interface RunOptions extends Partial<ServeOptions> {
  readonly data: string;
  readonly federation: string;
  readonly clients: string;
  readonly monitor: string;
  readonly words: string;
  readonly limit: readonly string[];
  readonly admittedAs?: number;
}

const runCommand = (): Command =>
  withSecurePort(
    new Command('run')
      .description('run it until SIGINT or SIGTERM; what "concordat keeper proxy" does without another word')
      .requiredOption('--data <directory>', 'as given to concordat keeper proxy init')
      .requiredOption('--federation <file>', 'the federation file that all members share')
      .option('--admitted-as <id>', 'the number of its domain, where it was admitted later', natural)
      .option('--clients <host:port>', 'where its ZooKeeper clients connect', '127.0.0.1:2181'),
  )
    .option('--monitor <host:port>', 'where /metrics, /health and /ready are served', '127.0.0.1:7070')
    .option(
      '--words <list>',
      "four-letter words that clients may use, as ZooKeeper's 4lw.commands.whitelist",
      '*',
    )
    .option('--limit <name=number...>', 'what clients may make it do and keep, as of concordat serve', [])
    .addHelpText('after', EXAMPLES)
    .action(run);

async function run(options: RunOptions): Promise<void> {
  const sidecar = await startSidecar({
    directory: options.data,
    federation: readFederation(options.federation),
    clients: hostAndPort(options.clients),
    ...securePortIn(options),
    monitor: hostAndPort(options.monitor),
    words: wordsIn(options.words),
    limits: limitsIn(options.limit),
    ...(options.admittedAs !== undefined && { admittedAs: options.admittedAs }),
  });
  const stop = (): void => void sidecar.close();
  process.on('SIGHUP', sidecar.reload);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const error = await sidecar.halted;
  process.exit(error === null ? 0 : 1);
}

const initCommand = (): Command =>
  new Command('init')
    .description('make its identity and journal, and print the card by which members admit it')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .requiredOption('--data <directory>', 'where they live; secret, and to be kept: sessions live on by it')
    .addHelpText('after', EXAMPLES)
    .action(async (name: string, { data }: { data: string }) => {
      const { publicKey, pin } = await initialiseProxy(data, name);
      const card = [`- name: ${name}`, `  key: ${toHex(publicKey)}`, `  pin: ${pin}`];
      process.stdout.write(`# The card of ${name}, a proxy.\n${card.join('\n')}\n`);
    });

const statusCommand = (): Command =>
  new Command('status')
    .description('whom a running proxy hears, and how far it is, as JSON')
    .requiredOption('--data <directory>', 'of a proxy that runs')
    .action(async ({ data }: { data: string }) => {
      const status = await ask(placesIn(data).control, 'status');
      process.stdout.write(`${JSON.stringify(status, null, 2)}\n`);
    });
