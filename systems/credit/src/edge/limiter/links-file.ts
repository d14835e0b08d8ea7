/**
 * Links from a file: one a line, two names apart by a comma, a tab or blanks; `#` begins a comment. Plain or gzip. For friend lists,
 * invitation trees (who invited whom), customers and their keys.
 */

import { createReadStream } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { buildGraph, createEdgeBuffer, edgeListOf, pushEdge } from '@concordat/graph';
import { createLedger, isName, type Ledger, NAME_MAX } from '../../ledger/ledger.ts';
import { createNetwork } from '../../network/network.ts';
import type { LinkPolicy } from '../../policies/policy.ts';
import { CreditError } from '../errors.ts';

export interface NamedLinks {
  readonly names: string[];
  readonly nodes: Map<string, number>;
  /** Ends of links as places in `names`; repetitions are merged when a network is made. */
  readonly edges: ReturnType<typeof createEdgeBuffer>;
}

/** A line is longer than two names and what parts them: not a file of links. */
const LINE_MAX = 4 * NAME_MAX;

export const noLinks = (): NamedLinks => ({ names: [], nodes: new Map(), edges: createEdgeBuffer() });

/** Takes one more link in; a link of an account with itself names the account alone. */
export function addNamed(links: NamedLinks, a: string, b: string): void {
  const [from, to] = [nodeOf(links, a), nodeOf(links, b)];
  if (from !== to) pushEdge(links.edges, from, to);
}

function nodeOf({ names, nodes }: NamedLinks, name: string): number {
  const found = nodes.get(name);
  if (found !== undefined) return found;
  nodes.set(name, names.length);
  return names.push(name) - 1;
}

/** Rejects with `bad-configuration`, naming the line, at the first that is no link, and when there is no such file. */
export async function readLinksFile(path: string): Promise<NamedLinks> {
  const links = noLinks();
  let number = 0;
  try {
    for await (const line of linesOf(path)) {
      number += 1;
      const text = line.replace(/#.*$/, '').trim();
      if (text === '') continue;
      const [a, b, ...more] = text.split(/\s*[,\t]\s*|\s+/);
      if (a === undefined || b === undefined || more.length > 0 || !isName(a) || !isName(b))
        throw new CreditError(
          'bad-configuration',
          `two names of at most ${NAME_MAX} letters, apart by a comma`,
        );
      addNamed(links, a, b);
    }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CreditError('bad-configuration', `${path}, line ${Math.max(1, number)}: ${why}`, error);
  }
  return links;
}

async function* linesOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path);
  const text = path.endsWith('.gz') ? file.pipe(createGunzip()) : file;
  if (text !== file) file.on('error', (error) => text.destroy(error));
  text.setEncoding('utf8');
  let rest = '';
  for await (const block of text) {
    const lines = (rest + block).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_MAX)
      throw new CreditError('bad-configuration', `a line has at most ${LINE_MAX} letters`);
    yield* lines;
  }
  if (rest !== '') yield rest;
}

/** A ledger of these links, all fresh. */
export function ledgerOf({ names, edges }: NamedLinks, policy: LinkPolicy, nowMs: number): Ledger {
  const { graph } = buildGraph({ nodeCount: names.length, isDirected: false, ...edgeListOf(edges) });
  return createLedger(createNetwork({ graph, policy, nowMs }), names);
}
