/**
 * BAR Gossip (OSDI 2006): what share of the stream obedient peers get in time while others collude, are silent, or take part in every
 * trade and deliver nothing; and what optimistic pushes are good for.
 */

import { deviationNamed } from '@concordat/streaming/deviations';
import { createSwarm, inTimeShare } from '@concordat/streaming/simulation';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, type Finding } from '../../finding.ts';
import { seedsFor, someOf } from '../../harness/streaming.ts';

/** What those do who do not obey, by the name of their deviation. */
type Misconduct = 'pools' | 'silent' | 'delivers-nothing';

interface Trial {
  readonly peers: number;
  readonly misconduct: Misconduct;
  /** Of the peers, in tenths; 0: all obey. */
  readonly share: number;
  readonly pushes: boolean;
}

interface Row extends Trial {
  /** Share of the packets that are there at their deadline, over those who obey. */
  readonly inTime: number;
}

interface Parameters {
  readonly sizes: readonly number[];
  readonly rounds: number;
  /** The curves have this size, and these shares. */
  readonly curvePeers: number;
  readonly shares: readonly number[];
}

const SEED = 1;
const PUSH = { kind: 'gossip', pushSize: 2, youngRounds: 3, oldRounds: 7, junkFactor: 1.39 } as const;
const NO_PUSH = { ...PUSH, pushSize: 0 };

const WORDS: Readonly<Record<Misconduct, string>> = {
  pools: 'pool what they get and do not push',
  silent: 'say nothing',
  'delivers-nothing': 'agree to every trade and deliver nothing',
};

/** The shares that bounds are about. */
const COLLUDERS = 0.4;
const BYZANTINE = 0.2;

function measure({ peers, misconduct, share, pushes }: Trial, rounds: number): number {
  const deviation = deviationNamed(misconduct);
  const ids = Array.from({ length: peers }, (_, i) => i + 1);
  const deviants = someOf(ids, share);
  const swarm = createSwarm({
    seed: SEED,
    peers,
    config: { seeds: seedsFor(peers), protocol: pushes ? PUSH : NO_PUSH },
    deviants: deviation === null ? [] : [{ ids: deviants, deviation }],
  });
  swarm.runRounds(rounds);
  return inTimeShare(
    swarm,
    ids.filter((id) => !deviants.includes(id)),
  );
}

function trialsOf({ sizes, curvePeers, shares }: Parameters): Trial[] {
  const all = sizes.flatMap((peers): Trial[] => [
    { peers, misconduct: 'pools', share: 0, pushes: true },
    { peers, misconduct: 'pools', share: 0, pushes: false },
    { peers, misconduct: 'pools', share: COLLUDERS, pushes: true },
    { peers, misconduct: 'silent', share: BYZANTINE, pushes: true },
    { peers, misconduct: 'delivers-nothing', share: BYZANTINE, pushes: true },
  ]);
  const curves = shares.flatMap((share): Trial[] => [
    { peers: curvePeers, misconduct: 'pools', share, pushes: true },
    { peers: curvePeers, misconduct: 'pools', share, pushes: false },
    { peers: curvePeers, misconduct: 'delivers-nothing', share, pushes: true },
    { peers: curvePeers, misconduct: 'silent', share, pushes: true },
  ]);
  const isFirst = (trial: Trial, at: number, trials: readonly Trial[]): boolean =>
    trials.findIndex((other) => isSame(other, trial)) === at;
  return [...all, ...curves].filter(isFirst);
}

/** Where all obey, it does not matter what the others do. */
const isSame = (a: Trial, b: Trial): boolean =>
  a.peers === b.peers &&
  a.share === b.share &&
  a.pushes === b.pushes &&
  (a.misconduct === b.misconduct || a.share === 0);

function rowOf(rows: readonly Row[], trial: Trial): number {
  const row = rows.find((other) => isSame(other, trial));
  return row === undefined ? Number.NaN : row.inTime;
}

function findingsOf(rows: readonly Row[], peers: number): Finding[] {
  const at = (misconduct: Misconduct, share: number, pushes = true): number =>
    rowOf(rows, { peers, misconduct, share, pushes });
  const [whole, plain] = [at('pools', 0), at('pools', 0, false)];
  return [
    atLeast(`${peers} peers, all rational: packets in time, as a share`, whole, 0.99, {
      published: 'over 0.99',
    }),
    atLeast(
      `${peers} peers, the same: late packets without pushes over those with`,
      (1 - plain) / (1 - whole),
      2,
    ),
    atLeast(
      `${peers} peers, 40 % ${WORDS.pools}: packets in time at the others`,
      at('pools', COLLUDERS),
      0.95,
      { published: 'over 0.95' },
    ),
    ...(['silent', 'delivers-nothing'] as const).map((misconduct) =>
      atLeast(
        `${peers} peers, 20 % ${WORDS[misconduct]}: packets in time at the others`,
        at(misconduct, BYZANTINE),
        0.95,
        { published: 'over 0.93' },
      ),
    ),
  ];
}

const sizesOf = (rows: readonly Row[]): number[] => [
  ...new Set(rows.filter(({ share, pushes }) => share === 0 && !pushes).map(({ peers }) => peers)),
];

function draw(rows: readonly Row[]): string {
  const [peers = 0] = sizesOf(rows);
  const curve = (name: string, misconduct: Misconduct, pushes: boolean) => ({
    name,
    points: rows
      .filter((row) => row.peers === peers && isSame(row, { ...row, misconduct, pushes }))
      .map(({ share, inTime }): [number, number] => [100 * share, 100 * (1 - inTime)])
      .sort(([a], [b]) => a - b),
  });
  return drawCurves({
    title: `BAR Gossip, ${peers} peers: packets that come too late at those who obey`,
    series: [
      curve('colluders', 'pools', true),
      curve('colluders, no pushes at all', 'pools', false),
      curve('delivering nothing', 'delivers-nothing', true),
      curve('silent', 'silent', true),
    ],
    x: { name: '% of the peers that do not obey' },
    y: { name: '% too late', isLog: true },
    levels: [
      { name: '1 %', value: 1 },
      { name: '5 %', value: 5 },
    ],
  });
}

export const streamingGossip: Experiment<Parameters, readonly Row[]> = {
  name: 'streaming-gossip',
  claim: 'Peers that obey get nearly all of a stream in time, even while many others collude or lie.',
  source: 'BAR Gossip (OSDI 2006), delivery under collusion and Byzantine peers',
  small: { sizes: [120], rounds: 24, curvePeers: 120, shares: [0, 0.4] },
  full: {
    sizes: [250, 500, 1000],
    rounds: 40,
    curvePeers: 250,
    shares: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
  },
  run: (parameters, progress) =>
    trialsOf(parameters).map((trial) => {
      const inTime = measure(trial, parameters.rounds);
      const { peers, misconduct, share, pushes } = trial;
      const who = share === 0 ? 'all obey' : `${100 * share} % ${misconduct}`;
      progress(
        `${peers} peers, ${who}${pushes ? '' : ', no pushes'}: ${(100 * inTime).toFixed(2)} % in time`,
      );
      return { ...trial, inTime };
    }),
  assert: (rows) => sizesOf(rows).flatMap((peers) => findingsOf(rows, peers)),
  draw,
};
