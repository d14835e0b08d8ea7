/**
 * Four-letter words, in the text forms of ZooKeeper 3.8, because clients and monitors parse them (go-zookeeper reads
 * `srvr` by regular expressions).
 */

import type { Env } from '@concordat/kernel';
import { utf8 } from '@concordat/wire';
import { OpCode } from '../jute/protocol.ts';
import { domainName } from '../keeper.ts';
import { sessionHex } from '../sessions/session-id.ts';
import { isServing } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import { isAverage, latencies, measure, outstanding, pathCount, watchCount } from './metrics.ts';
import { isReadOnlyNow, modeOf } from './read-only.ts';
import { resetConnections, resetStatistics } from './resets.ts';
import type { Connection, GatewayState } from './state.ts';
import { averageOf } from './statistics.ts';

type Word = (state: GatewayState, env: Env<GatewayMessage>, asker: Connection) => string;

const WORDS: Readonly<Record<string, Word>> = {
  ruok: () => 'imok',
  isro: (state, env) => (isReadOnlyNow(state, env.now) ? 'ro' : 'rw'),
  srvr: (state, env) => versionLine(state, env) + serverLines(state, env),
  stat: (state, env) =>
    `${versionLine(state, env)}Clients:\n${clientLines(state, true)}\n${serverLines(state, env)}`,
  mntr: monitorLines,
  conf: configurationLines,
  cons: (state) => `${clientLines(state, false)}\n`,
  crst: (state) => {
    resetConnections(state);
    return 'Connection stats reset.\n';
  },
  srst: (state) => {
    resetStatistics(state);
    return 'Server stats reset.\n';
  },
  envi: (state) => `Environment:\nzookeeper.version=${versionOf(state)}\nhost.name=${ownName(state)}\n`,
  dump: dumpLines,
  wchs: (state) => {
    const { watches } = state;
    return `${watches.byConnection.size} connections watching ${pathCount(state)} paths\nTotal watches:${watchCount(state)}\n`;
  },
  wchc: watchesBySession,
  wchp: watchesByPath,
  dirs: (state) => {
    const size = state.config.info().diskBytes?.() ?? 0;
    return `datadir_size: ${size}\nlogdir_size: ${size}\n`;
  },
  // Nothing is ever traced: that is what a mask of 0 says, and what it stays at.
  gtmk: () => '0',
  stmk: () => '0',
  // ZooKeeper lists its digests of transactions here, and nothing while it has none.
  hash: () => '',
};

/** What a server answers that has lost the others, or has not found them yet; probes take it for down. */
const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';
/** They are answered all the same. */
const ALWAYS: ReadonlySet<string> = new Set(['ruok', 'envi', 'gtmk', 'stmk']);

/** All words that there are. */
export const FOUR_LETTER_WORDS: readonly string[] = Object.keys(WORDS);

/** The text for a word; nothing for an unknown one, and ZooKeeper's refusal for one that is not allowed here. */
export function answerWord(
  state: GatewayState,
  env: Env<GatewayMessage>,
  asker: Connection,
  word: string,
): Uint8Array {
  const tell = WORDS[word];
  if (tell === undefined) return utf8('');
  if (!(state.config.words?.has(word) ?? true))
    return utf8(`${word} is not executed because it is not in the whitelist.\n`);
  if (isServing(state, env.now) || isReadOnlyNow(state, env.now) || ALWAYS.has(word))
    return utf8(tell(state, env, asker));
  return utf8(word === 'isro' ? 'null' : `${NOT_SERVING}\n`);
}

const ownName = (state: GatewayState): string =>
  domainName(state.config.service.keeper.config, state.config.domain);

export function versionOf(state: GatewayState): string {
  const { version, builtOn } = state.config.info();
  return `${version}, built on ${builtOn}`;
}

/** As ZooKeeper, which says it in two places. */
const READ_ONLY = 'READ-ONLY mode; serving only read-only clients\n';

const versionLine = (state: GatewayState, env: Env<GatewayMessage>): string =>
  `Zookeeper version: ${versionOf(state)}\n${isReadOnlyNow(state, env.now) ? READ_ONLY : ''}`;

function serverLines(state: GatewayState, env: Env<GatewayMessage>): string {
  const { tree, meta } = state.config.service.keeper;
  const { min, average, max } = latencies(state);
  return [
    `Latency min/avg/max: ${min}/${average}/${max}`,
    `Received: ${state.statistics.received}`,
    `Sent: ${state.statistics.sent}`,
    `Connections: ${state.connections.size}`,
    `Outstanding: ${outstanding(state)}`,
    `Zxid: 0x${meta.get().zxid.toString(16)}`,
    `Mode: ${modeOf(state, env.now)}`,
    `Node count: ${tree.nodes.size}`,
    '',
  ].join('\n');
}

/** Where a connection comes from; in place of the port, which nobody needs to know, its number. */
export const namesOf = (connection: Connection): string =>
  `${connection.identities[0]?.id ?? ''}:${connection.id % 65536}`;

function clientLines(state: GatewayState, isBrief: boolean): string {
  let text = '';
  for (const connection of state.connections.values()) {
    const queued = connection.queue.length - connection.head + connection.ordered;
    const counts = `queued=${queued},recved=${connection.received},sent=${connection.sent}`;
    const more = isBrief || connection.phase !== 'live' ? '' : sessionText(connection);
    text += ` /${namesOf(connection)}[1](${counts}${more})\n`;
  }
  return text;
}

function sessionText({ session, since, timeoutMs, last, latency }: Connection): string {
  const hex = (value: number): string => BigInt.asUintN(64, BigInt(value)).toString(16);
  const spans = [latency.last, latency.min, averageOf(latency), latency.max].map(Math.round);
  return [
    `,sid=${sessionHex(session)},lop=${operationName(last.op)},est=${Math.round(since)},to=${timeoutMs}`,
    `,lcxid=0x${hex(last.xid)},lzxid=0x${hex(last.zxid)},lresp=${Math.round(last.at)}`,
    `,llat=${spans[0]},minlat=${spans[1]},avglat=${spans[2]},maxlat=${spans[3]}`,
  ].join('');
}

/** ZooKeeper's names of operations, where monitors meet them. */
const OPERATIONS: Readonly<Record<number, string>> = {
  [OpCode.create]: 'CREA',
  [OpCode.create2]: 'CREA',
  [OpCode.createContainer]: 'CREA',
  [OpCode.createTTL]: 'CREA',
  [OpCode.delete]: 'DELE',
  [OpCode.exists]: 'EXIS',
  [OpCode.getData]: 'GETD',
  [OpCode.setData]: 'SETD',
  [OpCode.getACL]: 'GETA',
  [OpCode.setACL]: 'SETA',
  [OpCode.getChildren]: 'GETC',
  [OpCode.getChildren2]: 'GETC',
  [OpCode.sync]: 'SYNC',
  [OpCode.ping]: 'PING',
  [OpCode.check]: 'CHEC',
  [OpCode.multi]: 'MULT',
  [OpCode.multiRead]: 'MLTR',
  [OpCode.checkWatches]: 'CHKW',
  [OpCode.removeWatches]: 'REMW',
  [OpCode.setWatches]: 'SETW',
  [OpCode.setWatches2]: 'STW2',
  [OpCode.addWatch]: 'ADDW',
  [OpCode.getEphemerals]: 'GETE',
  [OpCode.getAllChildrenNumber]: 'GETACN',
  [OpCode.whoAmI]: 'HOMI',
  [OpCode.createSession]: 'SESS',
  [OpCode.closeSession]: 'CLOS',
};

export const operationName = (op: number): string => OPERATIONS[op] ?? 'NA';

function monitorLines(state: GatewayState, env: Env<GatewayMessage>): string {
  const { metrics } = state.config.info();
  const measured = {
    version: versionOf(state),
    server_state: modeOf(state, env.now),
    ...measure(state, env.now),
  };
  const lines = Object.entries(measured).map(([name, value]) => `zk_${name}\t${figureText(name, value)}\n`);
  return (
    lines.join('') +
    Object.entries(metrics)
      .map(([name, value]) => `${name}\t${value}\n`)
      .join('')
  );
}

const figureText = (name: string, value: number | string): string =>
  isAverage(name) && Number.isInteger(value) ? `${value}.0` : `${value}`;

function configurationLines(state: GatewayState): string {
  const { heartbeatMs, minTimeoutMs, maxTimeoutMs } = state.config.service.keeper.config;
  return [
    `clientPort=${state.config.info().clientPort}`,
    `tickTime=${heartbeatMs}`,
    `maxClientCnxns=${state.config.limits.maxPerAddress}`,
    `minSessionTimeout=${minTimeoutMs}`,
    `maxSessionTimeout=${maxTimeoutMs}`,
    `serverId=${state.config.domain}`,
    '',
  ].join('\n');
}

function dumpLines(state: GatewayState): string {
  const { ephemerals } = state.config.service.keeper.tree;
  let text = `SessionTracker dump:\nSession Sets (0)/(${state.config.service.keeper.sessions.table.size}):\n`;
  text += `ephemeral nodes dump:\nSessions with Ephemerals (${ephemerals.size}):\n`;
  for (const [session, paths] of ephemerals) {
    text += `${sessionHex(session)}:\n`;
    for (const path of paths) text += `\t${path}\n`;
  }
  return text;
}

function watchesBySession(state: GatewayState): string {
  let text = '';
  for (const [id, watched] of state.watches.byConnection) {
    const paths = new Set([...watched.data, ...watched.child, ...watched.persistent, ...watched.recursive]);
    if (paths.size === 0) continue;
    text += `${sessionHex(state.connections.get(id)?.session ?? 0)}\n`;
    for (const path of paths) text += `\t${path}\n`;
  }
  return `${text}\n`;
}

function watchesByPath(state: GatewayState): string {
  const byPath = new Map<string, Set<string>>();
  const { data, child, persistent, recursive } = state.watches;
  for (const table of [data, child, persistent, recursive]) {
    for (const [path, ids] of table) {
      const sessions = byPath.get(path) ?? new Set();
      for (const id of ids) sessions.add(sessionHex(state.connections.get(id)?.session ?? 0));
      byPath.set(path, sessions);
    }
  }
  let text = '';
  for (const [path, sessions] of byPath) text += `${path}\n\t${[...sessions].join('\n\t')}\n`;
  return `${text}\n`;
}
