/**
 * A clock of its own for each domain, which can be set while the domain runs: libfaketime stands between the daemon and the
 * system's wall clock, and reads from a file how far off it is. The monotonic clock stays as it is, as when a real clock is set.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Clocks {
  /** The environment of a domain's daemon. */
  env(domain: number): Readonly<Record<string, string>>;
  /** The domain's clock is from now on as far from ours. */
  set(domain: number, offsetMs: number): void;
}

const LIBRARY = 'faketime/libfaketimeMT.so.1';
const PARENTS = ['/usr/lib', '/usr/local/lib', '/usr/lib64', '/lib64'];
const PROBE_MS = 20_000;

/** Null where it is not installed. */
function findLibrary(): string | null {
  const parents = PARENTS.filter((parent) => existsSync(parent));
  const below = parents.flatMap((parent) => readdirSync(parent).map((name) => join(parent, name)));
  return (
    [...parents, ...below].map((folder) => join(folder, LIBRARY)).find((file) => existsSync(file)) ?? null
  );
}

/** Clocks of the domains of these names, or why there are none. */
export function createClocks(dataDir: string, names: readonly string[]): Clocks | string {
  const library = findLibrary();
  if (library === null) return 'libfaketime is not installed: apt-get install libfaketime';
  const fileOf = (domain: number): string => join(dataDir, `${names[domain]}.clock`);
  const clocks: Clocks = {
    env: (domain) => ({
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: fileOf(domain),
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      FAKETIME_DISABLE_SHM: '1',
      NO_FAKE_STAT: '1',
    }),
    set: (domain, offsetMs) => {
      // In one step: whoever reads half of it would be at another time still.
      writeFileSync(`${fileOf(domain)}.new`, `${offsetMs < 0 ? '-' : '+'}${Math.abs(offsetMs) / 1000}\n`);
      renameSync(`${fileOf(domain)}.new`, fileOf(domain));
    },
  };
  for (const domain of names.keys()) clocks.set(domain, 0);
  const works = jumps(clocks.env(0), fileOf(0));
  clocks.set(0, 0);
  return works ? clocks : `${library} does not change the time of Node here`;
}

const PROBE = `
  const [wall, monotonic] = [Date.now(), performance.now()];
  require('node:fs').writeFileSync(process.argv[1], '+3600\\n');
  console.log(Date.now() - wall, performance.now() - monotonic);
`;

/** Whether the wall clock of a process, and only that, jumps by an hour while it runs. */
function jumps(env: Readonly<Record<string, string>>, file: string): boolean {
  try {
    const options = { encoding: 'utf8', env: { ...process.env, ...env }, timeout: PROBE_MS } as const;
    const [wall, monotonic] = execFileSync(process.execPath, ['-e', PROBE, file], options)
      .split(' ')
      .map(Number);
    return Math.abs((wall ?? 0) - 3_600_000) < PROBE_MS && Math.abs(monotonic ?? 0) < PROBE_MS;
  } catch {
    return false;
  }
}
