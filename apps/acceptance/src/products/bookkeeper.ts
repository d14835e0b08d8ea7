/**
 * Apache BookKeeper, whose bookies register themselves, elect their auditor and keep all that is known of ledgers in ZooKeeper: four
 * bookies, and a writer whose ledgers lie on three of them each. The bookie that is the auditor is killed for good while the
 * domain that orders is down too, and an empty one takes its place. Everything acknowledged must be readable in its
 * order afterwards, on three bookies that live, and no bookie that lived may have lost its session.
 */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Server } from '@concordat/bench';
import { freePortRange } from '@concordat/runtime';
import { runAll } from '../suites/commands.ts';
import { jars } from '../suites/maven.ts';
import { type Running, start } from '../tools.ts';
import { within } from '../wait.ts';
import { checkLog, countDisordered, readAcknowledged, readConsumed } from './message-log.ts';
import {
  answerTo,
  areKept,
  type Product,
  productTrial,
  registrationsOf,
  SMALL_JVM,
  type Stage,
  until,
} from './product.ts';

const VERSION = '4.17.3';
const PROGRAM = fileURLToPath(new URL('../../java/CountedLedgers.java', import.meta.url));
const BOOKIES = [0, 1, 2, 3];
/** The bookie that takes the place of the one that is killed. */
const HEIR = BOOKIES.length;
const ROOT = '/ledgers';
const ELECTION = `${ROOT}/underreplication/auditorelection`;
const PATIENCE_MS = 180_000;
const LOAD_MS = 8_000;

interface BookKeeper {
  readonly stage: Stage;
  readonly classpath: string;
  /** Where a bookie is, which is also its name. */
  readonly names: readonly string[];
  readonly servers: Server[];
}

export const bookKeeper = productTrial({
  name: 'bookkeeper',
  title: 'Apache BookKeeper',
  version: VERSION,
  summary:
    'Apache BookKeeper (downloaded) on the domains: no acknowledged entry is lost when they and a bookie are hurt',
  needs: [],
  deadlineMs: 900_000,
  get: async (cache, signal) => {
    const path = await jars(
      cache,
      `bookkeeper-${VERSION}`,
      [`org.apache.bookkeeper:bookkeeper-server:${VERSION}`],
      signal,
    );
    const classes = join(cache, `bookkeeper-${VERSION}`, 'classes');
    const lacks = await runAll({ cwd: cache }, [['javac', '-cp', path, '-d', classes, PROGRAM]], signal);
    if (lacks !== null) throw new Error(lacks);
    return `${classes}:${path}`;
  },
  run: async (stage, classpath) => {
    const { siege, trial } = stage;
    const them = await startBookies(stage, classpath);
    const registrations = await registrationsOf(stage, them.names.map(pathOf));
    const writer = startProgram(them, 'write');
    await within(writer.heard(isAcknowledged), PATIENCE_MS, 'the writer has an entry acknowledged');
    await siege.lie(() => checkWriting(them, writer, 'a domain equivocates'));
    const victim = await auditorOf(stage);
    await siege.kill(async () => {
      await replaceAuditor(them, victim);
      await checkWriting(them, writer, 'a domain and a bookie are down');
    });
    await checkCopies(them, victim);
    const living = them.names.filter((name, id) => name !== victim && id !== HEIR);
    trial.check(
      await areKept(stage, registrations, living.map(pathOf)),
      `bookies ${living.join(', ')}, which lived, are registered by the sessions of the beginning`,
    );
    // Its last ledger is never closed: a reader has to find out what was acknowledged.
    writer.kill();
    await writer.ended;
    await checkEntries(them, writer);
    await siege.checkTrees();
  },
} satisfies Product<string>);

const isAcknowledged = (line: string): boolean => readAcknowledged([line]).length > 0;

/** Where a bookie registers itself. */
const pathOf = (name: string): string => `${ROOT}/available/${name}`;

async function startBookies(stage: Stage, classpath: string): Promise<BookKeeper> {
  const first = await freePortRange(BOOKIES.length + 1);
  const names = [...BOOKIES, HEIR].map((id) => `127.0.0.1:${first + id}`);
  const them: BookKeeper = { stage, classpath, names, servers: [] };
  writeFileSync(join(stage.folder, 'quiet.properties'), 'status = off\nrootLogger.level = off\n');
  const shell = ['org.apache.bookkeeper.bookie.BookieShell', '-conf', writeSettings(them, 0)];
  const code = await startJava(them, [...shell, 'initnewcluster']).ended;
  stage.trial.check(code === 0, `a cluster is made in ${ROOT}`);
  for (const id of BOOKIES) await startBookie(them, id);
  return them;
}

/** Starts it and waits until it has registered itself. */
async function startBookie(them: BookKeeper, id: number): Promise<void> {
  const { stage, classpath, names, servers } = them;
  const main = ['org.apache.bookkeeper.server.Main', '--conf', writeSettings(them, id)];
  const memory = ['-Xmx256m', '-XX:MaxDirectMemorySize=256m'];
  servers[id] = stage.start(`bookie-${id}`, ['java', ...memory, ...SMALL_JVM, '-cp', classpath, ...main]);
  const isUp = await until(() => isRegistered(stage, names[id] ?? ''), PATIENCE_MS);
  if (!isUp) throw new Error(`bookie ${id} does not register; see ${servers[id]?.logFile}`);
}

const isRegistered = async (stage: Stage, name: string): Promise<boolean> =>
  (await registrationsOf(stage, [pathOf(name)])).size > 0;

/** Of all that a bookie keeps. */
const folderOf = ({ stage }: BookKeeper, id: number): string => join(stage.folder, `bookie-${id}`);

/** BookKeeper's defaults but for where things are, and with what looks for lost bookies in each bookie's own process. */
function writeSettings(them: BookKeeper, id: number): string {
  const [host = '', port = ''] = them.names[id]?.split(':') ?? [];
  const folder = folderOf(them, id);
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'bookkeeper.conf');
  const settings = [
    `bookiePort=${port}`,
    `advertisedAddress=${host}`,
    'allowLoopback=true',
    `journalDirectories=${join(folder, 'journal')}`,
    `ledgerDirectories=${join(folder, 'ledgers')}`,
    `metadataServiceUri=${serviceOf(them.stage)}`,
    'autoRecoveryDaemonEnabled=true',
  ];
  writeFileSync(file, `${settings.join('\n')}\n`);
  return file;
}

/** The way in which BookKeeper's programs are told of ZooKeeper. */
const serviceOf = ({ siege }: Stage): string => `zk+hierarchical://${siege.addresses.join(';')}${ROOT}`;

/** Our program on BookKeeper's own client. */
const startProgram = (them: BookKeeper, task: 'write' | 'read' | 'places'): Running =>
  startJava(them, ['CountedLedgers', task, serviceOf(them.stage)]);

function startJava({ stage, classpath }: BookKeeper, main: readonly string[]): Running {
  const log = `-Dlog4j2.configurationFile=${join(stage.folder, 'quiet.properties')}`;
  return start('java', ['-Xmx192m', ...SMALL_JVM, log, '-cp', classpath, ...main], stage.signal);
}

/** The bookie whose vote came first; '' while there is none. */
async function auditorOf({ siege }: Stage): Promise<string> {
  const { session } = siege;
  await answerTo(() => session.sync('/'));
  const votes = await answerTo(() => session.children(ELECTION));
  const first = votes.kind === 'ok' ? votes.value.sort().at(0) : undefined;
  if (first === undefined) return '';
  const vote = await answerTo(() => session.get(`${ELECTION}/${first}`));
  return vote.kind === 'ok' ? (/bookieId: "(.*)"/.exec(vote.value.data.toString())?.[1] ?? '') : '';
}

/** kill -9 of the bookie that is the auditor, whose disks are lost too; another becomes it, and an empty one comes. */
async function replaceAuditor(them: BookKeeper, victim: string): Promise<void> {
  const { stage, names, servers } = them;
  const number = names.indexOf(victim);
  const server = servers[number];
  if (server === undefined) throw new Error(`the auditor is no bookie: '${victim}'`);
  const startedAt = performance.now();
  server.child.kill('SIGKILL');
  await server.gone;
  rmSync(folderOf(them, number), { recursive: true });
  let auditor = victim;
  const isMoved = await until(async () => {
    auditor = await auditorOf(stage);
    return auditor !== '' && auditor !== victim;
  }, PATIENCE_MS);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  stage.trial.check(
    isMoved,
    `bookie ${victim}, the auditor, is killed and its disks are lost: bookie ${auditor} is the auditor, after ${seconds} s`,
  );
  // A bookie has a session, and what makes it the auditor another.
  const isGone = await until(async () => !(await isRegistered(stage, victim)), PATIENCE_MS);
  stage.trial.check(isGone, `the registration of bookie ${victim} went with its session`);
  await startBookie(them, HEIR);
}

/** Ledgers are made, and entries acknowledged. */
async function checkWriting({ stage }: BookKeeper, writer: Running, when: string): Promise<void> {
  const before = progressOf(writer);
  await sleep(LOAD_MS);
  let now = before;
  const isGoing = await until(async () => {
    now = progressOf(writer);
    return now.ledgers > before.ledgers && now.entries > before.entries;
  }, PATIENCE_MS);
  stage.trial.check(
    isGoing,
    `while ${when}, ${now.ledgers - before.ledgers} ledgers are begun and ${now.entries - before.entries} entries acknowledged`,
  );
}

function progressOf(writer: Running): { readonly ledgers: number; readonly entries: number } {
  const acknowledged = readAcknowledged(writer.lines);
  return {
    ledgers: new Set(acknowledged.map(({ partition }) => partition)).size,
    entries: acknowledged.length,
  };
}

/** What the lost bookie had has been copied to those that live. */
async function checkCopies(them: BookKeeper, victim: string): Promise<void> {
  let left = -1;
  let all = 0;
  const isWhole = await until(async () => {
    const program = startProgram(them, 'places');
    if ((await program.ended) !== 0) return false;
    const places = program.lines.filter((line) => line.startsWith('ledger '));
    all = places.length;
    left = places.filter((line) => line.split(' ').includes(victim)).length;
    return all > 0 && left === 0;
  }, PATIENCE_MS);
  them.stage.trial.check(
    isWhole,
    `all ${all} ledgers have three copies at bookies that live (${left} of them are still to be had from bookie ${victim})`,
  );
}

async function checkEntries(them: BookKeeper, writer: Running): Promise<void> {
  const { trial } = them.stage;
  const acknowledged = readAcknowledged(writer.lines);
  const reader = startProgram(them, 'read');
  const code = await within(reader.ended, PATIENCE_MS, 'everything is read');
  const read = readConsumed(reader.lines);
  const { missing, moved } = checkLog(acknowledged, read);
  trial.check(
    code === 0 && acknowledged.length > 0 && missing === 0 && moved === 0,
    `a reader gets all ${acknowledged.length} acknowledged entries at their places in ${progressOf(writer).ledgers} ledgers, the last of which was never closed (${missing} missing, ${moved} elsewhere)`,
  );
  const disordered = countDisordered(read);
  trial.check(disordered === 0, `it gets ${read.length} entries in their order (${disordered} are not)`);
  const complaints = writer.lines.filter((line) => line.startsWith('gives up '));
  trial.note(`the writer gave up ${complaints.length} ledgers before they were full`);
}
