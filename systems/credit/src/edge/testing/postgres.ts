/** A PostgreSQL server of a test's own: a fresh cluster in a folder, on a socket there, with the programs that are installed. */

import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PostgresServer {
  /** For `pg`. */
  readonly connection: {
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly database: string;
  };
  stop(): Promise<void>;
}

const HOME = '/usr/lib/postgresql';

function programs(): string | null {
  const versions = existsSync(HOME) ? readdirSync(HOME) : [];
  const newest = versions.map(Number).sort((a, b) => b - a)[0];
  const folder = newest === undefined ? '' : join(HOME, String(newest), 'bin');
  return existsSync(join(folder, 'initdb')) ? folder : null;
}

/** PostgreSQL refuses to run as root: then it runs as its own user. */
function identity(): { uid?: number; gid?: number } | null {
  if (process.getuid?.() !== 0) return {};
  const read = (flag: string): number =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
  const [uid, gid] = [read('-u'), read('-g')];
  return uid > 0 && gid > 0 ? { uid, gid } : null;
}

/** Why there is no server to be had here, as a sentence with what to do; null if there is. */
export function postgresMissing(): string | null {
  if (programs() === null) return 'PostgreSQL is not installed: apt-get install postgresql';
  if (identity() === null)
    return "there is no user 'postgres' to run it as: apt-get install postgresql, or do not test as root";
  return null;
}

export async function startPostgres(): Promise<PostgresServer> {
  const [bin, who] = [programs() ?? '', identity() ?? {}];
  const folder = mkdtempSync(join(tmpdir(), 'concordat-postgres-'));
  const data = join(folder, 'data');
  mkdirSync(data, { mode: 0o700 });
  for (const path of [folder, data])
    if (who.uid !== undefined && who.gid !== undefined) chownSync(path, who.uid, who.gid);
  const initdb = ['-D', data, '-U', 'test', '-A', 'trust', '-E', 'UTF8', '--locale=C', '-N'];
  execFileSync(join(bin, 'initdb'), initdb, { ...who, cwd: folder, stdio: 'ignore' });
  const server = spawn(join(bin, 'postgres'), ['-D', data, '-k', folder, '-c', 'listen_addresses='], {
    ...who,
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  for await (const text of server.stderr) if (String(text).includes('ready to accept connections')) break;
  server.stderr.resume();
  const stop = async (): Promise<void> => {
    const exit = once(server, 'exit');
    // SIGINT is its fast shutdown.
    server.kill('SIGINT');
    await exit;
    rmSync(folder, { recursive: true, force: true });
  };
  return { connection: { host: folder, port: 5432, user: 'test', database: 'postgres' }, stop };
}
