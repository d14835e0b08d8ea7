/**
 * Clients that say who they are: kazoo and `zkCli.sh`, unmodified, with certificates that openssl and keytool made and with
 * passwords, at a domain that runs `concordat serve` as an operator would start it.
 */

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Server, startServer, untilServing } from '@concordat/bench';
import { freePort } from '@concordat/runtime';
import { runKazoo } from './kazoo-script.ts';
import { startZkCli } from './tools.ts';
import type { Acceptance, Trial } from './trial.ts';
import { within } from './wait.ts';

const MAIN = fileURLToPath(new URL('../../cli/dist/main.js', import.meta.url));
const HERE = '127.0.0.1';
const SECRET = 'changeit';
/** As RFC 2253 writes what openssl and keytool are told below. */
const BOB = '1.2.840.113549.1.9.1=#160f626f62407265642e6578616d706c65,CN=bob,O=Red \\+ Co\\, Ltd.,C=DE';
const CAROL = 'CN=carol,OU=Ops,O=Red,C=DE';

/** What Debian's package of ZooKeeper forgets on its class path: netty, whose jar is a stub that names its parts. */
const NETTY = [
  'buffer',
  'codec',
  'common',
  'handler',
  'resolver',
  'transport',
  'transport-native-unix-common',
];
const CLASS_PATH = ['zookeeper', ...NETTY.map((part) => `netty-${part}`), 'netty-transport-native-epoll']
  .map((name) => `/usr/share/java/${name}.jar`)
  .join(':');

interface Place {
  readonly folder: string;
  readonly plain: number;
  readonly secure: number;
}

export const credentials: Acceptance = {
  name: 'credentials',
  summary: 'kazoo and zkCli.sh over TLS with certificates of openssl and keytool, and with SASL DIGEST-MD5',
  needs: ['kazoo', 'pure-sasl', 'zkCli', 'openssl', 'keytool'],
  deadlineMs: 240_000,
  run: async (trial) => {
    if (trial.target !== 'concordat') return trial.skip('it is about concordat serve');
    const folder = mkdtempSync(join(tmpdir(), 'concordat-credentials-'));
    let server: Server | null = null;
    try {
      makeCertificates(folder);
      const place = { folder, plain: await freePort(), secure: await freePort() };
      server = await serve(place);
      await runKazoo(trial, 'credentials.py', [
        `${HERE}:${place.plain}`,
        `${HERE}:${place.secure}`,
        folder,
        BOB,
      ]);
      await certified(trial, place);
      await loggedIn(trial, place);
      await reloaded(trial, place, server);
    } finally {
      server?.child.kill('SIGKILL');
      await server?.gone;
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function makeCertificates(folder: string): void {
  const run = (program: string, ...args: readonly string[]): void => {
    execFileSync(program, args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
  };
  const request = ['req', '-newkey', 'rsa:2048', '-nodes', '-utf8'];
  const issue = ['x509', '-req', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2'];
  run(
    'openssl',
    ...request,
    '-x509',
    '-days',
    '2',
    '-subj',
    '/CN=authority',
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
  );
  writeFileSync(join(folder, 'names'), `subjectAltName=IP:${HERE},DNS:localhost\n`);
  const subjects = {
    server: '/CN=server',
    bob: '/C=DE/O=Red \\+ Co, Ltd./CN=bob/emailAddress=bob@red.example',
  };
  for (const [name, subject] of Object.entries(subjects)) {
    run('openssl', ...request, '-subj', subject, '-keyout', `${name}.key`, '-out', `${name}.csr`);
    run('openssl', ...issue, '-in', `${name}.csr`, '-extfile', 'names', '-out', `${name}.pem`);
  }
  const store = ['-keystore', 'carol.p12', '-storetype', 'PKCS12', '-storepass', SECRET, '-alias', 'carol'];
  run('keytool', '-genkeypair', ...store, '-keyalg', 'EC', '-dname', CAROL);
  run('keytool', '-certreq', ...store, '-file', 'carol.csr');
  run('openssl', ...issue, '-in', 'carol.csr', '-out', 'carol.pem');
  const trust = ['-importcert', '-noprompt', '-file', 'ca.pem', '-alias', 'authority'];
  run('keytool', ...trust, '-keystore', 'carol.p12', '-storepass', SECRET);
  run('keytool', '-importcert', '-noprompt', ...store, '-file', 'carol.pem');
  run('keytool', ...trust, '-keystore', 'trust.p12', '-storetype', 'PKCS12', '-storepass', SECRET);
}

const writeUsers = ({ folder }: Place, password: string): void =>
  writeFileSync(join(folder, 'users'), `# who may log in\nalice:${password}\n`, { mode: 0o600 });

async function serve(place: Place): Promise<Server> {
  const { folder, plain, secure } = place;
  const data = join(folder, 'red');
  mkdirSync(data);
  writeUsers(place, 'wonderland');
  const address = `${HERE}:${await freePort()}`;
  const init = ['init', 'red', '--data', data, '--address', address];
  const card = execFileSync(process.execPath, [MAIN, ...init], { encoding: 'utf8' });
  const federation = join(folder, 'federation.yaml');
  writeFileSync(federation, `version: 1\nu: 0\nr: 0\nmembers:\n${card}`);
  const at = (name: string): string => join(folder, name);
  const options = [
    ...['--data', data, '--federation', federation, '--clients', `${HERE}:${plain}`],
    ...['--monitor', `${HERE}:${await freePort()}`, '--clients-tls', `${HERE}:${secure}`],
    ...['--clients-tls-key', at('server.key'), '--clients-tls-cert', at('server.pem')],
    ...['--clients-tls-ca', at('ca.pem'), '--sasl-users', at('users')],
  ];
  const server = startServer([process.execPath, MAIN, 'serve', ...options], at('server.log'));
  await untilServing({ host: HERE, port: plain }, server);
  return server;
}

/** Types lines into a `zkCli.sh` and waits for what must be shown after each. */
async function converse(
  trial: Trial,
  who: string,
  port: number,
  flags: readonly string[],
  options: readonly string[],
  dialogue: readonly (readonly [typed: string, shown: RegExp])[],
): Promise<void> {
  const env = { CLIENT_JVMFLAGS: flags.join(' ') };
  const shell = startZkCli(`${HERE}:${port}`, trial.signal, options, env);
  for (const [typed, shown] of dialogue) {
    if (typed !== '') shell.say(typed);
    try {
      const line = await within(
        shell.heard((text) => shown.test(text)),
        20_000,
        typed,
      );
      trial.check(true, `zkCli, ${who}: ${typed} -> ${line.slice(-80)}`);
    } catch {
      trial.check(false, `zkCli, ${who}: ${typed} shows ${shown}, not\n${shell.lines.slice(-30).join('\n')}`);
      break;
    }
  }
  shell.say('quit');
  shell.kill();
  await shell.ended;
}

/** As zkCli 3.8 shows what has commas; what it reads cannot have any. */
const inShell = (name: string): string => name.replaceAll(',', '%2C');

const literally = (text: string): RegExp => new RegExp(text.replace(/[.*+?^${}()|[\]\\#]/g, '\\$&'));

async function certified(trial: Trial, { folder, secure }: Place): Promise<void> {
  const settings = [
    'zookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty',
    'zookeeper.client.secure=true',
    `zookeeper.ssl.keyStore.location=${join(folder, 'carol.p12')}`,
    `zookeeper.ssl.keyStore.password=${SECRET}`,
    `zookeeper.ssl.trustStore.location=${join(folder, 'trust.p12')}`,
    `zookeeper.ssl.trustStore.password=${SECRET}`,
  ];
  const file = join(folder, 'client.cfg');
  writeFileSync(file, `${settings.join('\n')}\n`);
  await converse(
    trial,
    'with a certificate',
    secure,
    ['-cp', CLASS_PATH],
    ['-client-configuration', file],
    [
      ['', /SyncConnected/],
      ['whoami', literally(`x509: ${CAROL}`)],
      ['create /carol x auth::cdrwa', /^Created \/carol$/],
      ['getAcl /carol', literally(`'x509,'${inShell(CAROL)}`)],
      ['create /server x x509:CN=server:cdrwa', /^Created \/server$/],
      ['get /server', /Insufficient permission/],
      ['get /by-name', /Insufficient permission/],
    ],
  );
}

function jaas({ folder }: Place, name: string, password: string): string {
  const file = join(folder, `${name}.jaas`);
  const module = 'org.apache.zookeeper.server.auth.DigestLoginModule required';
  writeFileSync(file, `Client { ${module} username="alice" password="${password}"; };\n`);
  return `-Djava.security.auth.login.config=${file}`;
}

async function loggedIn(trial: Trial, place: Place): Promise<void> {
  await converse(
    trial,
    'with a password',
    place.plain,
    [jaas(place, 'right', 'wonderland')],
    [],
    [
      ['', /SaslAuthenticated/],
      ['whoami', /^sasl: alice/],
      ['get /sasl-name', /^x$/],
      ['create /java x sasl:alice:cdrwa', /^Created \/java$/],
    ],
  );
  await converse(
    trial,
    'with a wrong password',
    place.plain,
    [jaas(place, 'wrong', 'x')],
    [],
    [['', /AuthFailed/]],
  );
}

async function reloaded(trial: Trial, place: Place, server: Server): Promise<void> {
  writeUsers(place, 'glass');
  server.child.kill('SIGHUP');
  await converse(
    trial,
    'with the password since SIGHUP',
    place.plain,
    [jaas(place, 'new', 'glass')],
    [],
    [
      ['', /SaslAuthenticated/],
      ['whoami', /^sasl: alice/],
    ],
  );
  trial.check(server.child.exitCode === null, 'SIGHUP ends nothing');
}
