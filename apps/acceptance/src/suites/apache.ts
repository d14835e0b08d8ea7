/** Apache ZooKeeper's own servers from Maven Central, for the comparison: the same programs that start domains otherwise. */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Trial } from '../trial.ts';
import { jars } from './maven.ts';
import type { Launchers } from './template.ts';

export async function apacheLaunchers(trial: Trial, folder: string, cache: string): Promise<Launchers> {
  const classpath = await jars(cache, 'apache', ['org.apache.zookeeper:zookeeper:3.8.4'], trial.signal);
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const main = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';
  const server = `exec /usr/bin/java $SERVER_JVMFLAGS -Dsuite=${folder} -cp "${classpath}" ${main} "$2"`;
  writeFileSync(join(bin, 'zkServer.sh'), `#!/bin/sh\n${server}\n`);
  chmodSync(join(bin, 'zkServer.sh'), 0o755);
  return { bin, classpath, mark: `-Dsuite=${folder}` };
}
