/** What processes of this machine cost, as Linux accounts for it in /proc. */

import { readdirSync, readFileSync } from 'node:fs';

/** Of a process and everything it started that still runs; a process that is gone counts as nothing. */
export interface ProcessCost {
  /** User and system time of all threads but V8's profilers, while they run; also of ended threads. */
  readonly cpuMs: number;
  /** The same of main threads only. */
  readonly mainThreadsMs: number;
  readonly residentBytes: number;
}

/** The thread that takes V8's samples: 17 us for each. */
const PROFILER = 'v8:ProfEvntProc';

/** Linux counts in hundredths of a second for every user space program, whatever the kernel's own tick. */
const MS_PER_TICK = 10;
const PAGE_BYTES = 4_096;

export function processCost(pids: readonly number[]): ProcessCost {
  let cpuMs = 0;
  let mainThreadsMs = 0;
  let residentBytes = 0;
  for (const pid of withDescendants(pids)) {
    const fields = statFields(`/proc/${pid}/stat`);
    cpuMs += cpuMsOf(fields) - profilerMs(pid);
    mainThreadsMs += cpuMsOf(statFields(`/proc/${pid}/task/${pid}/stat`));
    residentBytes += Number(fields[21] ?? 0) * PAGE_BYTES;
  }
  return { cpuMs, mainThreadsMs, residentBytes };
}

function profilerMs(pid: number): number {
  const tasks = list(`/proc/${pid}/task`).filter(
    (task) => read(`/proc/${pid}/task/${task}/comm`).trim() === PROFILER,
  );
  return tasks.reduce((sum, task) => sum + cpuMsOf(statFields(`/proc/${pid}/task/${task}/stat`)), 0);
}

/** The program's name, in parentheses, may hold spaces; what follows it does not. */
function statFields(path: string): string[] {
  const stat = read(path);
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

const cpuMsOf = (fields: readonly string[]): number =>
  (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * MS_PER_TICK;

/** Names this very process, whatever its number is used for later: when it began; null when there is none. */
export function processIdentity(pid: number): string | null {
  const stat = read(`/proc/${pid}/stat`);
  return stat === '' ? null : `${pid} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
}

/** `pids` and, recursively, the children of each. */
export function withDescendants(pids: readonly number[]): number[] {
  const found = new Set<number>();
  const queue = pids.filter((pid) => pid > 0);
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    if (found.has(pid)) continue;
    found.add(pid);
    for (const task of list(`/proc/${pid}/task`)) {
      const children = read(`/proc/${pid}/task/${task}/children`);
      queue.push(...children.split(' ').filter(Boolean).map(Number));
    }
  }
  return [...found];
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
