/** `concordat credit serve`: the limiter as an HTTP service, for servers that are not written for Node. */

import { type ChangeLog, openPostgresLog } from '@concordat/credit/edge';
import { openLimiter } from '@concordat/credit/limiter';
import { hostAndPort } from '@concordat/replication/edge';
import { createMetrics } from '@concordat/runtime';
import { Command, Option } from 'commander';
import { startService } from '../credit/service.ts';
import { CommandError } from '../errors.ts';
import { natural } from './natural.ts';

interface ServeFlags {
  readonly data?: string;
  readonly database?: string;
  readonly ledger: string;
  readonly links?: string;
  readonly listen: string;
  readonly credit: number;
  readonly replenish: number;
  readonly every: number;
  readonly dryRun?: true;
  readonly unknownViewer: 'refuse' | 'allow';
  readonly unknownViewed: 'refuse' | 'allow';
  readonly onStoreFailure: 'closed' | 'open';
  readonly acceptsLoss?: true;
}

export const serveCreditCommand = (): Command =>
  new Command('serve')
    .description('a rate limiter over who knows whom, as an HTTP service beside any server')
    .option('--data <directory>', 'where charges and links are kept; this service’s alone')
    .option('--database <url>', 'or in PostgreSQL: postgres://USER@HOST/NAME; the password from PGPASSWORD')
    .option('--ledger <name>', 'there: several may share a database', 'default')
    .option('--links <file>', 'that shall be there: two names a line; those that are not yet are made')
    .option('--listen <host:port>', 'it authenticates nobody', '127.0.0.1:7400')
    .option('--credit <units>', 'that either end of a fresh link can pay over it', natural, 4)
    .option('--replenish <units>', 'that a link recovers each period', natural, 2)
    .option('--every <seconds>', 'a period', natural, 86_400)
    .option('--dry-run', 'refuse nobody, and say what would have been')
    .addOption(
      new Option('--unknown-viewer <what>', 'with viewers that have no links')
        .choices(['refuse', 'allow'])
        .default('refuse'),
    )
    .addOption(
      new Option('--unknown-viewed <what>', 'with accounts looked at that have none')
        .choices(['refuse', 'allow'])
        .default('refuse'),
    )
    .addOption(
      new Option('--on-store-failure <what>', 'refuse, or serve and charge in memory')
        .choices(['closed', 'open'])
        .default('closed'),
    )
    .option('--accepts-loss', 'start although acknowledged charges are gone from the data')
    .addHelpText(
      'after',
      `
POST /check {"viewer":"ann","viewed":"bob"} is 200 to serve and 429 not to; POST /link and /unlink {"a":"ann","b":"bob"} say who knows
whom; GET /accounts/ann says how an account stands; /metrics, /health, /ready.

Examples:
  concordat credit serve --data /var/lib/concordat-credit --links friends.txt
  concordat credit serve --data credit --links friends.txt --dry-run
  curl -d '{"viewer":"ann","viewed":"bob"}' http://127.0.0.1:7400/check
`,
    )
    .action(serve);

const say = (line: string): void => void process.stderr.write(`credit: ${line}\n`);

/** Where charges are kept: one of the two. */
async function placeOf({ data, database, ledger }: ServeFlags): Promise<string | ChangeLog> {
  if (data !== undefined && database === undefined) return data;
  if (database === undefined || data !== undefined)
    throw new CommandError(
      'no-place',
      'say where charges are kept: either --data DIRECTORY or --database URL',
      'See: concordat credit serve --help',
    );
  return openPostgresLog({ connection: database, ledger });
}

async function serve(flags: ServeFlags): Promise<void> {
  const listen = hostAndPort(flags.listen);
  if (flags.credit < 1 || flags.replenish < 1 || flags.every < 1)
    throw new CommandError('bad-setting', '--credit, --replenish and --every: at least 1');
  const metrics = createMetrics();
  const limiter = await openLimiter({
    data: await placeOf(flags),
    policy: { credit: flags.credit, replenish: flags.replenish, everyMs: 1000 * flags.every },
    ...(flags.links !== undefined && { links: flags.links }),
    unknownViewer: flags.unknownViewer,
    unknownViewed: flags.unknownViewed,
    onStoreFailure: flags.onStoreFailure,
    isDryRun: flags.dryRun === true,
    acceptsLoss: flags.acceptsLoss === true,
    metrics,
  });
  const service = await startService({ limiter, metrics, listen }).catch(async (error: unknown) => {
    await limiter.close();
    throw error;
  });
  const { nodeCount, linkCount } = limiter.store.ledger.network;
  say(
    `${nodeCount} accounts, ${linkCount} links${flags.dryRun === true ? '; a dry run: nobody is refused' : ''}`,
  );
  const { address, family, port } = service.address;
  process.stdout.write(`http://${family === 'IPv6' ? `[${address}]` : address}:${port}\n`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });
  say('stopping');
  await service.close();
  await limiter.close();
}
