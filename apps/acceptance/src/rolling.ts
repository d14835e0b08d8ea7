/**
 * Servers are restarted one by one, as for an upgrade, under clients of kazoo that never pause. Whoever is told to stop hands its
 * clients over: what they asked for is answered, and what they sent too late to be answered is not executed either. So an
 * application that tries again, as all are told to, sees no error, not even of what must not happen twice; and nobody loses
 * a session, node or watch.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { startPython } from './tools.ts';
import type { Acceptance, Trial } from './trial.ts';
import { within } from './wait.ts';

const PATIENCE_MS = 60_000;
const CALM_MS = 2_000;
/** From the end of one restart to the next: others have caught up by then, and clients are where they will stay. */
const SETTLE_MS = 3_000;

/** What one client tells of itself, see `python/rolling.py`. */
interface Report {
  readonly operations: number;
  readonly errors: Readonly<Record<string, number>>;
  /** Operations sent once whose connection was lost, and those of them that had happened. */
  readonly lost: number;
  readonly happened: number;
  readonly longestMs: number;
  readonly isSame: boolean;
  readonly hasSeen: boolean;
}

export const rolling: Acceptance = {
  name: 'rolling',
  summary: 'all servers are restarted in turn under load: does any client see an error?',
  needs: ['kazoo'],
  deadlineMs: 300_000,
  run: async (trial) => {
    const cluster = await trial.cluster();
    const hosts = cluster.endpoints.map(({ host, port }) => `${host}:${port}`).join(',');
    const script = startPython('rolling.py', [hosts, '/rolling'], trial.signal);
    const heard = (matches: (line: string) => boolean, what: string): Promise<string> =>
      within(script.heard(matches), PATIENCE_MS, what);
    await heard((line) => line === 'ready', 'kazoo is ready');
    const report = async (): Promise<Report[]> => {
      script.say('report');
      return JSON.parse(await heard((line) => line.startsWith('['), 'kazoo reports'));
    };
    await sleep(CALM_MS);
    judge(trial, 'nothing is restarted', await report());
    for (const domain of cluster.endpoints.keys()) {
      const role = (await cluster.primary()) === domain ? 'which orders' : 'a backup';
      const startedAt = performance.now();
      await cluster.terminate(domain);
      const tookMs = performance.now() - startedAt;
      await sleep(SETTLE_MS);
      await cluster.restart(domain);
      await sleep(SETTLE_MS);
      trial.note(`server ${domain}, ${role}, ended ${tookMs.toFixed(0)} ms after SIGTERM`);
      judge(trial, `server ${domain}, ${role}, is restarted`, await report());
    }
    script.kill();
    await script.ended;
  },
};

function judge(trial: Trial, what: string, reports: readonly Report[]): void {
  const operations = sumOf(reports, 'operations');
  const errors = reports.flatMap((report, client) =>
    Object.entries(report.errors).map(([name, count]) => `client ${client}: ${count} ${name}`),
  );
  const longestMs = Math.max(...reports.map((report) => report.longestMs));
  const [lost, happened] = [sumOf(reports, 'lost'), sumOf(reports, 'happened')];
  trial.bar(
    errors.length === 0,
    `${what}: ${operations} operations without an error, at most ${longestMs} ms apart ${errors.join(', ')}`,
  );
  trial.bar(happened === 0, `${what}: of ${lost} operations that lost their connection none had happened`);
  trial.check(
    reports.every(({ isSame, hasSeen }) => isSame && hasSeen),
    `${what}: every session, ephemeral node and watch is there`,
  );
}

const sumOf = (reports: readonly Report[], field: 'operations' | 'lost' | 'happened'): number =>
  reports.reduce((sum, report) => sum + report[field], 0);
