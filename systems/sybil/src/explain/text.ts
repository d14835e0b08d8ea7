/** An explanation in sentences, for somebody who decides about the account. Nothing here computes: the record says all. */

import type { Bound } from './bounds.ts';
import type { ShownCut } from './explainer.ts';
import type { Explanation, Ground } from './explanation.ts';
import type { Mixing } from './mixing.ts';

const SHOWN_EDGES = 10;

function short(value: number): string {
  return Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toPrecision(2);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function groundSentence(ground: Ground, name: string, sparseBelow: number): string {
  const sparse = `sparse (conductance below ${short(sparseBelow)})`;
  switch (ground) {
    case 'no-seeds':
      return `Nothing can be said of ${name}: there are no trusted seeds to compare with.`;
    case 'is-seed':
      return `${name} is a trusted seed itself.`;
    case 'no-edges':
      return `${name} has no edges: nobody vouches for it.`;
    case 'other-component':
      return `${name} is in a part of the graph without any connection to a seed.`;
    case 'seeds-within':
      return `${name} is on the seeds' side: the sparsest cut around it has seeds within.`;
    case 'within-seeds':
      return `${name} is on the seeds' side: it is within the sparsest cut around the seeds.`;
    case 'no-sparse-cut':
      return `${name} is on the seeds' side: no cut that is ${sparse} was found around it, nor around the seeds.`;
    case 'seeds-outside':
      return `${name} is apart from the seeds: a cut around it that is ${sparse} leaves all of them outside.`;
    case 'outside-seeds':
      return `${name} is apart from the seeds: a cut around them that is ${sparse} leaves it outside.`;
  }
}

function cutSentences(cut: ShownCut, nameOf: (node: number) => string): string[] {
  const whose = cut.holdsAccount ? "the account's" : "the seeds'";
  const edgeCount = cut.edges.length / 2;
  const lines = [
    `The cut: ${counted(edgeCount, 'edge')} around ${counted(cut.members.length, 'account')} on ${whose} side, ${counted(cut.seedCount, 'seed')} among them; conductance ${short(cut.conductance)}.`,
  ];
  for (let at = 0; at < Math.min(edgeCount, SHOWN_EDGES); at += 1)
    lines.push(`  ${nameOf(cut.edges[2 * at] as number)} - ${nameOf(cut.edges[2 * at + 1] as number)}`);
  if (edgeCount > SHOWN_EDGES) lines.push(`  and ${edgeCount - SHOWN_EDGES} more`);
  return lines;
}

function boundSentences(bound: Bound): string[] {
  if (bound.formula === null) return [`For ${bound.method} no bound is known.`];
  const value =
    bound.value === null
      ? ''
      : `; here ${short(bound.value)}${bound.isExact ? '' : ' times an unknown constant'}`;
  const marks = new Map([
    [true, 'looks true here'],
    [false, 'looks FALSE here'],
    [null, 'the graph cannot tell'],
  ]);
  return [
    `${bound.method} lets pass, for g edges in the cut: ${bound.formula}${value}. This assumes:`,
    ...bound.assumptions.map(({ text, seemsTrue }) => `  ${text}: ${marks.get(seemsTrue)}`),
  ];
}

function mixingSentence({ communityCount, isCountCut, spectralGap, steps, walkDistance }: Mixing): string {
  const count = `${isCountCut ? 'at least ' : ''}${counted(communityCount, 'communit')}`
    .replace(/communits$/, 'communities')
    .replace(/communit$/, 'community');
  const walk =
    walkDistance === null
      ? ''
      : `; the seeds' own walk is then ${short(100 * walkDistance)} % from its limit`;
  return `The graph around the seeds: spectral gap ${short(spectralGap)}, ${count} that walks of ${steps} steps do not mix${walk}.`;
}

/** What "apart" is worth. */
function warningSentences({ side, ground, attackEdges, mixing }: Explanation): string[] {
  if (side !== 'apart' || ground === 'no-edges') return [];
  const lines = [`If what is apart is fake, its owner has ${counted(attackEdges ?? 0, 'attack edge')}.`];
  if (mixing !== null && mixing.communityCount > 2)
    lines.push('An honest community without a seed would look the same: this graph has several.');
  return lines;
}

/** The explanation as lines of text, the verdict first. */
export function explanationLines(
  explanation: Explanation,
  nameOf: (node: number) => string = String,
): string[] {
  const { account, ground, cut, chainCount, chainLimit, sweep, bound, mixing, sparseBelow } = explanation;
  const lines = [groundSentence(ground, nameOf(account), sparseBelow)];
  if (cut !== null) lines.push(...cutSentences(cut, nameOf));
  lines.push(...warningSentences(explanation));
  if (chainCount !== null)
    lines.push(
      `${chainCount === chainLimit ? 'At least ' : ''}${counted(chainCount, 'chain')} of friends to the seeds without a common edge: the fewest attack edges there can be, if it is fake.`,
    );
  if (sweep !== null)
    lines.push(
      `The sweep around it: ${counted(sweep.members.length, 'account')}, ${short(sweep.weight)} edges out, conductance ${short(sweep.conductance)}.`,
    );
  if (bound !== null) lines.push(...boundSentences(bound));
  if (mixing !== null) lines.push(mixingSentence(mixing));
  return lines;
}
