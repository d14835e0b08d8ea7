/**
 * Alvisi et al. (IEEE S&P 2013): popularity, short ways and clustering are signs of an honest account until an attacker knows that they are
 * looked at; what he cannot make by himself is conductance, because that depends on edges that honest people have to agree to. Each property
 * as a ranking, against attackers who spend what is free against one of them.
 */

import { createPrng } from '@concordat/kernel';
import { areaUnderRoc, drawLabels, estimate, HONEST, UNJUDGED, withoutLabelled } from '@concordat/sybil';
import { drawBars } from '../../drawing/chart.ts';
import type { Experiment } from '../../experiment.ts';
import { atLeast, atMost, type Finding } from '../../finding.ts';
import { COMMUNITIES, chooseGraph, EGO_FACEBOOK, type GraphChoice } from '../../harness/real-graphs.ts';
import { ATTACKERS, type Attacker, besiege } from './attackers.ts';
import { PROPERTIES, type Property } from './properties.ts';

interface Parameters {
  readonly choice: GraphChoice;
  readonly seeds: number;
  readonly attackEdges: number;
  readonly draws: number;
}

interface Row {
  readonly property: string;
  readonly attacker: string;
  /** Mean over draws. */
  readonly area: number;
}

interface Data {
  readonly graph: string;
  readonly attackEdges: number;
  readonly rows: readonly Row[];
}

async function run(
  { choice, seeds, attackEdges, draws }: Parameters,
  progress: (line: string) => void,
): Promise<Data> {
  const { name, graph } = await chooseGraph(choice, progress);
  const everybody = new Uint8Array(graph.nodeCount).fill(HONEST);
  const rows = ATTACKERS.flatMap((attacker): Row[] => {
    const areas = new Map<string, number[]>(PROPERTIES.map((property) => [property.name, []]));
    for (let draw = 1; draw <= draws; draw += 1) {
      const random = createPrng(draw, 'properties');
      const labels = drawLabels(everybody, { honest: seeds, sybils: 0, noise: 0 }, random.fork('seeds'));
      const besieged = besiege(graph, attacker, attackEdges, labels.honest, random.fork('attack'));
      const judged = withoutLabelled(besieged.kinds, labels, UNJUDGED);
      for (const { name: property, scores } of PROPERTIES)
        areas.get(property)?.push(areaUnderRoc(scores(besieged.graph, labels.honest), judged));
    }
    return [...areas].map(([property, all]) => ({
      property,
      attacker: attacker.name,
      area: estimate(all).mean,
    }));
  });
  for (const { property, attacker, area } of rows)
    progress(`${property} against ${attacker}: ${area.toFixed(3)}`);
  return { graph: name, attackEdges, rows };
}

/** Areas of a property against the attackers that are meant. */
const areasOf = ({ rows }: Data, property: Property, isMeant: (attacker: Attacker) => boolean): number[] =>
  rows
    .filter((row) => row.property === property.name)
    .filter((row) => ATTACKERS.some((attacker) => attacker.name === row.attacker && isMeant(attacker)))
    .map(({ area }) => area);

/** At most so much is left of a property that can be faked, and at least so much of one that cannot. */
const FAKED = 0.6;
const KEPT = 0.9;
const KEPT_NEAR_SEEDS = 0.6;

const GREEDY =
  'greedy growth takes one community after the other, and from the border of the last honest one it knows a community of the replica is as good as the next honest one';

function findingsOf(data: Data): Finding[] {
  const { graph } = data;
  return PROPERTIES.flatMap((property) => {
    const free = Math.min(...areasOf(data, property, ({ isAimed }) => !isAimed));
    const aimed = Math.min(...areasOf(data, property, () => true));
    const worst = `${graph}: ${property.name}, area against the attacker who fakes it best`;
    if (!property.isLikeConductance) return [atMost(worst, aimed, FAKED)];
    const isMissed = property.name === 'local-community' && graph === EGO_FACEBOOK.name;
    const missed = isMissed ? { missedBecause: GREEDY } : {};
    return [
      atLeast(`${worst}, attack edges at random`, free, KEPT, {
        published: 'conductance resists',
        ...missed,
      }),
      atLeast(`${worst}, attack edges near the seeds too`, aimed, KEPT_NEAR_SEEDS, {
        remark: 'such edges cost what others cost here, but honest people decide about them',
        ...missed,
      }),
    ];
  });
}

export const sybilProperties: Experiment<Parameters, Data> = {
  name: 'sybil-properties',
  claim:
    'An attacker who pays for attack edges alone fakes popularity, short ways and clustering, but not conductance.',
  source:
    'Alvisi, Clement, Epasto, Lattanzi, Panconesi: SoK, the evolution of Sybil defense via social networks (IEEE S&P 2013)',
  small: { choice: COMMUNITIES, seeds: 5, attackEdges: 100, draws: 2 },
  full: { choice: EGO_FACEBOOK, seeds: 20, attackEdges: 500, draws: 10 },
  run,
  assert: findingsOf,
  draw: ({ graph, attackEdges, rows }) =>
    drawBars({
      title: `Area under the ROC by property and attacker, ${attackEdges} attack edges, ${graph}`,
      categories: PROPERTIES.map(({ name }) => name),
      series: ATTACKERS.map(({ name }) => ({
        name,
        values: PROPERTIES.map(
          (property) =>
            rows.find((row) => row.property === property.name && row.attacker === name)?.area ?? null,
        ),
      })),
      axis: { name: 'area', max: 1.2 },
      levels: [{ name: 'chance', value: 0.5 }],
    }),
};
