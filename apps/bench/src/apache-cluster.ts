/**
 * Apache ZooKeeper from the Debian package `zookeeper`: an ensemble of three, or a server alone, on this machine
 * with the durability it ships with (every transaction synced before it is acknowledged).
 */

import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@concordat/runtime';
import { type Cluster, ClusterError, type ClusterOptions } from './cluster.ts';
import type { Endpoint } from './connection.ts';
import { fourLetterWord, type Server, startServer, untilServing } from './servers.ts';

const JAR = '/usr/share/java/zookeeper.jar';
const SERVERS = 3;

/** How to get what `startApache` needs, or null when it is there. */
export function apacheMissing(): string | null {
  if (existsSync(JAR) && existsSync('/usr/bin/java')) return null;
  return 'Apache ZooKeeper is not installed: apt-get install zookeeper default-jre-headless';
}

/** Starts the servers; rejects with a `ClusterError`. */
export async function startApache(options: ClusterOptions = {}): Promise<Cluster> {
  const missing = apacheMissing();
  if (missing !== null) throw new ClusterError('CLUSTER_MISSING', missing);
  const dataDir = mkdtempSync(join(options.parentDir ?? tmpdir(), 'concordat-apache-'));
  const servers = options.servers ?? SERVERS;
  const ports = await Promise.all(Array.from({ length: servers * 3 }, freePort));
  const group = (first: number): Endpoint[] =>
    ports.slice(first, first + servers).map((port) => ({ host: '127.0.0.1', port }));
  const endpoints = group(0);
  const quorumPorts = group(servers);
  const electionPorts = group(2 * servers);
  for (let domain = 0; domain < servers; domain++) {
    writeConfig(dataDir, domain, endpoints, quorumPorts, electionPorts, options.settings ?? []);
  }
  return control(dataDir, endpoints, electionPorts, options.keepData ?? false);
}

function writeConfig(
  dataDir: string,
  domain: number,
  endpoints: readonly Endpoint[],
  quorumPorts: readonly Endpoint[],
  electionPorts: readonly Endpoint[],
  settings: readonly string[],
): void {
  const folder = join(dataDir, String(domain));
  mkdirSync(folder);
  writeFileSync(join(folder, 'myid'), String(domain + 1));
  const peers = quorumPorts.map(
    (peer, i) => `server.${i + 1}=127.0.0.1:${peer.port}:${electionPorts[i]?.port}`,
  );
  const lines = [
    'tickTime=2000',
    'initLimit=10',
    'syncLimit=5',
    `dataDir=${folder}`,
    `clientPort=${endpoints[domain]?.port}`,
    'clientPortAddress=127.0.0.1',
    'maxClientCnxns=0',
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
    ...(endpoints.length > 1 ? peers : []),
    ...settings,
  ];
  writeFileSync(join(folder, 'zoo.cfg'), `${lines.join('\n')}\n`);
}

async function control(
  dataDir: string,
  endpoints: readonly Endpoint[],
  peerEndpoints: readonly Endpoint[],
  keepsData: boolean,
): Promise<Cluster> {
  const servers: (Server | null)[] = endpoints.map(() => null);
  const start = (domain: number): void => {
    const folder = join(dataDir, String(domain));
    const java = ['/usr/bin/java', '-Xmx1g', '-cp', JAR];
    const main = ['org.apache.zookeeper.server.quorum.QuorumPeerMain', join(folder, 'zoo.cfg')];
    servers[domain] = startServer([...java, ...main], join(folder, 'server.log'));
  };
  const serving = async (domain: number): Promise<void> => {
    const [server, endpoint] = [servers[domain], endpoints[domain]];
    if (server && endpoint) await untilServing(endpoint, server);
  };
  const end = async (domain: number, signal: NodeJS.Signals): Promise<void> => {
    const server = servers[domain];
    servers[domain] = null;
    server?.child.kill(signal);
    await server?.gone;
  };
  const kill9 = (domain: number): Promise<void> => end(domain, 'SIGKILL');
  const all = endpoints.map((_, domain) => domain);
  const cluster: Cluster = {
    name: 'apache',
    endpoints,
    peerEndpoints,
    durableAt: Math.floor(endpoints.length / 2) + 1,
    dataDir,
    pid: (domain) => servers[domain]?.child.pid ?? 0,
    primary: async () => {
      const answers = await Promise.all(endpoints.map((endpoint) => fourLetterWord(endpoint, 'srvr')));
      const leader = answers.findIndex((answer) => answer.includes('Mode: leader'));
      return leader < 0 ? null : leader;
    },
    terminate: (domain) => end(domain, 'SIGTERM'),
    longestHoldMs: async () => null,
    kill9,
    restart: async (domain) => {
      start(domain);
      await serving(domain);
    },
    killAll: async () => {
      await Promise.all(all.map(kill9));
    },
    restartAll: async () => {
      all.forEach(start);
      await Promise.all(all.map(serving));
    },
    stop: async () => {
      await Promise.all(all.map(kill9));
      if (!keepsData) rmSync(dataDir, { recursive: true, force: true });
    },
  };
  try {
    await cluster.restartAll();
  } catch (error) {
    await cluster.stop();
    throw error;
  }
  return cluster;
}
