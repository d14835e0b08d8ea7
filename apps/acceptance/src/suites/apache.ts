/** Apache ZooKeeper's own servers from Maven Central, for the comparison: the same programs that start domains otherwise. */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trial } from '../trial.ts';
import { jars } from './maven.ts';
import type { Launchers } from './template.ts';

const VERSION = '3.8.4';
/** The server, and its client in the shell, need more than the artifact says: the release comes with these. */
const artifacts = (version: string): string[] => [
  `org.apache.zookeeper:zookeeper:${version}`,
  'io.dropwizard.metrics:metrics-core:4.1.12.1',
  'org.xerial.snappy:snappy-java:1.1.10.5',
  'commons-cli:commons-cli:1.5.0',
];

export async function apacheLaunchers(
  trial: Trial,
  folder: string,
  cache: string,
  version = VERSION,
): Promise<Launchers> {
  const classpath = await jars(cache, `apache-${version}`, artifacts(version), trial.signal);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  const server = `exec /usr/bin/java $SERVER_JVMFLAGS -Dsuite=${folder} -cp "${classpath}" ${main} "$2"`;
  writeFileSync(join(bin, 'zkServer.sh'), `#!/bin/sh\n${server}\n`);
  chmodSync(join(bin, 'zkServer.sh'), 0o755);
  return { bin, classpath, mark: `-Dsuite=${folder}` };
}
