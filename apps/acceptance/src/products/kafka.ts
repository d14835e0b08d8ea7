/**
 * Apache Kafka with brokers that meet in ZooKeeper: three of them, a producer that counts and a consumer, both of Kafka's own
 * system tests. The controller is killed while the domain that orders is down too. Everything acknowledged must be at
 * its offset afterwards, and no broker that lived may have lost its session.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server } from '@concordat/bench';
import { freePortRange } from '@concordat/runtime';
import { jars } from '../suites/maven.ts';
import { type Running, start } from '../tools.ts';
import { within } from '../wait.ts';
import { checkLog, type LogEntry, readAcknowledged, readConsumed } from './message-log.ts';
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

const VERSION = '3.9.1';
const ARTIFACTS = [
  `org.apache.kafka:kafka_2.13:${VERSION}`,
  `org.apache.kafka:kafka-tools:${VERSION}`,
  'org.slf4j:slf4j-reload4j:1.7.36',
];
const BROKERS = [0, 1, 2];
const CHROOT = '/kafka';
const TOPIC = 'counted';
const PER_SECOND = 100;
const PATIENCE_MS = 180_000;
const LOAD_MS = 8_000;
const TOOLS = 'org.apache.kafka.tools';

interface Kafka {
  readonly stage: Stage;
  readonly classpath: string;
  readonly bootstrap: string;
  readonly ports: readonly number[];
  readonly brokers: Server[];
}

export const kafka = productTrial({
  name: 'kafka',
  title: 'Apache Kafka',
  version: VERSION,
  summary:
    'Apache Kafka (downloaded) on the domains: no acknowledged message is lost when they and a broker are hurt',
  needs: [],
  deadlineMs: 900_000,
  get: (cache, signal) => jars(cache, `kafka-${VERSION}`, ARTIFACTS, signal),
  run: async (stage, classpath) => {
    const { siege } = stage;
    const them = await startBrokers(stage, classpath);
    await createTopic(them, TOPIC);
    const sessions = await registrationsOf(stage, BROKERS.map(pathOf));
    const producer = startTool(them, 'VerifiableProducer', produceArguments(them));
    const consumer = startTool(them, 'VerifiableConsumer', consumeArguments('live'));
    await within(
      consumer.heard((line) => line.includes('record_data')),
      PATIENCE_MS,
      'the consumer gets a message',
    );
    await siege.lie(async () => {
      await createTopic(them, 'created-under-attack');
      await sleep(LOAD_MS);
    });
    const victim = await controllerOf(stage);
    await siege.kill(() => failOver(them, victim));
    await startBroker(them, victim);
    await checkReplicas(them);
    await sleep(LOAD_MS);
    const living = BROKERS.filter((id) => id !== victim);
    stage.trial.check(
      await areKept(stage, sessions, living.map(pathOf)),
      `brokers ${living.join(' and ')}, which lived, are registered by the sessions of the beginning`,
    );
    producer.interrupt();
    await within(producer.ended, PATIENCE_MS, 'the producer has ended');
    await checkMessages(them, readAcknowledged(producer.lines), consumer);
    await siege.checkTrees();
  },
} satisfies Product<string>);

async function startBrokers(stage: Stage, classpath: string): Promise<Kafka> {
  const first = await freePortRange(BROKERS.length);
  const ports = BROKERS.map((id) => first + id);
  const bootstrap = ports.map((port) => `127.0.0.1:${port}`).join(',');
  const them: Kafka = { stage, classpath, bootstrap, ports, brokers: [] };
  const log = ['log4j.rootLogger=INFO, out', 'log4j.appender.out=org.apache.log4j.ConsoleAppender'];
  const layout = ['org.apache.log4j.PatternLayout', 'org.apache.log4j.PatternLayout'];
  writeFileSync(
    join(stage.folder, 'log4j.properties'),
    [
      ...log,
      `log4j.appender.out.layout=${layout[0]}`,
      'log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n',
      '',
    ].join('\n'),
  );
  writeFileSync(join(stage.folder, 'quiet.properties'), 'log4j.rootLogger=OFF\n');
  for (const id of BROKERS) await startBroker(them, id);
  return them;
}

/** Starts it and waits until it has registered itself, which a broker does when its recovery is over. */
async function startBroker(them: Kafka, id: number): Promise<void> {
  const { stage, classpath, ports, brokers } = them;
  const file = join(stage.folder, `broker-${id}.properties`);
  writeFileSync(file, `${settings(stage, id, ports[id] ?? 0).join('\n')}\n`);
  const log = `-Dlog4j.configuration=file:${join(stage.folder, 'log4j.properties')}`;
  const java = ['java', '-Xmx320m', ...SMALL_JVM, log, '-cp', classpath, 'kafka.Kafka', file];
  brokers[id] = stage.start(`broker-${id}`, java);
  const isUp = await until(() => isRegistered(stage, id), PATIENCE_MS);
  if (!isUp) throw new Error(`broker ${id} does not register; see ${brokers[id]?.logFile}`);
}

/** Kafka's defaults but for where things are, three copies of everything, and sizes for a small machine. */
const settings = (stage: Stage, id: number, port: number): string[] => [
  `broker.id=${id}`,
  `listeners=PLAINTEXT://127.0.0.1:${port}`,
  `log.dirs=${join(stage.folder, `broker-${id}`)}`,
  `zookeeper.connect=${stage.siege.addresses.join(',')}${CHROOT}`,
  // A machine that is busy starting brokers may be slow.
  'zookeeper.connection.timeout.ms=60000',
  'auto.create.topics.enable=false',
  'min.insync.replicas=2',
  'offsets.topic.replication.factor=3',
  'offsets.topic.num.partitions=4',
  'group.initial.rebalance.delay.ms=0',
  'log.cleaner.dedupe.buffer.size=4194304',
];

async function createTopic(them: Kafka, topic: string): Promise<void> {
  const flags = ['--bootstrap-server', them.bootstrap, '--create', '--topic', topic];
  const shape = ['--partitions', '4', '--replication-factor', '3'];
  const tool = startTool(them, 'TopicCommand', [...flags, ...shape]);
  const code = await within(tool.ended, PATIENCE_MS, `topic ${topic} is created`);
  them.stage.trial.check(code === 0, `topic ${topic} is created (${tool.lines.at(-1)})`);
}

const produceArguments = (them: Kafka): string[] => {
  // Its own default is to give up at once, which would make fewer acknowledgements to be held to.
  const file = join(them.stage.folder, 'producer.properties');
  writeFileSync(file, 'retries=2147483647\nenable.idempotence=true\ndelivery.timeout.ms=180000\n');
  const load = ['--throughput', String(PER_SECOND), '--acks', '-1', '--producer.config', file];
  return ['--topic', TOPIC, ...load];
};

const consumeArguments = (group: string): string[] => [
  ...['--topic', TOPIC, '--group-id', group, '--reset-policy', 'earliest', '--verbose'],
];

/** A program of Kafka's, with all brokers to begin with. */
function startTool(them: Kafka, tool: string, args: readonly string[]): Running {
  const { stage, classpath, bootstrap } = them;
  const log = `-Dlog4j.configuration=file:${join(stage.folder, 'quiet.properties')}`;
  const java = ['-Xmx192m', ...SMALL_JVM, log, '-cp', classpath, `${TOOLS}.${tool}`];
  const where = args.includes('--bootstrap-server') ? [] : ['--bootstrap-server', bootstrap];
  return start('java', [...java, ...where, ...args], stage.signal);
}

/** kill -9 of the controller; another must take its place, and a topic can be made. */
async function failOver(them: Kafka, victim: number): Promise<void> {
  const { stage, brokers } = them;
  const startedAt = performance.now();
  const broker = brokers[victim];
  if (broker === undefined) throw new Error('no broker is the controller');
  broker.child.kill('SIGKILL');
  await broker.gone;
  let controller = victim;
  const isMoved = await until(async () => {
    controller = await controllerOf(stage);
    return controller >= 0 && controller !== victim;
  }, PATIENCE_MS);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  stage.trial.check(
    isMoved,
    `broker ${victim}, the controller, is killed: broker ${controller} is the controller, after ${seconds} s`,
  );
  stage.trial.check(
    !(await isRegistered(stage, victim)),
    `the registration of broker ${victim} went with its session`,
  );
  await sleep(LOAD_MS);
}

/** Where a broker registers itself. */
const pathOf = (id: number): string => `${CHROOT}/brokers/ids/${id}`;

const isRegistered = async (stage: Stage, id: number): Promise<boolean> =>
  (await registrationsOf(stage, [pathOf(id)])).size > 0;

/** -1 while there is none. */
async function controllerOf({ siege }: Stage): Promise<number> {
  const { session } = siege;
  await answerTo(() => session.sync('/'));
  const found = await answerTo(() => session.get(`${CHROOT}/controller`));
  if (found.kind !== 'ok') return -1;
  const { brokerid }: { readonly brokerid: number } = JSON.parse(found.value.data.toString());
  return brokerid;
}

/** The broker that came back has caught up with all partitions. */
async function checkReplicas(them: Kafka): Promise<void> {
  const flags = ['--bootstrap-server', them.bootstrap, '--describe', '--under-replicated-partitions'];
  const isWhole = await until(async () => {
    const tool = startTool(them, 'TopicCommand', flags);
    return (await tool.ended) === 0 && !tool.lines.some((line) => line.includes('Partition:'));
  }, PATIENCE_MS);
  them.stage.trial.check(
    isWhole,
    'the killed broker is back, and every partition has three replicas in sync',
  );
}

async function checkMessages(them: Kafka, acknowledged: readonly LogEntry[], live: Running): Promise<void> {
  const { trial } = them.stage;
  const fresh = startTool(them, 'VerifiableConsumer', consumeArguments('fresh'));
  for (const [what, consumer] of [
    ['the consumer that was there all the time', live],
    ['a consumer that reads from the beginning', fresh],
  ] as const) {
    let found = checkLog(acknowledged, readConsumed(consumer.lines));
    await until(async () => {
      found = checkLog(acknowledged, readConsumed(consumer.lines));
      return found.missing === 0;
    }, PATIENCE_MS / 2);
    trial.check(
      acknowledged.length > 0 && found.missing === 0 && found.moved === 0,
      `${what} gets all ${acknowledged.length} acknowledged messages at their offsets (${found.missing} missing, ${found.moved} elsewhere)`,
    );
    consumer.interrupt();
  }
}
