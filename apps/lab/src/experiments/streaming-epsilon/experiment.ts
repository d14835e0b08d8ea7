/**
 * What a peer can gain by leaving the protocol (empirical epsilon), for both protocols at their default configuration: every deviation of
 * the library and the best of their combinations, with bounds, and from which ratio of benefit to cost on it stays below a
 * tenth. Variants that are broken on purpose show that the audit would see a gain.
 */

import { type Interval, type Deviation as Lever, spreadOver } from '@concordat/sim/audit';
import { UTILITY_DEFAULTS } from '@concordat/streaming';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import {
  flightGame,
  type Game,
  type GameOptions,
  gossipGame,
  leversOf,
  type Twist,
  type World,
} from '../../harness/deviating.ts';
import { type Effort, EPSILON, type Epsilon, empiricalEpsilon, gainAlone, MOST_RATIO } from './audit.ts';

interface Side<W extends World> {
  readonly world: W;
  readonly effort: Omit<Effort, 'deviators'>;
  /** Peers that deviate, each for itself. */
  readonly deviators: number;
  /** Of the library; null: all of it. */
  readonly names: readonly string[] | null;
  /** Fresh worlds of the broken variant. */
  readonly brokenWorlds: number;
}

interface Parameters {
  readonly gossip: Side<World>;
  readonly flight: Side<World & { readonly epochRounds: number }>;
}

/** A protocol, and what withholding what was sealed brings in it, as it is and where that costs nothing. */
interface Outcome {
  readonly epsilon: Epsilon;
  readonly whole: Interval;
  readonly broken: Interval;
}

interface Data {
  readonly gossip: Outcome;
  readonly flight: Outcome;
}

/** What the stream is worth, over what uploading it once costs. */
const RATIO = UTILITY_DEFAULTS.benefit / UTILITY_DEFAULTS.upCost;

/** Pays where withholding keys costs nothing and hides what was sealed. */
const SCRAPS = 'seals-scraps';

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;

const told = ({ estimate, lower, upper, seeds }: Interval): string =>
  `${percent(estimate)}, from ${percent(lower)} to ${percent(upper)} in ${seeds} worlds`;

function audit<W extends World>(
  protocol: string,
  { world, effort, deviators, names, brokenWorlds }: Side<W>,
  levers: readonly Lever<Twist>[],
  gameOf: (world: W, options?: GameOptions) => Game,
  progress: (line: string) => void,
): Outcome {
  const library = names === null ? levers : levers.filter(({ name }) => names.includes(name));
  const all = { ...effort, deviators: spreadOver(world.peers, deviators) };
  const epsilon = empiricalEpsilon(gameOf(world), library, RATIO, all, progress);
  for (const { plan, gain } of epsilon.gains) progress(`${protocol}, ${plan}: ${told(gain)}`);
  const scraps = levers.find(({ name }) => name === SCRAPS)!;
  const of = (isBroken: boolean): Interval =>
    gainAlone(gameOf(world, { isBroken }), scraps, RATIO, { ...all, worlds: brokenWorlds });
  const [whole, broken] = [of(false), of(true)];
  progress(`${protocol}, broken on purpose: ${told(broken)}; whole: ${told(whole)}`);
  return { epsilon, whole, broken };
}

const lone = (protocol: 'gossip' | 'flightpath') => leversOf(protocol, ({ isJoint }) => !isJoint);

function run({ gossip, flight }: Parameters, progress: (line: string) => void): Data {
  return {
    gossip: audit('BAR Gossip', gossip, lone('gossip'), gossipGame, progress),
    flight: audit('FlightPath', flight, lone('flightpath'), flightGame, progress),
  };
}

/** Nothing is gained for certain. */
const NOTHING = 0.01;

function findingsOf(protocol: string, { epsilon, whole, broken }: Outcome, published?: string): Finding[] {
  const { gains, ratio } = epsilon;
  const best = [...gains].sort((a, b) => b.gain.estimate - a.gain.estimate)[0]!;
  const widest = gains[0]!;
  const context = published === undefined ? {} : { published };
  return [
    atMost(
      `${protocol}: largest gain of ${gains.length} deviations and combinations, as a share of utility`,
      best.gain.estimate,
      EPSILON,
      { ...context, remark: `${best.plan}: ${told(best.gain)}` },
    ),
    atMost(`${protocol}: upper bound of all gains, each at 99 %`, widest.gain.upper, EPSILON, {
      ...context,
      remark: `${widest.plan}: ${told(widest.gain)}`,
    }),
    atMost(
      `${protocol}: smallest ratio of benefit to cost from which on nothing gains a tenth`,
      ratio.ratio ?? Number.POSITIVE_INFINITY,
      RATIO,
    ),
    atLeast(
      `${protocol}, withheld keys cost nothing (broken on purpose): gain that is certain at 99 %`,
      broken.lower,
      NOTHING,
    ),
    atMost(`${protocol}, the same deviation where they cost: its gain`, whole.estimate, 0),
  ];
}

const certain = ({ epsilon: { gains } }: Outcome): number => Math.max(...gains.map(({ gain }) => gain.lower));

const curveOf = (name: string, { epsilon: { ratio } }: Outcome) => ({
  name,
  points: ratio.curve.flatMap(({ ratio: at, upper }): [number, number][] =>
    upper === null || !Number.isFinite(upper) ? [] : [[at, Math.min(100, 100 * upper)]],
  ),
});

export const streamingEpsilon: Experiment<Parameters, Data> = {
  name: 'streaming-epsilon',
  claim: 'Nobody gains by taking without giving, and an audit finds out where somebody would.',
  source: 'BAR Gossip (OSDI 2006), Nash equilibrium; FlightPath (OSDI 2008), a tenth-Nash equilibrium',
  small: {
    gossip: {
      world: { peers: 24, seeds: 3, warmRounds: 11, rounds: 16 },
      effort: { screens: 6, promising: 1, budget: 0, worlds: 6 },
      deviators: 4,
      names: ['never-answers', 'over-reports-and-withholds', 'withholds-keys'],
      brokenWorlds: 8,
    },
    flight: {
      world: { peers: 40, seeds: 4, warmRounds: 22, rounds: 14, epochRounds: 20 },
      effort: { screens: 4, promising: 1, budget: 0, worlds: 6 },
      deviators: 6,
      names: ['gives-no-gifts', 'withholds-all-keys'],
      brokenWorlds: 6,
    },
  },
  full: {
    gossip: {
      world: { peers: 200, seeds: 10, warmRounds: 12, rounds: 40 },
      effort: { screens: 4, promising: 3, budget: 32, worlds: 16 },
      deviators: 10,
      names: null,
      brokenWorlds: 12,
    },
    flight: {
      world: { peers: 100, seeds: 5, warmRounds: 44, rounds: 30, epochRounds: 40 },
      effort: { screens: 4, promising: 3, budget: 24, worlds: 16 },
      deviators: 5,
      names: null,
      brokenWorlds: 10,
    },
  },
  run,
  assert: ({ gossip, flight }) => [
    ...findingsOf('BAR Gossip', gossip),
    atMost('BAR Gossip: largest gain that is certain at 99 %', certain(gossip), NOTHING),
    ...findingsOf('FlightPath', flight, 'a tenth'),
  ],
  draw: ({ gossip, flight }) =>
    drawCurves({
      title: 'What the best deviation gains at most, by what the stream is worth',
      series: [curveOf('BAR Gossip', gossip), curveOf('FlightPath', flight)],
      x: { name: 'benefit of the stream over the cost of uploading it', max: MOST_RATIO },
      y: { name: '% of utility, at 99 %' },
      levels: [{ name: '10 %', value: 100 * EPSILON }],
    }),
};
