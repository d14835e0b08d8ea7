/**
 * BAR Gossip and FlightPath with the same stream, peers, seeds and network: what arrives, what cannot be played, what peers upload, and
 * how long after its release a round could be played.
 */

import type { NodeId } from '@concordat/kernel';
import { heldOf, type Store } from '@concordat/streaming';
import { deviationNamed, flightDeviant } from '@concordat/streaming/deviations';
import { createFlightSwarm, createSwarm, settle } from '@concordat/streaming/simulation';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import {
  follow,
  jitterOf,
  meanUpload,
  seedsFor,
  someOf,
  uploadAt,
  type Watched,
  watchedFlight,
  watchedGossip,
} from '../../harness/streaming.ts';

interface Parameters {
  readonly peers: number;
  readonly rounds: number;
  readonly shares: readonly number[];
}

type Protocol = 'BAR Gossip' | 'FlightPath';

interface Row {
  readonly protocol: Protocol;
  /** Of the peers: those that agree to trades and deliver nothing. */
  readonly share: number;
  /** Rounds that were played, as a share of those due. */
  readonly played: number;
  readonly jitter: number;
  /** Per peer and round, in units of the media. */
  readonly mean: number;
  readonly p99: number;
  readonly max: number;
  /** By rounds since the release: the share of rounds that could be played. */
  readonly playable: readonly number[];
}

const SEED = 1;
/** Packets of media in a round; FlightPath's code makes 50 of them. */
const MEDIA = 45;
const CODED = 50;
const PUSH_SHARE = 0.2;

/** A stream that is under way, and those in it who obey. */
interface Scene {
  readonly stream: Watched;
  readonly obedient: readonly NodeId[];
  storeOf(id: NodeId): Store | undefined;
}

/** Every packet is needed; the other figures are those of the preset, as shares of a round. */
function gossip(peers: number, share: number): Scene {
  const ids = Array.from({ length: peers }, (_, i) => i + 1);
  const deviants = someOf(ids, share);
  const deviation = deviationNamed('delivers-nothing');
  const swarm = createSwarm({
    seed: SEED,
    peers,
    config: {
      packetsPerRound: MEDIA,
      neededPackets: MEDIA,
      seeds: seedsFor(peers),
      protocol: {
        kind: 'gossip',
        pushSize: Math.round(PUSH_SHARE * MEDIA),
        youngRounds: 3,
        oldRounds: 7,
        junkFactor: 1.39,
      },
    },
    deviants: deviation === null ? [] : [{ ids: deviants, deviation }],
    network: { latencyMs: 20, jitterMs: 20 },
  });
  swarm.runRounds(15);
  return {
    stream: watchedGossip(swarm),
    obedient: ids.filter((id) => !deviants.includes(id)),
    storeOf: (id) => swarm.peer(id).store,
  };
}

function flight(peers: number, share: number): Scene {
  const isByzantine = (node: NodeId): boolean => someOf([node], share).length > 0;
  const deviation = flightDeviant('delivers-nothing');
  const swarm = createFlightSwarm({
    seed: SEED,
    capacity: peers,
    config: { packetsPerRound: CODED, neededPackets: MEDIA, seeds: seedsFor(peers) },
    checkInvariants: false,
    network: { latencyMs: 20, jitterMs: 20 },
    conductOf: (node) => (isByzantine(node) ? deviation : undefined),
  });
  const nodes = swarm.add(peers);
  settle(swarm);
  return {
    stream: watchedFlight(swarm),
    obedient: nodes.filter((node) => !isByzantine(node)),
    storeOf: (node) => swarm.peer(node).peer?.store,
  };
}

/** Share of the rounds that could be played at each age, looked at once: peers are many. */
function playableIn({ stream, obedient, storeOf }: Scene): number[] {
  const { lifetimeRounds, neededPackets } = stream.config;
  const counts = new Float64Array(lifetimeRounds);
  for (const id of obedient) {
    const store = storeOf(id);
    if (store === undefined) continue;
    for (let age = 0; age < lifetimeRounds; age++)
      if (heldOf(store, store.newest - age) >= neededPackets) counts[age]! += 1 / obedient.length;
  }
  return [...counts];
}

const LOOKS = 5;

function measure(protocol: Protocol, share: number, { peers, rounds }: Parameters): Row {
  const scene = protocol === 'BAR Gossip' ? gossip(peers, share) : flight(peers, share);
  const courses = [];
  const looks: number[][] = [];
  for (let look = 0; look < LOOKS; look++) {
    courses.push(follow(scene.stream, scene.obedient, Math.ceil(rounds / LOOKS)));
    looks.push(playableIn(scene));
  }
  // Uploads are told in units of the packets on the wire; here the media count.
  const unit = scene.stream.config.packetsPerRound / MEDIA;
  const meanOf = (figures: readonly number[]): number =>
    figures.reduce((sum, x) => sum + x, 0) / figures.length;
  const jitter = jitterOf(courses);
  return {
    protocol,
    share,
    played: 1 - jitter,
    jitter,
    mean: unit * meanOf(courses.map(meanUpload)),
    p99: unit * Math.max(...courses.map((course) => uploadAt(course, 0.99))),
    max: unit * Math.max(...courses.map(({ maxUpload }) => maxUpload)),
    playable: (looks[0] ?? []).map((_, age) => meanOf(looks.map((look) => look[age] ?? 0))),
  };
}

/** Rounds from a release until so large a share of the peers could play it; the lifetime if it is never reached. */
function lagOf({ playable }: Row, share: number): number {
  const at = playable.findIndex((playing) => playing >= share);
  return at < 0 ? playable.length : at;
}

const MOST = 0.99;

function findingsOf(rows: readonly Row[]): Finding[] {
  const shares = [...new Set(rows.map(({ share }) => share))];
  return shares.flatMap((share): Finding[] => {
    const [old, young] = (['BAR Gossip', 'FlightPath'] as const).map((protocol) =>
      rows.find((row) => row.protocol === protocol && row.share === share),
    );
    if (old === undefined || young === undefined) return [];
    const who = share === 0 ? 'all obey' : `${100 * share} % deliver nothing`;
    const of = (figure: (row: Row) => string): { remark: string } => ({
      remark: `BAR Gossip ${figure(old)}, FlightPath ${figure(young)}`,
    });
    return [
      atMost(`${who}: rounds not played, FlightPath over BAR Gossip`, young.jitter / old.jitter, 0.1, {
        published: 'jitter several orders of magnitude below',
        ...of(({ jitter }) => `${(100 * jitter).toFixed(3)} %`),
      }),
      atLeast(`${who}, FlightPath: rounds played, as a share`, young.played, 0.999),
      atMost(
        `${who}: mean upload, FlightPath over BAR Gossip`,
        young.mean / old.mean,
        1,
        of(({ mean }) => mean.toFixed(2)),
      ),
      atMost(
        `${who}: 99th percentile of uploads, the same`,
        young.p99 / old.p99,
        0.8,
        of(({ p99 }) => p99.toFixed(2)),
      ),
      atMost(
        `${who}: busiest peer-round, the same`,
        young.max / old.max,
        0.5,
        of(({ max }) => max.toFixed(2)),
      ),
      atMost(
        `${who}: rounds until 99 % of the peers could play, the same`,
        lagOf(young, MOST) / lagOf(old, MOST),
        1,
        of((row) => `${lagOf(row, MOST)}`),
      ),
    ];
  });
}

export const streamingSideBySide: Experiment<Parameters, readonly Row[]> = {
  name: 'streaming-side-by-side',
  claim: 'FlightPath plays what BAR Gossip cannot, sooner, and without peaks of upload.',
  source: 'FlightPath (OSDI 2008), compared with BAR Gossip (OSDI 2006)',
  small: { peers: 60, rounds: 15, shares: [0] },
  full: { peers: 250, rounds: 60, shares: [0, 0.1] },
  run: (parameters, progress) =>
    parameters.shares.flatMap((share) =>
      (['BAR Gossip', 'FlightPath'] as const).map((protocol) => {
        const row = measure(protocol, share, parameters);
        const upload = [row.mean, row.p99, row.max].map((figure) => figure.toFixed(2)).join(' / ');
        progress(
          `${protocol}, ${100 * share} % deliver nothing: jitter ${(100 * row.jitter).toFixed(3)} %, upload mean / p99 / max ${upload}, playable after ${lagOf(row, MOST)} rounds`,
        );
        return row;
      }),
    ),
  assert: findingsOf,
  draw: (rows) =>
    drawCurves({
      title: 'Rounds that could be played, by time since their release',
      series: rows.map(({ protocol, share, playable }) => ({
        name: share === 0 ? protocol : `${protocol}, ${100 * share} % deliver nothing`,
        points: playable.map((playing, age): [number, number] => [age, 100 * playing]),
        isDashed: share > 0,
      })),
      x: { name: 'rounds' },
      y: { name: '% of the peers', max: 100 },
    }),
};
