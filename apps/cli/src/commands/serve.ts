/** `concordat serve`: one organisation's daemon. */

import { FOUR_LETTER_WORDS } from '@concordat/keeper';
import { hostAndPort } from '@concordat/replication/edge';
import { Command, Option } from 'commander';
import { createDemonstration } from '../attack/demonstration.ts';
import { readFederation } from '../config/federation.ts';
import { type DaemonOptions, startDaemon } from '../daemon/daemon.ts';
import { CommandError } from '../errors.ts';
import { limitsIn } from './limits.ts';
import { natural } from './natural.ts';

interface ServeOptions {
  readonly data: string;
  readonly federation: string;
  readonly clients: string;
  readonly monitor: string;
  readonly superDigest?: string;
  readonly words: string;
  readonly limit: readonly string[];
  readonly auditLog?: string;
  readonly demo?: boolean;
  readonly joinsAs?: number;
  readonly address?: string;
}

export const serveCommand = (): Command =>
  new Command('serve')
    .description("run this organisation's daemon until SIGINT or SIGTERM")
    .requiredOption('--data <directory>', 'as given to concordat init')
    .requiredOption('--federation <file>', 'the federation file that all members share')
    .option('--clients <host:port>', 'where its ZooKeeper clients connect', '127.0.0.1:2181')
    .option(
      '--monitor <host:port>',
      'where /metrics, /health, /ready and /commands are served',
      '127.0.0.1:7070',
    )
    .option('--super-digest <user:hash>', "ZooKeeper digest of the super user of this domain's own subtree")
    .option(
      '--words <list>',
      "four-letter words that clients may use, as ZooKeeper's 4lw.commands.whitelist",
      '*',
    )
    .option(
      '--limit <name=number...>',
      "what clients may make it do and keep, by ZooKeeper's names, such as maxClientCnxns=60; docs/operate/ZOOKEEPER.md has the list",
      [],
    )
    .option('--audit-log <file>', "who changed what through this domain, as ZooKeeper's audit log")
    .option('--joins-as <id>', 'number of a member that joins a running federation', natural)
    .option('--address <host:port>', 'where the others will reach a member that joins')
    .addOption(new Option('--demo', 'let "concordat attack" turn this daemon into an adversary').hideHelp())
    .addHelpText(
      'after',
      '\nExample:\n  concordat serve --data /var/lib/concordat --federation /etc/concordat/federation.yaml\n',
    )
    .action(serve);

function joiningWith({ joinsAs, address }: ServeOptions): Pick<DaemonOptions, 'joins'> {
  if (joinsAs === undefined) return {};
  if (address === undefined) throw new CommandError('no-address', '--joins-as needs --address');
  return { joins: { id: joinsAs, address } };
}

/** Words between commas, or `*` for all; one that does not exist is a mistake that would go unnoticed. */
export function wordsIn(list: string): ReadonlySet<string> {
  const asked = list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
  const unknown = asked.find((word) => word !== '*' && !FOUR_LETTER_WORDS.includes(word));
  if (unknown !== undefined)
    throw new CommandError('unknown-word', `--words: there is no four-letter word ${unknown}`);
  return new Set(asked.includes('*') ? FOUR_LETTER_WORDS : asked);
}

async function serve(options: ServeOptions): Promise<void> {
  const daemonOptions: DaemonOptions = {
    directory: options.data,
    federation: readFederation(options.federation),
    clients: hostAndPort(options.clients),
    monitor: hostAndPort(options.monitor),
    superDigest: options.superDigest ?? null,
    words: wordsIn(options.words),
    limits: limitsIn(options.limit),
    ...(options.auditLog !== undefined && { auditLog: options.auditLog }),
    ...joiningWith(options),
  };
  const daemon = await startDaemon(
    options.demo === true ? { ...daemonOptions, ...createDemonstration() } : daemonOptions,
  );
  // No collection first, however much a recovery leaves: V8 then keeps its limit close to what it found, marks three times as
  // often under load, and serves half as many reads.
  const stop = (): void => void daemon.close();
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const error = await daemon.halted;
  // Nothing may keep a halted daemon alive: it must not look as if it served.
  process.exit(error === null ? 0 : 1);
}
