/**
 * What peers gain that deviate together, and what that does to the others: pools over links of their own, members that shield each
 * other or deal with nobody else, and the satiation (lotus-eater) attack. Neither paper claims to be proof against coalitions.
 */

import { UTILITY_DEFAULTS } from '@concordat/streaming';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atMost, type Finding } from '../../finding.ts';
import { flightGame, gossipGame, leversOf, type World } from '../../harness/deviating.ts';
import { type GroupEffort, type GroupResult, told, tryGroups } from './groups.ts';

interface Side<W extends World> {
  readonly world: W;
  readonly effort: GroupEffort;
}

interface Parameters {
  readonly gossip: Side<World>;
  readonly flight: Side<World & { readonly epochRounds: number }>;
}

interface Data {
  readonly peers: number;
  readonly gossip: readonly GroupResult[];
  readonly flight: readonly GroupResult[];
}

const RATIO = UTILITY_DEFAULTS.benefit / UTILITY_DEFAULTS.upCost;
const EPSILON = 0.1;

/** What costs a single peer of BAR Gossip next to nothing (`streaming-epsilon`): perhaps it pays in company. */
const NEARLY_FREE = [
  'hides-evidence',
  'over-reports-and-withholds',
  'refuses-pushes',
  'returns-junk',
  'trades-when-poor',
  'withholds-keys',
];

const leversFor = (protocol: 'gossip' | 'flightpath') => ({
  joint: leversOf(protocol, ({ isJoint }) => isJoint),
  lone: leversOf(protocol, ({ isJoint, nature }) => !isJoint && nature === 'rational'),
});

function run({ gossip, flight }: Parameters, progress: (line: string) => void): Data {
  return {
    peers: gossip.world.peers,
    gossip: tryGroups(
      gossipGame(gossip.world, { isJoint: true }),
      leversFor('gossip'),
      RATIO,
      gossip.world.peers,
      gossip.effort,
      (line) => progress(`BAR Gossip, ${line}`),
    ),
    flight: tryGroups(
      flightGame(flight.world, { isJoint: true }),
      leversFor('flightpath'),
      RATIO,
      flight.world.peers,
      flight.effort,
      (line) => progress(`FlightPath, ${line}`),
    ),
  };
}

/** Above the tenth of a single peer: all that obeying costs is 12.4 % of what it is worth, and free links save a part of that. */
const ALL_OF_FLIGHT = 0.12;

const FREE_PACKETS =
  'packets that members hand each other over links of their own cost them nothing and are sent by nobody else; no protocol sees such links, and the papers promise nothing against them';

/** The largest gain of groups, by what their links cost, and the worst that any group does to the others. */
function findingsOf(
  protocol: string,
  peers: number,
  all: readonly GroupResult[],
  free: { readonly most: number; readonly isMissed: boolean },
): Finding[] {
  const share = (size: number): string => `${size} of ${peers}`;
  const best = (links: GroupResult['links']): GroupResult =>
    all
      .filter((each) => each.links === links)
      .reduce((most, each) => (each.gain.estimate > most.gain.estimate ? each : most));
  const worst = all.reduce((most, each) => (each.others.estimate < most.others.estimate ? each : most));
  const starved = all
    .filter(({ plan, unfed }) => plan === 'lotus-eaters' && Number.isFinite(unfed.upper))
    .reduce((most, each) => (each.unfed.estimate < most.unfed.estimate ? each : most));
  const [metered, pooled] = [best('metered'), best('free')];
  return [
    atMost(
      `${protocol}: largest gain of a group whose own links cost what others cost, per member`,
      metered.gain.estimate,
      EPSILON,
      { remark: `${metered.plan}, ${share(metered.size)}: ${told(metered.gain)}` },
    ),
    atMost(
      `${protocol}: largest gain of a group whose own links cost nothing, per member`,
      pooled.gain.estimate,
      free.most,
      {
        remark: `${pooled.plan}, ${share(pooled.size)}: ${told(pooled.gain)}`,
        ...(free.isMissed && { missedBecause: FREE_PACKETS }),
      },
    ),
    atMost(`${protocol}: most that a group costs the others, on average`, -worst.others.estimate, EPSILON, {
      remark: `${worst.plan}, ${share(worst.size)}: ${told(worst.others)}`,
    }),
    atMost(
      `${protocol}: most that lotus-eaters cost those whom they do not feed`,
      -starved.unfed.estimate,
      EPSILON,
      { remark: `${share(starved.size)}: ${told(starved.unfed)}` },
    ),
  ];
}

const curve = (name: string, plan: string, peers: number, all: readonly GroupResult[]) => ({
  name,
  points: all
    .filter((each) => each.plan === plan)
    .map(({ size, gain }): [number, number] => [(100 * size) / peers, 100 * gain.estimate]),
});

export const streamingCoalitions: Experiment<Parameters, Data> = {
  name: 'streaming-coalitions',
  claim: 'What groups gain together, they gain by links of their own that nobody meters.',
  source: 'BAR Gossip (OSDI 2006), collusion; the lotus-eater attack (arXiv 0806.1711)',
  small: {
    gossip: {
      world: { peers: 32, seeds: 3, warmRounds: 12, rounds: 16 },
      effort: { sizes: [2, 6], searchSize: 6, companions: [], budget: 0, worlds: 3 },
    },
    flight: {
      world: { peers: 32, seeds: 3, warmRounds: 22, rounds: 14, epochRounds: 20 },
      effort: { sizes: [2, 6], searchSize: 6, companions: [], budget: 0, worlds: 3 },
    },
  },
  full: {
    gossip: {
      world: { peers: 100, seeds: 5, warmRounds: 12, rounds: 40 },
      effort: { sizes: [2, 4, 10, 20], searchSize: 10, companions: NEARLY_FREE, budget: 130, worlds: 8 },
    },
    flight: {
      world: { peers: 100, seeds: 5, warmRounds: 44, rounds: 20, epochRounds: 40 },
      effort: { sizes: [2, 4, 10, 20], searchSize: 10, companions: null, budget: 24, worlds: 5 },
    },
  },
  run,
  assert: ({ peers, gossip, flight }) => [
    ...findingsOf('BAR Gossip', peers, gossip, { most: EPSILON, isMissed: true }),
    ...findingsOf('FlightPath', peers, flight, { most: ALL_OF_FLIGHT, isMissed: false }),
  ],
  draw: ({ peers, gossip, flight }) =>
    drawCurves({
      title: 'What each member of a group gains',
      series: [
        curve('BAR Gossip, free links', 'pools', peers, gossip),
        curve('BAR Gossip, links that cost', 'pools-at-cost', peers, gossip),
        curve('FlightPath, free links', 'pools', peers, flight),
        curve('FlightPath, links that cost', 'pools-at-cost', peers, flight),
      ],
      x: { name: '% of the peers' },
      y: { name: '% of utility' },
      levels: [{ name: '10 %', value: 100 * EPSILON }],
    }),
};
