/**
 * What befalls one domain at a time in a soak (all of them when the power fails): each trouble begins, lasts some seconds
 * and is over, so that afterwards everybody must serve again.
 */

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, MODE } from '@concordat/bench';
import { STRATEGIES } from '../histories.ts';
import { openSession } from '../session.ts';
import type { Trial } from '../trial.ts';
import type { Clocks } from './clocks.ts';
import type { Disks } from './disks.ts';
import type { Harms } from './grounds.ts';
import type { Network } from './namespaces.ts';

export interface Trouble {
  /** Of all of its kind, in figures. */
  readonly family: string;
  readonly name: string;
  /** Those who stay with the victim have chosen to trust a liar. */
  readonly isLie?: true;
  /** Nobody can be served meanwhile. */
  readonly isOutage?: true;
  run(victim: number): Promise<void>;
}

export interface Stage {
  readonly trial: Trial;
  readonly cluster: Cluster;
  readonly harms: Harms;
  readonly names: readonly string[];
}

const KILLED_MS = 3_000;
const LIE_MS = 6_000;
const LINK_MS = 7_000;
/** Clients notice silence after two thirds of this, and endpoints answer nothing that is older than a third. */
export const SESSION_MS = 18_000;
const CUT_MS = (SESSION_MS * 5) / 6;
const CLOCK_MS = 6_000;
const HOUR_MS = 3_600_000;
const JUMPS: readonly (readonly [string, number])[] = [
  ['an hour ahead', HOUR_MS],
  ['an hour behind', -HOUR_MS],
  ['10 s ahead', 10_000],
  ['10 s behind', -10_000],
];
const BURDEN_BYTES = 200 * 1024;
/** Three segments of a journal: more than it has ready. */
const BURDEN_STEPS = 240;
const REFILL_EVERY = 10;
const BURDEN = '/burden';
const NO_ROOM = 'no space left';

/** All that can be had here. */
export function troublesOf(stage: Stage): Trouble[] {
  const { cluster, harms } = stage;
  const { network, disks, clocks } = harms;
  return [
    {
      family: 'killed',
      name: 'kill -9',
      run: async (victim) => {
        await cluster.kill9(victim);
        await sleep(KILLED_MS);
        await cluster.restart(victim);
      },
    },
    ...(cluster.attack === undefined ? [] : STRATEGIES.map((strategy) => lie(cluster, strategy))),
    ...(network === null ? [] : partitions(stage, network)),
    ...(disks === null ? [] : [fullDisk(stage, disks)]),
    ...(clocks === null ? [] : JUMPS.map(([name, offsetMs]) => wrongClock(clocks, name, offsetMs))),
    {
      family: 'power fails',
      name: 'power fails everywhere',
      isOutage: true,
      run: async () => {
        await cluster.killAll();
        await cluster.restartAll();
      },
    },
  ];
}

const lie = (cluster: Cluster, strategy: string): Trouble => ({
  family: 'lies',
  name: `lies: ${strategy}`,
  isLie: true,
  run: async (victim) => {
    await cluster.attack?.(victim, strategy);
    await sleep(LIE_MS);
    await cluster.attack?.(victim, 'stop');
  },
});

function partitions({ trial, cluster }: Stage, network: Network): Trouble[] {
  const during = (name: string, lastsMs: number, begin: (victim: number) => void): Trouble => ({
    family: name.startsWith('cut') ? 'cut off' : 'bad links',
    name,
    run: async (victim) => {
      begin(victim);
      await sleep(lastsMs);
      network.mend();
    },
  });
  return [
    during('cut off from all', CUT_MS, (victim) => {
      network.cut(victim, 'members');
      network.cut(victim, 'clients');
    }),
    {
      family: 'cut off',
      name: 'cut off from members only',
      run: async (victim) => {
        const stayer = await openSession({
          endpoints: cluster.endpoints.slice(victim, victim + 1),
          timeoutMs: SESSION_MS,
        });
        network.cut(victim, 'members');
        await sleep(CUT_MS);
        const isServed = stayer.isConnected;
        trial.check(
          !isServed,
          `domain ${victim}, which sees no members, refuses clients rather than serve old data`,
        );
        network.mend();
        await stayer.close();
      },
    },
    during('members do not hear it', LINK_MS, network.silence),
    during('it does not hear members', LINK_MS, network.deafen),
    during(network.netem === null ? 'links lose bursts' : 'links slow and lossy', LINK_MS, network.disturb),
  ];
}

const wrongClock = (clocks: Clocks, name: string, offsetMs: number): Trouble => ({
  family: 'wrong clock',
  name: `clock jumps: ${name}`,
  run: async (victim) => {
    clocks.set(victim, offsetMs);
    await sleep(CLOCK_MS);
    clocks.set(victim, 0);
  },
});

/** It goes on, or ends and says why; so does one that is started while there is no room. */
function fullDisk(stage: Stage, disks: Disks): Trouble {
  const { trial, cluster, names } = stage;
  return {
    family: 'disk full',
    name: 'disk full',
    run: async (victim) => {
      const log = join(cluster.dataDir, `${names[victim]}.log`);
      const before = statSync(log).size;
      const said = (): string => readFileSync(log).subarray(before).toString();
      const who = `domain ${victim}, whose disk is full,`;
      disks.fill(victim);
      const steps = await burden(cluster, disks, victim);
      if (cluster.pid(victim) === 0)
        trial.check(said().includes(NO_ROOM), `${who} ends, and says why: ${why(said())}`);
      else trial.note(`${who} goes on for ${steps} writes of ${BURDEN_BYTES / 1024} KiB`);
      await cluster.kill9(victim);
      disks.fill(victim);
      const start = await cluster.restart(victim).then(
        () => 'serves',
        () => why(said()),
      );
      trial.check(
        start === 'serves' || start.includes(NO_ROOM),
        `${who} starts again, or says why not: ${start}`,
      );
      await cluster.kill9(victim);
      disks.drain(victim);
      await cluster.restart(victim);
    },
  };
}

/** Clients of the others write until the victim has ended, or as much as it can take only with new room. */
async function burden(cluster: Cluster, disks: Disks, victim: number): Promise<number> {
  const endpoints = cluster.endpoints.filter((_, domain) => domain !== victim);
  const writer = await openSession({ endpoints });
  await writer.create(BURDEN, Buffer.alloc(0), MODE.persistent);
  let steps = 0;
  for (; steps < BURDEN_STEPS && cluster.pid(victim) !== 0; steps++) {
    await writer.set(BURDEN, Buffer.alloc(BURDEN_BYTES, steps), -1);
    if (steps % REFILL_EVERY === 0) disks.fill(victim);
  }
  await writer.delete(BURDEN, -1);
  await writer.close();
  return steps;
}

/** The last of what it said about room, or of why it ended. */
function why(text: string): string {
  const lines = text.trim().split('\n');
  const line = lines.findLast((one) => /no space left|"reason"/.test(one)) ?? lines.at(-1) ?? '';
  return line.slice(Math.max(0, line.indexOf(NO_ROOM))).slice(0, 200);
}
