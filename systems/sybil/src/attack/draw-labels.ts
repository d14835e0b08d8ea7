/** Labels drawn from the truth, some of them wrong: what moderators know, and how often they err. */

import { assert, type Prng } from '@concordat/kernel';
import { HONEST, SYBIL } from '../evaluate/roc.ts';
import type { Labels } from '../rank/ranking.ts';

export interface LabelShape {
  readonly honest: number;
  readonly sybils: number;
  /** Share of each list, 0 to 0.5, that is of the other kind. */
  readonly noise: number;
}

/** Moves `count` distinct items, drawn at random, to the front of `items` and returns them. */
function drawSome(items: Uint32Array, count: number, random: Prng): number[] {
  assert(count <= items.length, 'there are as many accounts of a kind as labels');
  for (let at = 0; at < count; at += 1) {
    const other = at + random.below(items.length - at);
    [items[at], items[other]] = [items[other] as number, items[at] as number];
  }
  return [...items.subarray(0, count)];
}

/** Distinct accounts labelled honest and Sybil, of which `noise` are really the other. Accounts of other kinds are not drawn. */
export function drawLabels(kinds: Uint8Array, shape: LabelShape, random: Prng): Labels {
  const nodes = new Uint32Array(kinds.length).map((_, node) => node);
  const wrongHonest = Math.round(shape.noise * shape.honest);
  const wrongSybils = Math.round(shape.noise * shape.sybils);
  const honest = drawSome(
    nodes.filter((node) => kinds[node] === HONEST),
    shape.honest - wrongHonest + wrongSybils,
    random,
  );
  const sybils = drawSome(
    nodes.filter((node) => kinds[node] === SYBIL),
    shape.sybils - wrongSybils + wrongHonest,
    random,
  );
  const [rightHonest, rightSybils] = [shape.honest - wrongHonest, shape.sybils - wrongSybils];
  return {
    honest: [...honest.slice(0, rightHonest), ...sybils.slice(rightSybils)],
    sybils: [...sybils.slice(0, rightSybils), ...honest.slice(rightHonest)],
  };
}

/** The truth without labelled accounts: what a ranking is judged on. */
export function withoutLabelled(kinds: Uint8Array, labels: Labels, unjudged: number): Uint8Array {
  const judged = kinds.slice();
  for (const node of [...labels.honest, ...labels.sybils]) judged[node] = unjudged;
  return judged;
}
