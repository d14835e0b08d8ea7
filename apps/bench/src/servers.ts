/**
 * The operating-system side of a cluster: spawning a server with its output in a file, waiting until it serves,
 * killing it, finding free ports.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { askWord } from '@concordat/keeper/edge';
import { ClusterError } from './cluster.ts';
import { connect, type Endpoint } from './connection.ts';

export interface Server {
  readonly child: ChildProcess;
  readonly logFile: string;
  /** Settles when the process is gone. */
  readonly gone: Promise<void>;
}

/** Starts `command` with standard output and error in `logFile`. */
export function startServer(
  command: readonly string[],
  logFile: string,
  env: Readonly<Record<string, string>> = {},
): Server {
  const log = openSync(logFile, 'a');
  const [program, ...args] = command;
  if (program === undefined) throw new ClusterError('CLUSTER_START', 'an empty command line');
  const child = spawn(program, args, { stdio: ['ignore', log, log], env: { ...process.env, ...env } });
  closeSync(log);
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  return { child, logFile, gone };
}

/** Waits until a ZooKeeper session can be opened at `endpoint`. */
export async function untilServing(endpoint: Endpoint, server: Server, deadlineMs = 180_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (performance.now() < end) {
    if (server.child.exitCode !== null || server.child.signalCode !== null) {
      throw new ClusterError('CLUSTER_START', `a server ended at once; its log:\n${tail(server.logFile)}`);
    }
    try {
      const connection = await connect(endpoint, { deadlineMs: 5_000 });
      await connection.close();
      return;
    } catch {
      await sleep(100);
    }
  }
  throw new ClusterError('CLUSTER_START', `no server at port ${endpoint.port}:\n${tail(server.logFile)}`);
}

const tail = (file: string): string => readFileSync(file, 'utf8').slice(-1_500);

/** Resolves once no process `pid` is left, dead children that nobody has waited for not counted. */
export async function eventuallyGone(pid: number): Promise<void> {
  const isGone = (): boolean => {
    try {
      return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    } catch {
      return true;
    }
  };
  for (let wait = 0; wait < 500 && !isGone(); wait++) await sleep(10);
}

/** What a server answers to a four-letter word, or '' when it does not. */
export const fourLetterWord = (endpoint: Endpoint, word: string, timeoutMs = 3_000): Promise<string> =>
  askWord({ ...endpoint, timeoutMs }, word).catch(() => '');
