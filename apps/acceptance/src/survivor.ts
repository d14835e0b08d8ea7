/** A kazoo client that starts at the domain about to be killed: what an unmodified client sees of it. */

import type { Cluster } from '@concordat/bench';
import type { Session } from './session.ts';
import { startPython } from './tools.ts';
import type { Trial } from './trial.ts';
import { within } from './wait.ts';
import { must } from './worker.ts';

export interface Survivor {
  /** Changes the node that it watches, and asks it how it is. */
  check(trial: Trial, what: string, outsider: Session): Promise<void>;
  stop(): void;
}

const PATIENCE_MS = 20_000;

export async function startSurvivor(
  trial: Trial,
  cluster: Cluster,
  victim: number,
  root: string,
): Promise<Survivor> {
  const { endpoints } = cluster;
  const inTurn = endpoints.map((_, i) => endpoints[(victim + i) % endpoints.length]);
  const hosts = inTurn.map((endpoint) => `${endpoint?.host}:${endpoint?.port}`).join(',');
  const script = startPython('survivor.py', [hosts, `${root}/kazoo`], trial.signal);
  await within(
    script.heard((line) => line === 'ready'),
    PATIENCE_MS,
    'kazoo is ready',
  );
  return {
    check: async (_, what, outsider) => {
      await must(outsider.set(`${root}/kazoo`, Buffer.from('changed'), -1));
      const saw = script.heard((line) => line === 'saw changed');
      const isSeen = await within(saw, PATIENCE_MS, 'kazoo sees the change').then(
        () => true,
        () => false,
      );
      trial.check(isSeen, `${what}: kazoo's watch fires after the move`);
      script.say('report');
      const report = await within(
        script.heard((line) => line.startsWith('report ')),
        PATIENCE_MS,
        'kazoo reports',
      );
      trial.check(
        report.startsWith('report session=same ephemeral=there lost=0'),
        `${what}: kazoo kept its session and ephemeral (${report})`,
      );
    },
    stop: script.kill,
  };
}
