/**
 * Asks Apache ZooKeeper's AdminServer, as Debian's package `zookeeper` installs it, for every command, and prints the names
 * and types of the fields, for tests: `node dist/edge/record-admin.js > src/admin/testing/apache-3.8.0.json`, then
 * `npm run format`. Values, which are this machine's, are not kept.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { foldSummaries, shapeOf } from '../admin/testing/flatten.ts';
import { bodies, connectFrame, requestFrame } from '../client/requests.ts';
import { clientFrame } from '../gateway/message.ts';
import { CreateMode, OpCode } from '../jute/protocol.ts';
import { createFraming } from './framing.ts';

const CLASS_PATH = '/usr/share/java/zookeeper.jar:/usr/share/java/servlet-api.jar';
const MAIN = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
/** Three that are an ensemble and one alone: some fields exist only in one of them. */
const ENSEMBLE = 3;
const SERVERS = ENSEMBLE + 1;
const FIRST_PORT = 23_400;
const DEADLINE_MS = 90_000;

const clientPort = (server: number): number => FIRST_PORT + server;
const adminPort = (server: number): number => FIRST_PORT + 10 + server;

function start(directory: string, server: number): ChildProcess {
  const data = join(directory, String(server));
  mkdirSync(data);
  writeFileSync(join(data, 'myid'), String(server + 1));
  const voters = Array.from(
    { length: ENSEMBLE },
    (_, i) => `server.${i + 1}=127.0.0.1:${FIRST_PORT + 20 + i}:${FIRST_PORT + 30 + i}`,
  );
  const lines = [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${data}`,
    `clientPort=${clientPort(server)}`,
    'clientPortAddress=127.0.0.1',
    'admin.serverAddress=127.0.0.1',
    'admin.enableServer=true',
    `admin.serverPort=${adminPort(server)}`,
    '4lw.commands.whitelist=*',
    ...(server < ENSEMBLE ? voters : []),
  ];
  const file = join(data, 'zoo.cfg');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return spawn('/usr/bin/java', ['-Xmx200m', '-cp', CLASS_PATH, MAIN, file], { stdio: 'ignore' });
}

async function ask(server: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${adminPort(server)}${path}`);
  return response.text();
}

async function untilServing(server: number): Promise<void> {
  for (const end = Date.now() + DEADLINE_MS; Date.now() < end; await sleep(500)) {
    const answer = await ask(server, '/commands/ruok').catch(() => '');
    if (/"error" : null/.test(answer)) return;
  }
  throw new Error(`server ${server} does not serve`);
}

/** A session with an ephemeral node and watches, so that lists have something in them. */
async function openSession(server: number): Promise<Socket> {
  const framing = createFraming();
  const socket = connect(clientPort(server), '127.0.0.1');
  const write = (bytes: Uint8Array): void => void socket.write(framing.encode(clientFrame(bytes)));
  const none = { session: { high: 0, low: 0 }, password: new Uint8Array(16) };
  write(connectFrame({ lastZxidSeen: 0, timeoutMs: 30_000, ...none }));
  const mode = CreateMode.ephemeral;
  write(requestFrame(1, OpCode.create, bodies.create(`/e${server}`, null, { mode })));
  write(requestFrame(2, OpCode.exists, bodies.watched(`/e${server}`, true)));
  write(requestFrame(3, OpCode.getChildren, bodies.watched('/', true)));
  await sleep(2000);
  return socket;
}

/** What a word answers. */
function askWord(server: number, word: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(clientPort(server), '127.0.0.1', () => socket.write(word));
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', reject).on('end', () => resolve(text));
  });
}

const all = Array.from({ length: SERVERS }, (_, server) => server);

async function record(): Promise<string> {
  const list = await ask(0, '/commands');
  const commands = [...list.matchAll(/href="\/commands\/(\w+)"/g)].map(([, name]) => name ?? '');
  const fields: Record<string, unknown> = {};
  const monitor = new Set<string>();
  for (const command of commands) {
    // The resets come last: they would empty what the others show.
    if (command.endsWith('reset')) continue;
    const answers = [];
    for (const server of all) answers.push(JSON.parse(await ask(server, `/commands/${command}`)));
    const shape = shapeOf(answers);
    const names = Object.entries(shape).map(([at, type]) => [at.replace(/^\[\]\.?/, ''), type]);
    if (command !== 'monitor') fields[command] = Object.fromEntries(names.filter(([at]) => at !== ''));
    else for (const answer of answers) for (const name of Object.keys(answer)) monitor.add(name);
  }
  for (const command of commands.filter((name) => name.endsWith('reset')))
    fields[command] = shapeOf(JSON.parse(await ask(0, `/commands/${command}`)));
  const words: Record<string, readonly string[]> = {};
  for (const word of ['mntr', 'conf', 'dirs', 'srvr', 'wchs']) {
    const texts = await Promise.all(all.map((server) => askWord(server, word)));
    const names = texts.flatMap((text) => text.split('\n').map((line) => line.split(/[\t=:]/)[0] ?? ''));
    words[word] =
      word === 'mntr' ? fold(names) : [...new Set(names.filter((name) => /^[a-z]/i.test(name)))].sort();
  }
  const unknown = shapeOf(JSON.parse(await ask(0, '/commands/nonsense')));
  return JSON.stringify({ commands: fields, unknown, monitor: fold([...monitor]), words }, null, 2);
}

/** Without the names that contain another server's number or a node's name. */
const fold = (names: readonly string[]): string[] =>
  foldSummaries(names.map((name) => name.replace(/^zk_/, ''))).filter(
    (name) => name !== '' && !/learner_handler|per_namespace/.test(name),
  );

const directory = mkdtempSync(join(tmpdir(), 'record-admin-'));
const servers = all.map((server) => start(directory, server));
try {
  for (const server of all) await untilServing(server);
  const sessions = await Promise.all(all.map(openSession));
  process.stdout.write(await record());
  for (const socket of sessions) socket.destroy();
} finally {
  for (const server of servers) server.kill('SIGKILL');
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
}
