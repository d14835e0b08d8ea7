/**
 * Both streaming protocols as experiments of the audit (`worlds/sim/src/audit`): some peers deviate, each for itself or all together, and
 * every peer has three figures to show: what it got, what it sent, what it received, per round and in units of the stream; and the
 * same again if it is one of those whom lotus-eaters do not feed, so that sums over them can be told from sums over all.
 */

import { totalBytes } from '@concordat/accountability';
import type { Experiment as Audited, Deviation as Lever, Meters } from '@concordat/sim/audit';
import { gossipPreset, type StreamConfig, withoutKeyPenalty } from '@concordat/streaming';
import {
  DEVIATIONS,
  type Deviant,
  type Deviation,
  deviantWith,
  inFlight,
  isFed,
  type Protocol,
} from '@concordat/streaming/deviations';
import { createFlightSwarm, createSwarm, FIRST_NODE } from '@concordat/streaming/simulation';

/** Names of the meters, in order. */
const METERS = ['played', 'sent', 'received', 'unfed played', 'unfed sent', 'unfed received'];

/** At a ratio of what the stream is worth to what uploading it costs; downloading costs a quarter. */
export const pricesAt = (ratio: number): readonly number[] => [ratio, -1, -0.25, 0, 0, 0];

/** The same, for those alone whom lotus-eaters do not feed. */
export const unfedPricesAt = (ratio: number): readonly number[] => [0, 0, 0, ratio, -1, -0.25];

/** What a deviation comes to; the name tells it from others in the same world. */
export interface Twist {
  readonly name: string;
  /** Called once for each that deviates for itself, and once for all that do together. */
  make(): Deviant;
}

export type Game = Audited<Twist>;

/** Deviations of a protocol as the audit's levers; those with a strength may do it now and then. */
export const leversOf = (protocol: Protocol, isWanted: (deviation: Deviation) => boolean): Lever<Twist>[] =>
  DEVIATIONS.filter((each) => each.protocols.includes(protocol) && isWanted(each)).map((deviation) => ({
    name: deviation.name,
    parameters: deviation.isGraded ? [{ kind: 'range', name: 'strength', min: 0.1, max: 1 }] : [],
    build: ({ strength = 1 }) => ({
      name: `${deviation.name} ${strength}`,
      make: () => deviation.make(Number(strength)),
    }),
  }));

/** The functions that are not those of `base`. */
function changed<C extends object>(base: C, conduct: C): Partial<C> {
  const changes: Partial<C> = {};
  for (const key in conduct) if (conduct[key] !== base[key]) changes[key] = conduct[key];
  return changes;
}

/** `base` with everything that any of `all` changes. */
const merged = <C extends object>(base: C, all: readonly C[]): C =>
  Object.assign({ ...base }, ...all.map((each) => changed(base, each)));

/** Several deviations at once; where two replace the same decision, the later one counts. */
function combined(twists: readonly Twist[]): Deviant {
  const all = twists.map((twist) => twist.make());
  const { conduct, flight } = deviantWith({});
  return deviantWith({
    conduct: merged(
      conduct,
      all.map((each) => each.conduct),
    ),
    flight: merged(
      flight,
      all.map((each) => each.flight),
    ),
    wrap: (honest, view) => all.reduce((sum, { wrap }) => wrap(sum, view), honest),
    strategy: (honest) => all.reduce((sum, { strategy }) => strategy(sum), honest),
  });
}

const ANYBODY = new Uint8Array(32);
const BROKEN_KEYS = withoutKeyPenalty(
  gossipPreset({ session: new Uint8Array(16), broadcasterKey: ANYBODY, trackerKey: ANYBODY }),
).keys;

export interface World {
  readonly peers: number;
  /** Peers that get each packet from the broadcaster. */
  readonly seeds: number;
  /** Rounds before those that count, and these. */
  readonly warmRounds: number;
  readonly rounds: number;
}

/** Those who deviate, by who makes their decisions. */
const groupsOf = (deviators: readonly number[], isJoint: boolean): readonly (readonly number[])[] =>
  isJoint ? [deviators] : deviators.map((peer) => [peer]);

export interface GameOptions {
  /** Those who deviate do it together. Default false. */
  readonly isJoint?: boolean;
  /** Withholding a key costs nothing, and hides what was sealed. Default false. */
  readonly isBroken?: boolean;
}

export const gossipGame = (
  { peers, seeds, warmRounds, rounds }: World,
  { isJoint = false, isBroken = false }: GameOptions = {},
): Game => ({
  meters: METERS,
  run: (seed, twists, deviators) => {
    const config: Partial<StreamConfig> = isBroken ? { seeds, keys: BROKEN_KEYS } : { seeds };
    const deviation = { make: () => combined(twists) };
    const swarm = createSwarm({
      seed,
      peers,
      config,
      allowsUnsound: isBroken,
      deviants:
        twists.length === 0
          ? []
          : groupsOf(deviators, isJoint).map((group) => ({ ids: group.map((peer) => peer + 1), deviation })),
    });
    swarm.runRounds(warmRounds);
    const { neededPackets, packetBytes } = swarm.config;
    const metersOf = (id: number): number[] => {
      const { inTime, up, down } = swarm.peer(id).meter;
      return [inTime, totalBytes(up), totalBytes(down)];
    };
    const before = swarm.ids.map(metersOf);
    swarm.runRounds(rounds);
    const stream = rounds * neededPackets * packetBytes;
    const after = swarm.ids.map(metersOf);
    return metersBetween(before, after, [rounds * neededPackets, stream, stream], swarm.ids.map(isFed));
  },
});

const metersBetween = (
  before: readonly number[][],
  after: readonly number[][],
  units: readonly number[],
  areFed: readonly boolean[],
): Meters[] =>
  after.map((all, peer) => {
    const meters = all.map((value, i) => (value - before[peer]![i]!) / units[i]!);
    return [...meters, ...meters.map((value) => (areFed[peer] === true ? 0 : value))];
  });

/** Of the preset, with epochs of another length. */
const withEpochs = (epochRounds: number, debtMax = 25): StreamConfig['protocol'] => ({
  kind: 'flightpath',
  epochRounds,
  imbalance: 0.1,
  debtMax,
  acceptLimit: 2,
  capBytes: 2 * 50 * 1250,
});

/** Debts are no threat either. */
const ANY_DEBT = 60_000;

/** All join at once, and are on the list from the second epoch on. */
export const flightGame = (
  { peers, seeds, warmRounds, rounds, epochRounds }: World & { readonly epochRounds: number },
  { isJoint = false, isBroken = false }: GameOptions = {},
): Game => ({
  meters: METERS,
  run: (seed, twists, deviators) => {
    const deviants = new Map(
      (twists.length === 0 ? [] : groupsOf(deviators, isJoint)).flatMap((group) => {
        const deviant = inFlight(combined(twists));
        return group.map((peer) => [FIRST_NODE + peer, deviant] as const);
      }),
    );
    const swarm = createFlightSwarm({
      seed,
      capacity: peers,
      config: isBroken
        ? { seeds, protocol: withEpochs(epochRounds, ANY_DEBT), keys: BROKEN_KEYS }
        : { seeds, protocol: withEpochs(epochRounds) },
      allowsUnsound: isBroken,
      checkInvariants: false,
      conductOf: (node) => deviants.get(node),
      strategyOf: (node) => deviants.get(node)?.strategy,
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
    const stream = rounds * packetsPerRound * packetBytes;
    const areFed = nodes.map((node) => isFed(swarm.peer(node).peer?.self ?? 0));
    return metersBetween(before, nodes.map(metersOf), [rounds, stream, stream], areFed);
  },
});

/** The same world is run once, whoever asks for it. */
export function remembering(game: Game): Game {
  const known = new Map<string, readonly Meters[]>();
  return {
    meters: game.meters,
    run: (seed, twists, deviators) => {
      const who = twists.length === 0 ? [] : deviators;
      const key = [seed, who.join(' '), ...twists.map(({ name }) => name)].join(', ');
      const outcome = known.get(key) ?? game.run(seed, twists, deviators);
      known.set(key, outcome);
      return outcome;
    },
  };
}
