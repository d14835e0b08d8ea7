/**
 * A member that was cut off for a while and has much to check when it comes back, on machines that are busy already: how
 * far it is behind the others until it is with them again. Helping it must not cost it more than it gains.
 */

import type { Millis } from '@concordat/kernel';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atMost, type Finding } from '../../finding.ts';
import { concordat } from '../../harness/candidate.ts';
import type { Federation } from '../../harness/federation.ts';
import { room, slowed } from '../../harness/testbed.ts';
import { begin, type Load } from '../../harness/trial.ts';

interface Parameters extends Load {
  /** For how long it is cut off, each in a run of its own. */
  readonly awayMs: readonly Millis[];
}

interface Row {
  readonly awayMs: Millis;
  /** Slots that it is behind, by the time since it is back. */
  readonly behind: readonly (readonly [number, number])[];
  /** Since it was back, until it was with the others. */
  readonly caughtUpMs: Millis;
}

const FAULTS = { u: 1, r: 1 };
/** The last that leads: what its absence costs as a primary is not meant here. */
const AWAY = 3;
const OTHERS = [0, 1, 2];
const LOOK_MS = 25;

/** What it may miss and be with the others: the pipeline, proposed and not committed yet. */
const WITH_OTHERS = 4;

function behindIn({ stateOf }: Federation): number {
  const most = Math.max(...OTHERS.map((id) => stateOf(id).accepted));
  return Math.max(0, most - stateOf(AWAY).accepted);
}

function trial(awayMs: Millis, load: Load): Row {
  const federation = begin({ ...load, candidate: concordat, faults: FAULTS });
  const { world } = federation;
  world.run(load.span.warmMs);
  for (const other of OTHERS) {
    world.cut(other, AWAY);
    world.cut(AWAY, other);
  }
  world.run(awayMs);
  world.heal();
  const behind: [number, number][] = [[0, behindIn(federation)]];
  for (let ms = LOOK_MS; ms <= load.span.forMs; ms += LOOK_MS) {
    world.run(LOOK_MS);
    behind.push([ms, behindIn(federation)]);
  }
  const last = behind.findLast(([, slots]) => slots > WITH_OTHERS);
  return { awayMs, behind, caughtUpMs: (last?.[0] ?? 0) + LOOK_MS };
}

const assertRow = ({ awayMs, caughtUpMs }: Row): Finding =>
  atMost(`cut off for ${awayMs} ms: until it is with the others for good, ms`, caughtUpMs, 4000, {
    remark: 'every machine is busy, so that it has to be faster than they are',
  });

export const laggingMember: Experiment<Parameters, readonly Row[]> = {
  name: 'lagging-member',
  claim: 'A member that was cut off catches up with busy ones on machines of the same speed.',
  source: 'our own',
  small: {
    awayMs: [400, 1500],
    clients: 8,
    atGateways: 0,
    span: { warmMs: 1000, forMs: 6000 },
    testbed: slowed(room, 32),
  },
  full: {
    awayMs: [400, 1500, 3000, 6000],
    clients: 32,
    atGateways: 0,
    span: { warmMs: 2000, forMs: 8000 },
    testbed: slowed(room, 8),
  },
  run: ({ awayMs, ...load }, progress) =>
    awayMs.map((ms) => {
      const row = trial(ms, load);
      progress(`cut off for ${ms} ms: with the others after ${row.caughtUpMs} ms`);
      return row;
    }),
  assert: (rows) => rows.map(assertRow),
  draw: (rows) =>
    drawCurves({
      title: 'How far a member that was cut off is behind',
      series: rows.map(({ awayMs, behind }) => ({ name: `cut off for ${awayMs} ms`, points: behind })),
      x: { name: 'ms since it is back' },
      y: { name: 'slots behind' },
    }),
};
