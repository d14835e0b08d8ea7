/** Java's libraries from Maven Central, with everything that they need. */

import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runAll } from './commands.ts';

/**
 * The class path of `artifacts` (`group:name:version` or `group:name:version:classifier`), in the folder `name` of the cache;
 * rejects when they cannot be had.
 */
export async function jars(
  cache: string,
  name: string,
  artifacts: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  const folder = join(cache, name);
  if (!existsSync(join(folder, 'complete'))) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'pom.xml'), pom(artifacts));
    const copy = ['mvn', '-q', '-B', 'dependency:copy-dependencies', '-DoutputDirectory=jars'];
    const lacks = await runAll({ cwd: folder }, [copy, ['touch', 'complete']], signal);
    if (lacks !== null) throw new Error(`${artifacts.join(', ')} cannot be had from Maven Central: ${lacks}`);
  }
  const all = readdirSync(join(folder, 'jars')).filter((file) => file.endsWith('.jar'));
  return all.map((file) => join(folder, 'jars', file)).join(':');
}

function pom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, id, version, classifier] = artifact.split(':');
    const kind = classifier === undefined ? '' : `<classifier>${classifier}</classifier>`;
    return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version>${kind}</dependency>`;
  });
  return `<project><modelVersion>4.0.0</modelVersion><groupId>concordat</groupId><artifactId>suites</artifactId>
<version>1</version><dependencies>${dependencies.join('\n')}</dependencies></project>\n`;
}
