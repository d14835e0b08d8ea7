/**
 * Viswanath et al. (SIGCOMM 2010): where honest accounts form several communities, a ranking of all from one trusted account cuts at its own
 * community's border, not at the attack edges. A whitelist around the seed only speaks of that community and stays right, and seeds
 * in every community make a ranking of all possible again.
 */

import { type CommunitiesShape, largestComponent, plantedCommunities } from '@concordat/graph';
import { createPrng, type Prng } from '@concordat/kernel';
import {
  areaUnderRoc,
  estimate,
  HONEST,
  type Labels,
  localWhitelist,
  mountAttack,
  UNJUDGED,
  withoutLabelled,
} from '@concordat/sybil';
import { drawCurves } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { mean, scoresBy } from '../../harness/sybil-trial.ts';

interface Parameters {
  /** Friends outside the own community vary. */
  readonly shape: Omit<CommunitiesShape, 'degreeOutside'>;
  readonly outside: readonly number[];
  /** Attack edges for each honest account. */
  readonly attackShare: number;
  readonly draws: number;
}

/** Means over draws. */
interface Row {
  readonly outside: number;
  /** Area from one seed, by method. */
  readonly one: Readonly<Record<Method, number>>;
  /** Area from a seed in each community. */
  readonly each: Readonly<Record<Method, number>>;
  /** Share of honest accounts on the whitelist around one seed, and its size. */
  readonly precision: number;
  readonly listed: number;
}

const METHODS = ['sybilrank', 'acl', 'local-community'] as const;
type Method = (typeof METHODS)[number];

interface Draw {
  readonly one: Record<Method, number>;
  readonly each: Record<Method, number>;
  readonly precision: number;
  readonly listed: number;
}

/** One account of each community. */
function seedsOf(blocks: readonly number[], random: Prng): number[] {
  const members = new Map<number, number[]>();
  for (const [node, block] of blocks.entries()) members.set(block, [...(members.get(block) ?? []), node]);
  return [...members.values()].map((nodes) => random.pick(nodes));
}

function drawOne({ shape, attackShare }: Parameters, degreeOutside: number, draw: number): Draw {
  const random = createPrng(draw, 'communities');
  const planted = plantedCommunities({ ...shape, degreeOutside }, random.fork('honest'));
  const { graph: honest, nodes } = largestComponent(planted.graph);
  const edgeCount = Math.round(attackShare * honest.nodeCount);
  const attack = { region: { kind: 'replica' }, edges: { kind: 'random' }, edgeCount } as const;
  const { graph, kinds } = mountAttack(honest, attack, random.fork('attack'));
  const each = seedsOf(
    Array.from(nodes, (node) => planted.blocks[node] ?? 0),
    random.fork('seeds'),
  );
  const one = [random.pick(each)];
  const areasFrom = (seeds: readonly number[]): Record<Method, number> => {
    const labels: Labels = { honest: seeds, sybils: [] };
    const judged = withoutLabelled(kinds, labels, UNJUDGED);
    const area = (method: Method): number => areaUnderRoc(scoresBy(method, graph, labels), judged);
    return { sybilrank: area('sybilrank'), acl: area('acl'), 'local-community': area('local-community') };
  };
  const list = localWhitelist(graph, one, { leastSize: Math.round(0.8 * shape.communitySize) }).nodes;
  const honestListed = list.filter((node) => kinds[node] === HONEST).length;
  return {
    one: areasFrom(one),
    each: areasFrom(each),
    precision: honestListed / list.length,
    listed: list.length,
  };
}

function meanOf(draws: readonly Draw[], outside: number): Row {
  const areas = (side: 'one' | 'each'): Record<Method, number> => ({
    sybilrank: mean(draws.map((draw) => draw[side].sybilrank)),
    acl: mean(draws.map((draw) => draw[side].acl)),
    'local-community': mean(draws.map((draw) => draw[side]['local-community'])),
  });
  return {
    outside,
    one: areas('one'),
    each: areas('each'),
    precision: mean(draws.map(({ precision }) => precision)),
    listed: mean(draws.map(({ listed }) => listed)),
  };
}

interface Data {
  readonly communities: number;
  readonly rows: readonly Row[];
}

function findingsOf({ rows }: Data): Finding[] {
  const [apart, mixed] = [rows[0], rows.at(-1)];
  if (apart === undefined || mixed === undefined) return [];
  const at = ({ outside }: Row): string => `${outside} friends outside the community`;
  return [
    ...METHODS.slice(0, 2).flatMap((method) => [
      atLeast(`${at(mixed)}: ${method} from one seed, area`, mixed.one[method], 0.9),
      atMost(`${at(apart)}: ${method} from one seed, area`, apart.one[method], 0.75, {
        published: 'fails when there are several communities',
      }),
      atLeast(`${at(apart)}: ${method} from a seed in each community, area`, apart.each[method], 0.95),
    ]),
    atLeast(
      'any number of friends outside: precision of the whitelist around one seed, the least',
      Math.min(...rows.map(({ precision }) => precision)),
      0.95,
    ),
    atLeast(
      'any number of friends outside: accounts on that whitelist, the least over those of a community',
      Math.min(...rows.map(({ listed }) => listed)) / COMMUNITY,
      0.75,
    ),
  ];
}
const COMMUNITY = 200;

export const sybilCommunities: Experiment<Parameters, Data> = {
  name: 'sybil-communities',
  claim:
    'Communities break rankings of all accounts from one seed, not the whitelist around it; seeds in every community repair them.',
  source: 'Viswanath, Post, Gummadi, Mislove (SIGCOMM 2010)',
  small: {
    shape: { communityCount: 8, communitySize: COMMUNITY, degreeInside: 12 },
    outside: [0.05, 4],
    attackShare: 0.05,
    draws: 3,
  },
  full: {
    shape: { communityCount: 20, communitySize: COMMUNITY, degreeInside: 12 },
    outside: [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4],
    attackShare: 0.05,
    draws: 20,
  },
  run: (parameters, progress) => ({
    communities: parameters.shape.communityCount,
    rows: parameters.outside.map((outside) => {
      const draws = Array.from({ length: parameters.draws }, (_, draw) =>
        drawOne(parameters, outside, draw + 1),
      );
      const row = meanOf(draws, outside);
      const { one, each, precision, listed } = row;
      progress(
        `${outside} outside: one seed ${METHODS.map((method) => `${method} ${one[method].toFixed(3)}`).join(', ')}; ` +
          `each ${METHODS.map((method) => each[method].toFixed(3)).join(', ')}; ` +
          `whitelist ${precision.toFixed(3)} of ${listed.toFixed(0)}, ${estimate(draws.map((draw) => draw.precision)).low.toFixed(3)}`,
      );
      return row;
    }),
  }),
  assert: findingsOf,
  draw: ({ communities, rows }) =>
    drawCurves({
      title: `${communities} communities that separate: area under the ROC, and precision of a whitelist`,
      series: [
        ...METHODS.map((method) => ({
          name: `${method}, one seed`,
          points: rows.map(({ outside, one }): [number, number] => [outside, one[method]]),
        })),
        {
          name: 'whitelist around one seed, precision',
          points: rows.map(({ outside, precision }): [number, number] => [outside, precision]),
        },
        ...METHODS.slice(0, 2).map((method) => ({
          name: `${method}, a seed in each`,
          isDashed: true,
          points: rows.map(({ outside, each }): [number, number] => [outside, each[method]]),
        })),
      ],
      x: { name: 'friends outside the own community, of about 12 more inside', isLog: true },
      y: { name: 'area, precision', max: 1 },
      levels: [{ name: 'chance', value: 0.5 }],
    }),
};
