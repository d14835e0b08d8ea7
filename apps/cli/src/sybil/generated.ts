/**
 * A social graph to try things on: honest people in communities, fake accounts beside them, attack edges between, names that tell
 * nothing. Everything is drawn from one number, so that everybody gets the same.
 */

import { edgesOf, plantedCommunities } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  type AttackKind,
  type AttackModel,
  mountAttack,
  type SybilRegion,
  usualAttack,
} from '@concordat/sybil';
import { csvOf } from './csv.ts';

export type RegionKind = SybilRegion['kind'];

/** Honest accounts that the attacker may befriend. */
export const targetsOf = (model: AttackModel, honestCount: number): number =>
  'share' in model ? Math.max(1, Math.round(model.share * honestCount)) : honestCount;

export function regionOf(kind: RegionKind, share: number): SybilRegion {
  return kind === 'replica' ? { kind } : { kind, share };
}

export interface GeneratedShape {
  /** Honest accounts, at least 40. */
  readonly accounts: number;
  readonly communities: number;
  readonly attack: AttackKind;
  readonly attackEdges: number;
  readonly region: RegionKind;
  /** Fakes as a share of the honest accounts; a replica has as many. */
  readonly sybilShare: number;
  readonly seeds: number;
  readonly dice: number;
}

export interface GeneratedGraph {
  readonly accounts: number;
  readonly sybils: number;
  readonly edges: number;
  /** Parts of the files that are written side by side. */
  readonly graphText: Iterable<string>;
  readonly seedsText: Iterable<string>;
  readonly labelsText: Iterable<string>;
  /** Names of fakes, in the order of their making: to ask about one. */
  readonly sybilNames: readonly string[];
}

/** Friends that an account has in its community and outside, on average. */
const [FRIENDS_INSIDE, FRIENDS_OUTSIDE] = [10, 2];

function shuffled(count: number, random: Prng): Uint32Array {
  const places = new Uint32Array(count).map((_, at) => at);
  for (let at = count - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    [places[at], places[other]] = [places[other] as number, places[at] as number];
  }
  return places;
}

export function generateGraph(shape: GeneratedShape): GeneratedGraph {
  const random = createPrng(shape.dice, 'generated graph');
  const honest = plantedCommunities(
    {
      communityCount: shape.communities,
      communitySize: Math.ceil(shape.accounts / shape.communities),
      degreeInside: FRIENDS_INSIDE,
      degreeOutside: shape.communities > 1 ? FRIENDS_OUTSIDE : 0,
    },
    random.fork('honest'),
  ).graph;
  const drawn = shuffled(honest.nodeCount, random.fork('seeds'));
  const seeds = [...drawn.subarray(0, shape.seeds)];
  const { graph, kinds } = mountAttack(
    honest,
    {
      region: regionOf(shape.region, shape.sybilShare),
      edges: usualAttack(shape.attack, seeds),
      edgeCount: shape.attackEdges,
    },
    random.fork('attack'),
  );
  const numbers = shuffled(graph.nodeCount, random.fork('names'));
  const digits = String(graph.nodeCount - 1).length;
  const nameOf = (node: number): string => `user${String(numbers[node]).padStart(digits, '0')}`;
  const edges = edgesOf(graph);
  return {
    accounts: graph.nodeCount,
    sybils: graph.nodeCount - honest.nodeCount,
    edges: edges.sources.length,
    graphText: edgeLines(edges.sources, edges.targets, nameOf, random.fork('lines')),
    seedsText: [
      `# ${seeds.length} accounts known to be honest\n`,
      ...seeds.map((node) => `${nameOf(node)}\n`),
    ],
    labelsText: csvOf(
      ['account', 'label'],
      [...shuffled(graph.nodeCount, random.fork('labels'))].map((node) => [
        nameOf(node),
        kinds[node] === 0 ? 'honest' : 'sybil',
      ]),
    ),
    sybilNames: Array.from({ length: graph.nodeCount - honest.nodeCount }, (_, at) =>
      nameOf(honest.nodeCount + at),
    ),
  };
}

/** In a random order, so that the file does not tell who is who. */
function* edgeLines(
  sources: Uint32Array,
  targets: Uint32Array,
  nameOf: (node: number) => string,
  random: Prng,
): Iterable<string> {
  yield '# friendships, one a line\n';
  for (const edge of shuffled(sources.length, random))
    yield `${nameOf(sources[edge] as number)} ${nameOf(targets[edge] as number)}\n`;
}
