/**
 * Throughput of correct clients while somebody attacks, over what it is while nobody does: same members, same load. A
 * protocol is robust where this ratio stays near one, whatever its peak (Aardvark's uncivil executions).
 */

import type { NodeId } from '@concordat/kernel';
import type { FaultModel } from '@concordat/replication';
import type { Flood } from '@concordat/replication/compliance';
import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { type Candidate, concordat, FIRST_VIEW_MS } from '../../harness/candidate.ts';
import type { Figures } from '../../harness/measure.ts';
import { room, slowed } from '../../harness/testbed.ts';
import { type Load, run, type Trial } from '../../harness/trial.ts';
import { type Attack, attacks, LIAR_OF, OUTSTANDING } from './attacks.ts';
import { assertRows, type Row } from './bounds.ts';

interface Parameters extends Load {
  readonly candidates: readonly Candidate[];
  /** Of floods: more messages than a core that checks signatures can check. */
  readonly rate: Flood;
}

const FAULTS: FaultModel = { u: 1, r: 1 };
const HOSTILE = { count: 2, outstanding: OUTSTANDING };

function underOne(
  load: Load,
  candidate: Candidate,
  { by, client, member = {}, showsAfterMs }: Attack,
): Figures {
  return run({
    ...load,
    span: { ...load.span, warmMs: showsAfterMs ?? load.span.warmMs },
    candidate,
    faults: FAULTS,
    adversaries: new Map(by === 'client' ? [] : [[LIAR_OF[by], member]]),
    ...(client !== undefined && { hostile: { ...HOSTILE, isHasty: true, ...client } }),
  });
}

/**
 * Requests per second without attack, where the load is the same: the member that may lie asks for nothing, hostile clients
 * are not there, or honest if they are served. A primary that lies is replaced by one with a gateway that asks, which is
 * a little faster: the better of the two counts.
 */
function calmRates(load: Load, candidate: Candidate): (attack: Attack) => number {
  const rate = (trial: Partial<Trial>): number =>
    run({ ...load, candidate, faults: FAULTS, ...trial }).perSecond;
  const without = (liar: NodeId): number => rate({ adversaries: new Map([[liar, {}]]) });
  const [asPrimary, asBackup] = [without(LIAR_OF.primary), without(LIAR_OF.backup)];
  const [alone, amongOthers] = [rate({}), rate({ hostile: HOSTILE })];
  return ({ by, isServed }) => {
    if (by === 'client') return isServed === true ? amongOthers : alone;
    return by === 'primary' ? Math.max(asPrimary, asBackup) : asBackup;
  };
}

export const underAttack: Experiment<Parameters, readonly Row[]> = {
  name: 'under-attack',
  claim: 'Whoever attacks costs correct clients little of their throughput.',
  source: 'Aardvark (NSDI 2009), tables of throughput under attack',
  small: {
    candidates: [concordat],
    rate: { perTick: 10, everyMs: 8 },
    clients: 12,
    atGateways: 2,
    span: { warmMs: 200, forMs: 200 },
    testbed: slowed(room, 8),
  },
  full: {
    candidates: [concordat],
    rate: { perTick: 10, everyMs: 1 },
    clients: 32,
    atGateways: 2,
    span: { warmMs: 300, forMs: 1000 },
    testbed: room,
  },
  run: ({ candidates, rate, ...load }, progress) =>
    candidates.flatMap((candidate) => {
      const calmRate = calmRates(load, candidate);
      return attacks(rate).map((attack): Row => {
        const { perSecond, views, p99Ms } = underOne(load, candidate, attack);
        const calmPerSecond = calmRate(attack);
        const ratio = perSecond / calmPerSecond;
        progress(`${candidate.name}, ${attack.by} ${attack.name}: ${ratio.toFixed(2)}`);
        return {
          candidate: candidate.name,
          attack: attack.name,
          by: attack.by,
          isServed: attack.isServed === true,
          calmPerSecond,
          perSecond,
          ratio,
          views,
          p99Ms,
          isAfterFirstView: (attack.showsAfterMs ?? 0) >= FIRST_VIEW_MS,
        };
      });
    }),
  assert: assertRows,
  draw: (rows) =>
    drawBars({
      title: 'Throughput under attack over throughput without',
      categories: [...new Set(rows.map(({ by, attack }) => `${by}: ${attack}`))],
      series: [...new Set(rows.map(({ candidate }) => candidate))].map((name) => ({
        name,
        values: rows.filter(({ candidate }) => candidate === name).map(({ ratio }) => ratio),
      })),
      axis: { name: 'ratio' },
      levels: [
        { name: '0.8', value: 0.8 },
        { name: '0.9', value: 0.9 },
      ],
      isLying: true,
    }),
};
