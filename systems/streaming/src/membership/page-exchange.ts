/** Pages of a list that are asked for and answered, as bits, between those who miss some and those who have some. */

import type { MemberPage } from './epoch-list.ts';

/** Pages that one question is answered with at most. */
export const PAGES_PER_ANSWER = 4;

type Pages = readonly (MemberPage | null)[];
/** An integer from 0 to below `bound`. */
type Draw = (bound: number) => number;

/** Deals what is missing out to `questions`, so that no two answers bring the same; those with nothing to ask are left out. */
export function dealMissing(pages: Pages, questions: number, draw: Draw): Uint8Array[] {
  const bits = Array.from({ length: questions }, () => new Uint8Array(Math.ceil(pages.length / 8)));
  for (const [page, members] of pages.entries()) {
    if (members !== null) continue;
    const question = bits[draw(questions)] as Uint8Array;
    question[page >> 3] = (question[page >> 3] ?? 0) | (1 << (page & 7));
  }
  return bits.filter((question) => question.some((byte) => byte !== 0));
}

/** Up to `limit` pages that are wanted and here, from a random one on: not everybody is to get the same. */
export function pickWanted(pages: Pages, wanted: Uint8Array, limit: number, draw: Draw): number[] {
  const picked: number[] = [];
  const first = pages.length === 0 ? 0 : draw(pages.length);
  for (let i = 0; i < pages.length && picked.length < limit; i++) {
    const page = (first + i) % pages.length;
    const isWanted = ((wanted[page >> 3] ?? 0) & (1 << (page & 7))) !== 0;
    if (isWanted && pages[page] !== null) picked.push(page);
  }
  return picked;
}
