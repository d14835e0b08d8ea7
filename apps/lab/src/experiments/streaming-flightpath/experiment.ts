/**
 * FlightPath (OSDI 2008): rounds that obedient peers cannot play, while all is calm, while a tenth lie, when a crowd comes and when
 * most go at once; and what peers upload for it.
 */

import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { jitterOf } from '../../harness/streaming.ts';
import {
  BYZANTINE_KINDS,
  type ByzantineKind,
  type Crowd,
  runByzantine,
  runCrowd,
  runDeparture,
  runSteady,
  type Steady,
  type Told,
} from './scenarios.ts';

interface Parameters {
  readonly peers: number;
  readonly seeds: number;
  /** Rounds of a calm stream, of one with Byzantine peers, and after a crowd or a departure. */
  readonly calmRounds: number;
  readonly maliceRounds: number;
  readonly rounds: number;
  readonly crowd: { readonly from: number; readonly to: number; readonly seeds: number };
  readonly leaving: { readonly peers: number; readonly seeds: number };
  /** Worlds with a crowd, and with a departure. */
  readonly worlds: number;
}

interface Data {
  readonly peers: number;
  readonly crowdOf: Parameters['crowd'];
  readonly steady: Steady;
  readonly byzantine: readonly { readonly kind: ByzantineKind; readonly told: Steady }[];
  readonly crowds: readonly Crowd[];
  readonly departures: readonly Told[];
}

/** Of the peers, those that go without a word. */
const LEAVING = 0.7;
/** Rounds in which a stream is to recover from that. */
const RECOVERY_ROUNDS = 10;
/** Rounds, and seconds, from joining to playing. */
const START_ROUNDS = 20;
/** What a peer uploads in a round at most, in units of the stream. */
const CAP = 2;

/** Packets uploaded, over what is needed. */
const UPLOAD = 1.03;
const STEADY = 0.0005;
const TROUBLED = 0.001;

const KIND_WORDS: Readonly<Record<ByzantineKind, string>> = {
  'delivers-nothing': 'agree to trades and deliver nothing',
  'reserves-only': 'take the places of others and never go on',
  'accepts-only': 'accept every trade and fall silent',
  'hoards-keys': 'trade all they can and keep their keys',
  stalls: 'say everything at the last moment',
};

function run(parameters: Parameters, progress: (line: string) => void): Data {
  const { peers, seeds, calmRounds, maliceRounds, rounds, crowd, leaving, worlds } = parameters;
  const percent = (courses: readonly Told[]): string => `${(100 * jitterOf(courses)).toFixed(3)} % jitter`;
  const seedsOfWorlds = Array.from({ length: worlds }, (_, i) => i + 1);
  const steady = runSteady(1, peers, seeds, calmRounds);
  progress(`${peers} peers, calm: ${percent([steady])}`);
  const byzantine = BYZANTINE_KINDS.map((kind) => {
    const told = runByzantine(kind, 1, peers, seeds, maliceRounds);
    progress(`10 % ${kind}: ${percent([told])}`);
    return { kind, told };
  });
  const crowds = seedsOfWorlds.map((seed) => {
    const each = runCrowd(seed, crowd.from, crowd.to, crowd.seeds, rounds);
    progress(`from ${crowd.from} to ${crowd.to} peers at once: ${percent([each.old])}`);
    return each;
  });
  const departures = seedsOfWorlds.map((seed) => {
    const told = runDeparture(seed, leaving.peers, leaving.seeds, LEAVING, rounds);
    progress(`70 % of ${leaving.peers} gone at once: ${percent([told])}`);
    return told;
  });
  return { peers, crowdOf: crowd, steady, byzantine, crowds, departures };
}

function uploadFindings({ steady, byzantine, crowds, departures }: Data): Finding[] {
  const all = [steady, ...byzantine.map(({ told }) => told), ...crowds.map(({ old }) => old), ...departures];
  const over = 'packets uploaded by a peer, over what it needs from others';
  return [
    atMost(`calm: ${over}`, steady.overNeed, UPLOAD),
    ...byzantine.map(({ kind, told }) => {
      const isMissed = told.overNeed > UPLOAD && kind === 'hoards-keys';
      return atMost(
        `10 % ${KIND_WORDS[kind]}: ${over}`,
        told.overNeed,
        UPLOAD,
        isMissed ? { missedBecause: HOARDERS } : {},
      );
    }),
    atMost(
      'anywhere: upload of a peer in a round, over the stream',
      Math.max(...all.map(({ maxUpload }) => maxUpload)),
      CAP,
    ),
  ];
}

/** What is uploaded in vain before it shows whom to avoid. */
const HOARDERS =
  'who hands over a briefcase and no key has got one for it: up to 45 packets once in 200 rounds for each such peer that a peer meets';

function maliceFindings({ kind, told }: Data['byzantine'][number]): Finding[] {
  return [
    atMost(
      `10 % ${KIND_WORDS[kind]}: rounds not played by the others, from the first of ${told.lost.length} rounds on`,
      jitterOf([told]),
      TROUBLED,
      { published: 'low jitter with 10 % malicious' },
    ),
  ];
}

/** Rounds until what was released is due. */
const LIFETIME = 10;

function recoveryFindings(departures: readonly Told[]): Finding[] {
  const who = '70 % gone at once: rounds not played by the others';
  const published = 'adapts to sudden departures';
  const [due, released] = [RECOVERY_ROUNDS, RECOVERY_ROUNDS + LIFETIME];
  return [
    atMost(`${who}, due from the ${due}th on`, jitterOf(departures, due), TROUBLED, { published }),
    atMost(`${who}, released from the ${due}th on`, jitterOf(departures, released), TROUBLED, { published }),
  ];
}

function findingsOf(data: Data): Finding[] {
  const { peers, crowdOf, steady, byzantine, crowds, departures } = data;
  const old = crowds.map((crowd) => crowd.old);
  const delays = crowds.flatMap((crowd) => crowd.delays);
  const newcomers = crowds.reduce((sum, crowd) => sum + crowd.newcomers, 0);
  const crowdName = `from ${crowdOf.from} to ${crowdOf.to} peers at once`;
  return [
    atMost(`${peers} peers, calm: rounds not played, as a share`, jitterOf([steady]), STEADY),
    ...byzantine.flatMap(maliceFindings),
    atMost(`${crowdName}: rounds not played by the old ones`, jitterOf(old), TROUBLED, {
      published: 'absorbs flash crowds',
    }),
    atLeast(`${crowdName}: newcomers that play, as a share`, delays.length / newcomers, 1),
    atMost(`${crowdName}: rounds until the last newcomer plays`, Math.max(...delays), START_ROUNDS),
    ...recoveryFindings(departures),
    ...uploadFindings(data),
  ];
}

/** By round, over all worlds. */
function curveOf(courses: readonly Told[]): [number, number][] {
  const rounds = Math.max(...courses.map(({ lost }) => lost.length));
  return Array.from({ length: rounds }, (_, at) => [at, 100 * jitterOf(courses, at, at + 1)]);
}

export const streamingFlightpath: Experiment<Parameters, Data> = {
  name: 'streaming-flightpath',
  claim:
    'Streams play on when peers lie, come in crowds or go all at once, and nobody uploads more than a cap.',
  source: 'FlightPath (OSDI 2008), jitter under malice, flash crowds and departures',
  small: {
    peers: 60,
    seeds: 6,
    calmRounds: 20,
    maliceRounds: 20,
    rounds: 30,
    crowd: { from: 20, to: 120, seeds: 8 },
    leaving: { peers: 100, seeds: 10 },
    worlds: 1,
  },
  full: {
    peers: 500,
    seeds: 25,
    calmRounds: 30,
    maliceRounds: 120,
    rounds: 40,
    crowd: { from: 50, to: 450, seeds: 25 },
    leaving: { peers: 500, seeds: 25 },
    worlds: 3,
  },
  run,
  assert: findingsOf,
  draw: ({ byzantine, crowds, departures }) =>
    drawCurves({
      title: 'FlightPath: rounds not played, by the round in which they were due',
      series: [
        { name: 'a crowd comes: old peers', points: curveOf(crowds.map(({ old }) => old)) },
        { name: '70 % go: the others', points: curveOf(departures) },
        ...byzantine.map(({ kind, told }) => ({
          name: `10 % ${kind}: the others`,
          points: curveOf([told]).slice(0, 40),
        })),
      ],
      x: { name: 'rounds since' },
      y: { name: '%' },
      levels: [{ name: '0.1 %', value: 100 * TROUBLED }],
    }),
};
