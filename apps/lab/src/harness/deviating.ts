/**
 * Both protocols as experiments of the audit (`worlds/sim/src/audit`): some peers deviate, each for itself, and every peer has three
 * figures to show: what it got, what it sent, what it received, per round and in units of the stream.
 */

import type { Experiment as Audited, Deviation as Lever, Meters } from '@concordat/sim/audit';
import {
  gossipPreset,
  OBEDIENT,
  type StreamConfig,
  totalBytes,
  withoutKeyPenalty,
} from '@concordat/streaming';
import { type Deviant, type Deviation, GOSSIP_DEVIATIONS } from '@concordat/streaming/deviations';
import {
  createFlightSwarm,
  createSwarm,
  FIRST_NODE,
  FLIGHT_DEVIATIONS,
  type FlightDeviation,
  OBEDIENT_FLIGHT,
} from '@concordat/streaming/simulation';

/** Names of the three meters, in order. */
const METERS = ['played', 'sent', 'received'];

/** At a ratio of what the stream is worth to what uploading it costs; downloading costs a quarter. */
export const pricesAt = (ratio: number): readonly number[] => [ratio, -1, -0.25];

/** What a deviation comes to; the name tells it from others in the same world. */
export interface Twist<T> {
  readonly name: string;
  readonly what: T;
}

/** The functions that are not those of `base`. */
function changed<C extends object>(base: C, conduct: C): Partial<C> {
  const changes: Partial<C> = {};
  for (const key in conduct) if (conduct[key] !== base[key]) changes[key] = conduct[key];
  return changes;
}

/** `base` with everything that any of `all` changes. */
const merged = <C extends object>(base: C, all: readonly C[]): C =>
  Object.assign({ ...base }, ...all.map((each) => changed(base, each)));

/** Links of a coalition are metered by nobody: what it gains is no matter of the protocol. */
const isCoalition = ({ name }: Deviation): boolean => name === 'pools';

export const GOSSIP_LEVERS: readonly Lever<Twist<(peer: number) => Deviant>>[] = GOSSIP_DEVIATIONS.filter(
  (deviation) => deviation.nature === 'rational' && !isCoalition(deviation),
).map((deviation) => ({
  name: deviation.name,
  parameters: [{ kind: 'range', name: 'strength', min: 0.1, max: 1 }],
  build: ({ strength }) => ({
    name: `${deviation.name} ${strength}`,
    what: () => deviation.make(Number(strength)),
  }),
}));

/** Several deviations at once; where two replace the same decision, the later one counts. */
function combined(twists: readonly Twist<(peer: number) => Deviant>[], peer: number): Deviation {
  return {
    name: 'combined',
    what: 'several at once',
    nature: 'rational',
    evidence: null,
    make: () => {
      const deviants = twists.map(({ what }) => what(peer));
      const conduct = merged(
        OBEDIENT,
        deviants.map((each) => each.conduct),
      );
      return { conduct, wrap: (honest) => deviants.reduce((all, { wrap }) => wrap(all), honest) };
    },
  };
}

const ANYBODY = new Uint8Array(32);
const BROKEN_KEYS = withoutKeyPenalty(
  gossipPreset({ session: new Uint8Array(16), broadcasterKey: ANYBODY, trackerKey: ANYBODY }),
).keys;

export interface World {
  readonly peers: number;
  readonly seeds: number;
  /** Rounds before those that count, and these. */
  readonly warmRounds: number;
  readonly rounds: number;
}

/** `isBroken`: withholding a key costs nothing, and hides what was sealed. */
export const gossipGame = (
  { peers, seeds, warmRounds, rounds }: World,
  isBroken = false,
): Audited<Twist<(peer: number) => Deviant>> => ({
  meters: METERS,
  run: (seed, twists, deviators) => {
    const config: Partial<StreamConfig> = { seeds, auditsPerRound: 8 };
    const swarm = createSwarm({
      seed,
      peers,
      config: isBroken ? { ...config, keys: BROKEN_KEYS } : config,
      allowsUnsound: isBroken,
      deviants:
        twists.length === 0
          ? []
          : deviators.map((peer) => ({ ids: [peer + 1], deviation: combined(twists, peer) })),
    });
    swarm.runRounds(warmRounds + rounds);
    return swarm.ids.map((id): Meters => {
      const { meter } = swarm.peer(id);
      const stream = meter.lived * swarm.config.neededPackets * swarm.config.packetBytes;
      return [meter.inTime / meter.due, totalBytes(meter.up) / stream, totalBytes(meter.down) / stream];
    });
  },
});

/** Deviations of BAR Gossip that are decisions within a trade, which FlightPath shares. */
const FROM_GOSSIP = [
  'asks-no-keys',
  'hides-evidence',
  'never-answers',
  'over-reports',
  'over-reports-and-withholds',
  'refuses-some',
  'seals-scraps',
  'withholds-keys',
];

const noStrategy: FlightDeviation['strategy'] = (honest) => honest;

const sharedLevers = GOSSIP_DEVIATIONS.filter(({ name }) => FROM_GOSSIP.includes(name)).map(
  (deviation): Lever<Twist<FlightDeviation>> => ({
    name: deviation.name,
    parameters: [{ kind: 'range', name: 'strength', min: 0.1, max: 1 }],
    build: ({ strength }) => ({
      name: `${deviation.name} ${strength}`,
      what: {
        ...deviation,
        nature: 'rational',
        trade: deviation.make(Number(strength)).conduct,
        flight: OBEDIENT_FLIGHT,
        strategy: noStrategy,
      },
    }),
  }),
);

export const FLIGHT_LEVERS: readonly Lever<Twist<FlightDeviation>>[] = [
  ...FLIGHT_DEVIATIONS.filter(({ nature }) => nature === 'rational').map(
    (deviation): Lever<Twist<FlightDeviation>> => ({
      name: deviation.name,
      parameters: [],
      build: () => ({ name: deviation.name, what: deviation }),
    }),
  ),
  ...sharedLevers,
];

/** Epochs short enough for a few of them. */
const SHORT_EPOCHS = {
  kind: 'flightpath',
  epochRounds: 20,
  imbalance: 0.1,
  debtMax: 25,
  acceptLimit: 2,
  capBytes: 2 * 50 * 1250,
} as const;

export const flightGame = ({ peers, seeds, warmRounds, rounds }: World): Audited<Twist<FlightDeviation>> => ({
  meters: METERS,
  run: (seed, twists, deviators) => {
    const all = twists.map(({ what }) => what);
    const trade = merged(
      OBEDIENT,
      all.map((each) => each.trade),
    );
    const flight = merged(
      OBEDIENT_FLIGHT,
      all.map((each) => each.flight),
    );
    const isDeviant = (node: number): boolean => deviators.includes(node - FIRST_NODE);
    const swarm = createFlightSwarm({
      seed,
      capacity: peers,
      config: { seeds, protocol: SHORT_EPOCHS },
      checkInvariants: false,
      conductOf: (node) => (isDeviant(node) ? { trade, flight } : undefined),
      strategyOf: (node) =>
        isDeviant(node) ? (honest) => all.reduce((sum, { strategy }) => strategy(sum), honest) : undefined,
    });
    const nodes = swarm.add(peers);
    swarm.runRounds(warmRounds);
    const metersOf = (node: number): number[] => {
      const { meter } = swarm.peer(node);
      return [meter.rounds - meter.jittered, totalBytes(meter.up), totalBytes(meter.down)];
    };
    const before = nodes.map(metersOf);
    swarm.runRounds(rounds);
    const { packetsPerRound, packetBytes } = swarm.config;
    const units = [rounds, rounds * packetsPerRound * packetBytes, rounds * packetsPerRound * packetBytes];
    return nodes.map(
      (node, i): Meters => metersOf(node).map((value, meter) => (value - before[i]![meter]!) / units[meter]!),
    );
  },
});
