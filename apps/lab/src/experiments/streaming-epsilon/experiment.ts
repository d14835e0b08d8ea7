/**
 * What a peer can gain by leaving the protocol (empirical epsilon), for both protocols: the best of a library of deviations and of their
 * combinations, with bounds, and from which ratio of benefit to cost on it stays below a tenth. A variant that is broken on
 * purpose shows that the audit would see a gain.
 */

import { type Finding as Audit, describePlan } from '@concordat/sim/audit';
import { UTILITY_DEFAULTS } from '@concordat/streaming';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { auditAlone, type Effort, EPSILON, type Epsilon, empiricalEpsilon, MOST_RATIO } from './audit.ts';
import { FLIGHT_LEVERS, flightGame, GOSSIP_LEVERS, gossipGame, type World } from './swarms.ts';

interface Side {
  readonly world: World;
  readonly effort: Effort;
  /** Of the library; null: all of it. */
  readonly names: readonly string[] | null;
}

interface Parameters {
  readonly gossip: Side;
  readonly flight: Side;
  readonly brokenWorlds: number;
}

interface Data {
  readonly gossip: Epsilon;
  readonly flight: Epsilon;
  readonly broken: Audit;
  /** The same deviation where the protocol is whole. */
  readonly whole: Audit;
}

/** What the stream is worth, over what uploading it once costs. */
const RATIO = UTILITY_DEFAULTS.benefit / UTILITY_DEFAULTS.upCost;

/** Pays where withholding keys costs nothing and hides what was sealed. */
const SCRAPS = 'seals-scraps';

const chosen = <L extends { readonly name: string }>(library: readonly L[], { names }: Side): readonly L[] =>
  names === null ? library : library.filter(({ name }) => names.includes(name));

const percent = (share: number | undefined): string => `${(100 * (share ?? Number.NaN)).toFixed(2)} %`;

const told = ({ plan, relative }: Audit): string =>
  `${describePlan(plan)}: ${percent(relative?.estimate)}, with 99 % from ${percent(relative?.lower)} to ${percent(relative?.upper)}`;

function run({ gossip, flight, brokenWorlds }: Parameters, progress: (line: string) => void): Data {
  const ofGossip = empiricalEpsilon(
    gossipGame(gossip.world),
    chosen(GOSSIP_LEVERS, gossip),
    RATIO,
    gossip.effort,
  );
  for (const audit of ofGossip.audits) progress(`BAR Gossip, ${told(audit)}`);
  const ofFlight = empiricalEpsilon(
    flightGame(flight.world),
    chosen(FLIGHT_LEVERS, flight),
    RATIO,
    flight.effort,
  );
  for (const audit of ofFlight.audits) progress(`FlightPath, ${told(audit)}`);
  const effort = { worlds: brokenWorlds, deviators: gossip.effort.deviators };
  const broken = auditAlone(gossipGame(gossip.world, true), GOSSIP_LEVERS, SCRAPS, RATIO, effort);
  const whole = auditAlone(gossipGame(gossip.world), GOSSIP_LEVERS, SCRAPS, RATIO, effort);
  progress(`broken on purpose, ${told(broken)}; whole, ${percent(whole.relative?.estimate)}`);
  return { gossip: ofGossip, flight: ofFlight, broken, whole };
}

function findingsOf(protocol: string, { best, audits, ratio }: Epsilon, published?: string): Finding[] {
  const upper = Math.max(...audits.map(({ relative }) => relative?.upper ?? Number.POSITIVE_INFINITY));
  const context = published === undefined ? {} : { published };
  return [
    atMost(
      `${protocol}: largest gain of a deviation, as a share of utility`,
      best.relative?.estimate ?? Number.NaN,
      EPSILON,
      {
        ...context,
        remark: told(best),
      },
    ),
    atMost(`${protocol}: upper bound of all gains, at 99 %`, upper, EPSILON, context),
    atMost(
      `${protocol}: smallest ratio of benefit to cost from which on nothing gains a tenth`,
      ratio.ratio ?? Number.POSITIVE_INFINITY,
      RATIO,
    ),
  ];
}

/** Nothing is gained for certain. */
const NOTHING = 0.01;

const curveOf = (name: string, { ratio: { curve } }: Epsilon) => ({
  name,
  points: curve.flatMap(({ ratio, upper }): [number, number][] =>
    upper === null || !Number.isFinite(upper) ? [] : [[ratio, Math.min(100, 100 * upper)]],
  ),
});

export const streamingEpsilon: Experiment<Parameters, Data> = {
  name: 'streaming-epsilon',
  claim: 'Nobody gains by taking without giving, and an audit finds out where somebody would.',
  source: 'BAR Gossip (OSDI 2006), Nash equilibrium; FlightPath (OSDI 2008), a tenth-Nash equilibrium',
  small: {
    gossip: {
      world: { peers: 24, seeds: 3, warmRounds: 2, rounds: 24 },
      effort: { screens: 1, promising: 2, budget: 0, worlds: 6, deviators: 2 },
      names: ['never-answers', 'over-reports-and-withholds', 'returns-junk', 'withholds-keys'],
    },
    flight: {
      world: { peers: 24, seeds: 4, warmRounds: 14, rounds: 14 },
      effort: { screens: 1, promising: 2, budget: 0, worlds: 16, deviators: 2 },
      names: ['always-busy', 'gives-no-gifts', 'keeps-keys'],
    },
    brokenWorlds: 6,
  },
  full: {
    gossip: {
      world: { peers: 40, seeds: 4, warmRounds: 2, rounds: 34 },
      effort: { screens: 2, promising: 3, budget: 40, worlds: 20, deviators: 2 },
      names: null,
    },
    flight: {
      world: { peers: 30, seeds: 4, warmRounds: 26, rounds: 30 },
      effort: { screens: 2, promising: 3, budget: 30, worlds: 16, deviators: 2 },
      names: null,
    },
    brokenWorlds: 20,
  },
  run,
  assert: ({ gossip, flight, broken, whole }) => [
    ...findingsOf('BAR Gossip', gossip),
    atMost('BAR Gossip: gain that is certain at 99 %', gossip.best.relative?.lower ?? Number.NaN, NOTHING),
    ...findingsOf('FlightPath', flight, 'a tenth'),
    atLeast(
      'withheld keys cost nothing (broken on purpose): gain that is certain at 99 %',
      broken.relative?.lower ?? 0,
      NOTHING,
    ),
    atMost('the same deviation where they cost: its gain', whole.relative?.estimate ?? Number.NaN, 0),
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
