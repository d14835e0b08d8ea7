/** The programs of others that trials drive: where they are, how to get them, how to run them. */

import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { apacheMissing } from '@concordat/bench';
import type { Need } from './trial.ts';

const ZKCLI = '/usr/share/zookeeper/bin/zkCli.sh';

const succeeds = (program: string, args: readonly string[]): boolean => {
  try {
    execFileSync(program, args, { stdio: 'ignore', timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
};

/** A Python that can import kazoo, or null. */
export function findPython(): string | null {
  const candidates = [process.env['PYTHON'] ?? '', '/usr/bin/python3', 'python3'].filter(Boolean);
  return candidates.find((python) => succeeds(python, ['-c', 'import kazoo'])) ?? null;
}

const POSTGRES = '/usr/lib/postgresql';

/** The folder of PostgreSQL's programs, of the newest version that is installed, or null. */
export function findPostgres(): string | null {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => `${POSTGRES}/${version}/bin`);
  return folders.find((folder) => existsSync(`${folder}/postgres`)) ?? null;
}

/** Whom programs are run as that root may not run; null when this is not run by root. */
export function unprivileged(): { readonly uid: number; readonly gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const [, , uid, gid] =
    readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
      .find(([name]) => name === 'postgres') ?? [];
  return { uid: Number(uid), gid: Number(gid) };
}

/** How to install what is missing, or null. */
export function missing(need: Need): string | null {
  switch (need) {
    case 'kazoo':
      return findPython() === null ? 'kazoo is not installed: apt-get install python3-kazoo' : null;
    case 'zkCli':
      return apacheMissing() ?? (existsSync(ZKCLI) ? null : `no ${ZKCLI}: apt-get install zookeeper`);
    case 'apache':
      return apacheMissing();
    case 'pure-sasl':
      return succeeds(findPython() ?? 'python3', ['-c', 'import puresasl'])
        ? null
        : 'pure-sasl is not installed: apt-get install python3-pure-sasl';
    case 'openssl':
      return succeeds('openssl', ['version']) ? null : 'openssl is not installed: apt-get install openssl';
    case 'keytool':
      return succeeds('keytool', ['-help'])
        ? null
        : 'keytool is not installed: apt-get install default-jre-headless';
    case 'strace':
      return succeeds('strace', ['-V']) ? null : 'strace is not installed: apt-get install strace';
    case 'ffmpeg':
      return succeeds('ffmpeg', ['-version']) ? null : 'ffmpeg is not installed: apt-get install ffmpeg';
    case 'postgres':
      return findPostgres() === null ? 'PostgreSQL is not installed: apt-get install postgresql' : null;
    default:
      return need satisfies never;
  }
}

export interface Running {
  /** Writes a line to its standard input. */
  say(line: string): void;
  /** Resolves with the first line from now on, or already unread, that `matches`; rejects when the program ends. */
  heard(matches: (line: string) => boolean): Promise<string>;
  /** Resolves with the exit code, -1 after a signal. */
  readonly ended: Promise<number>;
  /** All lines so far, of standard output and error. */
  readonly lines: readonly string[];
  /** Asks it to end (SIGINT). */
  interrupt(): void;
  kill(): void;
}

/** Starts a program whose lines are read as they come; it is killed when `signal` aborts. */
export function start(
  program: string,
  args: readonly string[],
  signal: AbortSignal,
  env: Readonly<Record<string, string>> = {},
): Running {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  let isOver = false;
  const wake = (): void => {
    for (const look of [...waiting]) look();
  };
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      wake();
    });
  }
  child.stdin.on('error', () => {});
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal.addEventListener('abort', kill);
  const ended = new Promise<number>((resolve) => {
    const over = (code: number): void => {
      signal.removeEventListener('abort', kill);
      isOver = true;
      resolve(code);
      wake();
    };
    child.once('error', () => over(-1));
    child.once('close', (code) => over(code ?? -1));
  });
  let read = 0;
  return {
    say: (line) => child.stdin.write(`${line}\n`),
    heard: (matches) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          while (read < lines.length) {
            const line = lines[read++];
            if (line === undefined || !matches(line)) continue;
            waiting.delete(look);
            resolve(line);
            return;
          }
          if (!isOver) return;
          waiting.delete(look);
          reject(new Error(`${program} ended early:\n${lines.slice(-15).join('\n')}`));
        };
        waiting.add(look);
        look();
      }),
    ended,
    lines,
    interrupt: () => {
      child.kill('SIGINT');
    },
    kill,
  };
}

/** One of the scripts of `apps/acceptance/python`. */
export function startPython(script: string, args: readonly string[], signal: AbortSignal): Running {
  const path = fileURLToPath(new URL(`../python/${script}`, import.meta.url));
  return start(findPython() ?? 'python3', ['-u', path, ...args], signal);
}

/** With options of its own, and settings of its environment. */
export const startZkCli = (
  server: string,
  signal: AbortSignal,
  options: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Running => start(ZKCLI, ['-server', server, ...options], signal, env);
