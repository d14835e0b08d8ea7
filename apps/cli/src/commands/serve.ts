/** `concordat serve`: one organisation's daemon. */

import { FOUR_LETTER_WORDS, isDistinguishedName } from '@concordat/keeper';
import { hostAndPort } from '@concordat/replication/edge';
import { Command, Option } from 'commander';
import { createDemonstration } from '../attack/demonstration.ts';
import { readFederation } from '../config/federation.ts';
import { CLIENT_CERTIFICATES, type SecurePortOptions } from '../daemon/clients/secure-port.ts';
import { type DaemonOptions, startDaemon } from '../daemon/daemon.ts';
import { CommandError } from '../errors.ts';
import { limitsIn } from './limits.ts';
import { natural } from './natural.ts';

export interface ServeOptions {
  readonly data: string;
  readonly federation: string;
  readonly clients: string;
  readonly clientsTls?: string;
  readonly clientsTlsKey?: string;
  readonly clientsTlsCert?: string;
  readonly clientsTlsCa?: string;
  readonly clientsTlsCertificates?: SecurePortOptions['certificates'];
  readonly monitor: string;
  readonly superDigest?: string;
  readonly superX509?: string;
  readonly superSasl?: string;
  readonly saslUsers?: string;
  readonly requireAuth?: string;
  readonly words: string;
  readonly limit: readonly string[];
  readonly auditLog?: string;
  readonly reconfig?: string;
  readonly readOnlyMode?: boolean;
  readonly demo?: boolean;
  readonly joinsAs?: number;
  readonly address?: string;
}

/** Adds the options of the port with TLS. */
export const withSecurePort = (command: Command): Command =>
  command
    .option('--clients-tls <host:port>', 'where they connect with TLS')
    .option('--clients-tls-key <file>', 'private key of that port: PEM, mode 0600')
    .option('--clients-tls-cert <file>', 'its certificate and those between it and its authority: PEM')
    .option('--clients-tls-ca <file>', "authorities of clients' certificates: PEM")
    .addOption(
      new Option(
        '--clients-tls-certificates <how>',
        "certificates of clients, as ZooKeeper's ssl.clientAuth: needed if there is a --clients-tls-ca, otherwise none",
      ).choices(CLIENT_CERTIFICATES),
    );

export const serveCommand = (): Command =>
  withSecurePort(
    new Command('serve')
      .description("run this organisation's daemon until SIGINT or SIGTERM")
      .requiredOption('--data <directory>', 'as given to concordat init')
      .requiredOption('--federation <file>', 'the federation file that all members share')
      .option('--clients <host:port>', 'where its ZooKeeper clients connect', '127.0.0.1:2181'),
  )
    .option(
      '--monitor <host:port>',
      'where /metrics, /health, /ready and /commands are served',
      '127.0.0.1:7070',
    )
    .option('--super-digest <user:hash>', "ZooKeeper digest of the super user of this domain's own subtree")
    .option('--super-x509 <name>', "the same by certificate: its subject, as ZooKeeper's X509.superUser")
    .option('--super-sasl <user>', "the same by SASL: one of the users, as ZooKeeper's zookeeper.superUser")
    .option('--sasl-users <file>', 'who can log in with SASL DIGEST-MD5: NAME:PASSWORD a line, mode 0600')
    .option('--require-auth <list>', 'schemes, one of which clients must use first: digest, sasl, x509')
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
    .option(
      '--read-only-mode',
      "while the others cannot be reached, let clients read the last state that ask for it: ZooKeeper's readonlymode.enabled",
    )
    .option(
      '--reconfig <directory>',
      "where reconfig of a super user leaves proposals, and newcomers' cards are: ZooKeeper's reconfigEnabled",
    )
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

/** The options of the port with TLS, which stand and fall together. */
export function securePortIn(options: Partial<ServeOptions>): Pick<DaemonOptions, 'secure'> {
  const { clientsTls: address, clientsTlsKey: key, clientsTlsCert: cert, clientsTlsCa: ca = null } = options;
  const certificates = options.clientsTlsCertificates ?? (ca === null ? 'none' : 'needed');
  if (address === undefined) {
    if (
      key === undefined &&
      cert === undefined &&
      ca === null &&
      options.clientsTlsCertificates === undefined
    )
      return {};
    throw new CommandError('no-address', 'the options --clients-tls-... need --clients-tls');
  }
  if (key === undefined || cert === undefined)
    throw new CommandError('no-certificate', '--clients-tls needs --clients-tls-key and --clients-tls-cert');
  if (certificates !== 'none' && ca === null)
    throw new CommandError(
      'no-authority',
      `certificates of clients that are ${certificates} need --clients-tls-ca`,
    );
  return { secure: { address: hostAndPort(address), key, cert, ca, certificates } };
}

const PROVABLE = ['digest', 'sasl', 'x509'];

/** How clients say who they are; what no client could ever do is a mistake. */
export function identitiesIn(options: Partial<ServeOptions>): Partial<DaemonOptions> {
  const { saslUsers, superX509, superSasl, requireAuth } = options;
  if (superSasl !== undefined && saslUsers === undefined)
    throw new CommandError('no-users', '--super-sasl needs --sasl-users');
  if (superX509 !== undefined && !(superX509 !== '' && isDistinguishedName(superX509)))
    throw new CommandError('bad-name', `--super-x509: ${superX509} is not the subject of any certificate`);
  return {
    ...(saslUsers !== undefined && { saslUsers }),
    ...(superX509 !== undefined && { superSubject: superX509 }),
    ...(superSasl !== undefined && { superUser: superSasl }),
    ...(requireAuth !== undefined && { requiredSchemes: schemesIn(requireAuth, options) }),
  };
}

function schemesIn(list: string, { saslUsers, clientsTlsCa }: Partial<ServeOptions>): ReadonlySet<string> {
  const asked = listed(list);
  const unknown = asked.find((scheme) => !PROVABLE.includes(scheme));
  if (unknown !== undefined || asked.length === 0)
    throw new CommandError(
      'unknown-scheme',
      `--require-auth: ${unknown ?? 'nothing'} is none of ${PROVABLE.join(', ')}`,
    );
  if (asked.includes('sasl') && saslUsers === undefined)
    throw new CommandError('no-users', '--require-auth sasl needs --sasl-users');
  if (asked.includes('x509') && clientsTlsCa === undefined)
    throw new CommandError('no-authority', '--require-auth x509 needs --clients-tls-ca');
  return new Set(asked);
}

const listed = (list: string): string[] =>
  list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');

/** Words between commas, or `*` for all; one that does not exist is a mistake that would go unnoticed. */
export function wordsIn(list: string): ReadonlySet<string> {
  const asked = listed(list);
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
    ...securePortIn(options),
    ...identitiesIn(options),
    monitor: hostAndPort(options.monitor),
    superDigest: options.superDigest ?? null,
    words: wordsIn(options.words),
    limits: limitsIn(options.limit),
    ...(options.auditLog !== undefined && { auditLog: options.auditLog }),
    readOnlyMode: options.readOnlyMode === true,
    ...(options.reconfig !== undefined && { reconfig: options.reconfig }),
    ...joiningWith(options),
  };
  const daemon = await startDaemon(
    options.demo === true ? { ...daemonOptions, ...createDemonstration() } : daemonOptions,
  );
  // No collection first, however much a recovery leaves: V8 then keeps its limit close to what it found, marks three times as
  // often under load, and serves half as many reads.
  const stop = (): void => void daemon.close();
  process.on('SIGHUP', daemon.reload);
  process.once('SIGINT', stop).once('SIGTERM', stop);
  const error = await daemon.halted;
  // Nothing may keep a halted daemon alive: it must not look as if it served.
  process.exit(error === null ? 0 : 1);
}
