/**
 * Landmark routing after Canal (EuroSys 2012), for graphs where a search costs too much: a way from payer to payee goes over a
 * landmark that both are near. It may refuse what a search would have found, and never grants what the links do not have: units
 * move over it as over any path. Universes of forests are rebuilt in turn, so that ways that are used up disappear.
 */

import type { Prng } from '@concordat/kernel';
import { isCutOff } from '../network/cuts.ts';
import type { Steps } from '../network/holds.ts';
import type { CreditNetwork } from '../network/network.ts';
import { findSteps, type PaymentRequest, pushAlong, type Router, undoSteps } from '../network/payment.ts';
import { nextMark, UNBOUNDED } from '../network/search.ts';
import { type Building, type Forest, growForest, NOWHERE, startForest } from './forest.ts';

export interface LandmarkSettings {
  /** Independent sets of landmarks. */
  readonly universes: number;
  /** Levels of a universe, with 1, 2, 4 ... landmarks. */
  readonly levels: number;
  /**
   * Accounts that a search may reach for what landmarks could not pay, before the payment is refused; 0: none. PERF: on a
   * million accounts with five million links, after 300,000 payments: 1024 made 92.2 % of the exact decisions on three
   * units, 4096 made 99.8 %; without any, after 500,000, it was 77.6 %.
   */
  readonly repairVisits: number;
}

export const DEFAULT_LANDMARKS: LandmarkSettings = { universes: 3, levels: 6, repairVisits: 4096 };

export interface Landmarks {
  readonly settings: LandmarkSettings;
  readonly prng: Prng;
  /** The finest level of every universe first: its ways are the shortest. */
  readonly forests: Forest[];
  /** The forest to be rebuilt next. */
  turn: number;
  building: Building | null;
  /** Arrays of the forest that was replaced last. */
  spare: Building | null;
  /** Forests that were finished. */
  rebuilt: number;
  readonly path: number[];
}

const UNBUILT = new Uint32Array(0);

/** Landmarks without ways yet: `refreshLandmarks` builds them, a slice at a time, while payments go by search alone. */
export function openLandmarks(prng: Prng, settings: LandmarkSettings = DEFAULT_LANDMARKS): Landmarks {
  const forests: Forest[] = [];
  for (let level = settings.levels - 1; level >= 0; level -= 1)
    for (let universe = 0; universe < settings.universes; universe += 1)
      forests.push({ level, towards: UNBUILT, away: UNBUILT });
  return { settings, prng, forests, turn: 0, building: null, spare: null, rebuilt: 0, path: [] };
}

/** Builds all forests at once: 8 bytes for each account and forest. */
export function createLandmarks(network: CreditNetwork, prng: Prng, settings?: LandmarkSettings): Landmarks {
  const landmarks = openLandmarks(prng, settings);
  for (let i = 0; i < landmarks.forests.length; i += 1)
    refreshLandmarks(network, landmarks, Number.POSITIVE_INFINITY);
  landmarks.rebuilt = 0;
  return landmarks;
}

/** Goes on rebuilding, looking at no more than about `links` links: to be called between payments. */
export function refreshLandmarks(network: CreditNetwork, landmarks: Landmarks, links: number): void {
  const former = landmarks.forests[landmarks.turn];
  if (former === undefined) return;
  landmarks.building ??= startForest(network, former.level, landmarks.prng, landmarks.spare);
  const { building } = landmarks;
  if (!growForest(network, building, links)) return;
  landmarks.forests[landmarks.turn] = building.forest;
  landmarks.spare = { ...building, forest: former };
  landmarks.building = null;
  landmarks.turn = (landmarks.turn + 1) % landmarks.forests.length;
  landmarks.rebuilt += 1;
}

/** A router over these landmarks, for `pay`, `reserve` and `view`: one forest after the other, each with what its way can pay. */
export const landmarkRouter =
  (landmarks: Landmarks): Router =>
  (network, request) => {
    const steps: number[] = [];
    let left = request.amount;
    if (isCutOff(network, request.from, request.to, left)) {
      network.search.dry = 'landmarks';
      return null;
    }
    for (const forest of landmarks.forests) {
      if (wayOver(network, forest, request.from, request.to, landmarks.path))
        left -= pushAlong(network, landmarks.path, left, steps);
      if (left === 0) return steps;
    }
    const rest = repair(network, landmarks, request, left);
    if (rest !== null) return [...steps, ...rest];
    undoSteps(network, steps);
    return null;
  };

/** What is left, by a search within bounds: what is short on either end is mostly near it. */
function repair(
  network: CreditNetwork,
  landmarks: Landmarks,
  request: PaymentRequest,
  left: number,
): Steps | null {
  const visitsMax = landmarks.settings.repairVisits;
  if (visitsMax > 0) {
    const hopsMax = request.bounds?.hopsMax ?? UNBOUNDED.hopsMax;
    const rest = findSteps(network, { ...request, amount: left, bounds: { hopsMax, visitsMax } });
    if (rest !== null || network.search.dry !== 'visits') return rest;
  }
  network.search.dry = 'landmarks';
  return null;
}

/** Writes the way over the landmark that both are near, loops cut; false if there is none. */
function wayOver(network: CreditNetwork, forest: Forest, from: number, to: number, path: number[]): boolean {
  const { search } = network;
  const { towards, away } = forest;
  if (from >= towards.length || to >= away.length || towards[from] === NOWHERE || away[to] === NOWHERE)
    return false;
  const { seen, via } = search;
  const mark = nextMark(search);
  path.length = 0;
  for (let node = from; ; ) {
    seen[node] = mark;
    via[node] = path.length;
    path.push(node);
    const next = towards[node] as number;
    if (next === node) break;
    node = next;
  }
  let meeting = to;
  let length = 0;
  while (seen[meeting] !== mark) {
    length += 1;
    const next = away[meeting] as number;
    if (next === meeting) return false;
    meeting = next;
  }
  path.length = (via[meeting] as number) + 1;
  const last = path.length + length - 1;
  for (let [at, node] = [last, to]; node !== meeting; [at, node] = [at - 1, away[node] as number])
    path[at] = node;
  return path.length > 1;
}
