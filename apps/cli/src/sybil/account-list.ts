/**
 * Files that name accounts: seeds, known Sybils, labels. One account a line, or CSV with a column `account` (and `label`, which is
 * `honest` or `sybil`, or 1 or -1 as published labels of frauds have it); empty lines and lines that begin with # count for nothing. What is wrong is told with its line.
 */

import { readFileSync } from 'node:fs';
import { CommandError, messageOf } from '../errors.ts';
import { readRow } from './csv.ts';
import type { NamedGraph } from './named-graph.ts';

const MAX_BYTES = 512 * 1024 * 1024;
/** Unknown names that are told one by one. */
const TOLD = 5;

export interface Listed {
  readonly name: string;
  /** What stands in the file's second column, or in that which its header names so; empty if there is none. */
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** The rows of an account file; `valueName` is what its header would call the values. Throws `bad-line` with `file:line`. */
export function parseAccounts(file: string, text: string, valueName: string): Listed[] {
  const found: Listed[] = [];
  let [nameAt, valueAt] = [0, 1];
  let isFirst = true;
  let line = 0;
  for (const raw of text.split('\n')) {
    line += 1;
    const content = raw.replace(/\r$/, '').trim();
    if (content === '' || content.startsWith('#')) continue;
    const values = readRow(content);
    if (values === null)
      throw new CommandError(
        'bad-line',
        `${file}:${line}: a quote is not closed`,
        'Names with commas or quotes stand in quotes, as CSV has them.',
      );
    const header = isFirst ? values.map((value) => value.toLowerCase()) : [];
    isFirst = false;
    if (header.includes('account')) {
      nameAt = header.indexOf('account');
      valueAt = header.includes(valueName) ? header.indexOf(valueName) : values.length;
      continue;
    }
    const name = values[nameAt] ?? '';
    if (name === '') throw new CommandError('bad-line', `${file}:${line}: names no account`);
    found.push({ name, value: values[valueAt] ?? '', line });
  }
  return found;
}

/** Throws `no-file` or `bad-line`. */
export function readAccounts(file: string, valueName: string): Listed[] {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new CommandError('no-file', `${file} cannot be read: ${messageOf(error)}`);
  }
  if (bytes.length > MAX_BYTES) throw new CommandError('too-large', `${file} is larger than 512 MiB`);
  return parseAccounts(file, bytes.toString('utf8'), valueName);
}

export interface Chosen {
  /** Distinct nodes, in the order of the file. */
  readonly nodes: readonly number[];
  readonly unknown: number;
}

/** The nodes that `listed` names. Throws `unknown-accounts` unless those that the graph does not have may be skipped. */
export function nodesOf(
  file: string,
  listed: readonly Listed[],
  named: NamedGraph,
  maySkip: boolean,
): Chosen {
  const nodes = new Set<number>();
  const unknown: Listed[] = [];
  for (const entry of listed) {
    const node = named.nodeOf(entry.name);
    if (node === undefined) unknown.push(entry);
    else nodes.add(node);
  }
  if (unknown.length > 0 && !maySkip) {
    const told = unknown.slice(0, TOLD).map(({ name, line }) => `'${name}' (line ${line})`);
    const more = unknown.length > TOLD ? ` and ${unknown.length - TOLD} more` : '';
    throw new CommandError(
      'unknown-accounts',
      `${file}: ${unknown.length} of ${listed.length} accounts are not in the graph: ${told.join(', ')}${more}`,
      'Names are compared as they stand, case included. --skip-unknown goes on without them.',
    );
  }
  return { nodes: [...nodes], unknown: unknown.length };
}

/** The seeds that a file names; at least one. Throws `no-seeds`, too. */
export function readSeeds(file: string, named: NamedGraph, maySkip: boolean): Chosen {
  const chosen = nodesOf(file, readAccounts(file, 'label'), named, maySkip);
  if (chosen.nodes.length === 0)
    throw new CommandError(
      'no-seeds',
      `${file} names no account${chosen.unknown > 0 ? ' of the graph' : ''}`,
      'Seeds are accounts whose owners somebody has met or checked: some dozens, from all communities.',
    );
  return chosen;
}

export interface LabelledAccounts {
  readonly honest: readonly number[];
  readonly sybils: readonly number[];
}

type Label = 'honest' | 'sybil';

const LABELS: ReadonlyMap<string, Label> = new Map([
  ['honest', 'honest'],
  ['sybil', 'sybil'],
  ['1', 'honest'],
  ['-1', 'sybil'],
]);

/** Labels of accounts. Throws `bad-line` where a label is neither word, or two lines disagree. */
export function readLabels(file: string, named: NamedGraph, maySkip: boolean): LabelledAccounts {
  const listed = readAccounts(file, 'label');
  const first = new Map<string, { readonly label: Label; readonly line: number }>();
  for (const { name, value, line } of listed) {
    const label = LABELS.get(value);
    if (label === undefined)
      throw new CommandError(
        'bad-line',
        `${file}:${line}: the label of '${name}' is '${value}'`,
        'A label is honest or sybil (1 or -1), after a comma or in a column named label.',
      );
    const earlier = first.get(name);
    if (earlier !== undefined && earlier.label !== label)
      throw new CommandError(
        'bad-line',
        `${file}:${line}: '${name}' is ${label} here, and ${earlier.label} in line ${earlier.line}`,
        'An account has one label: take one of the lines away.',
      );
    first.set(name, { label, line });
  }
  nodesOf(file, listed, named, maySkip);
  const of = (label: Label): readonly number[] =>
    nodesOf(
      file,
      listed.filter(({ name }) => first.get(name)?.label === label),
      named,
      true,
    ).nodes;
  return { honest: of('honest'), sybils: of('sybil') };
}

/** By node the probability that somebody has befriended a fake; 0 for accounts that the file does not name. Throws `bad-line`. */
export function readVictims(file: string, named: NamedGraph, maySkip: boolean): Float64Array {
  const victims = new Float64Array(named.graph.nodeCount);
  const listed = readAccounts(file, 'probability');
  nodesOf(file, listed, named, maySkip);
  for (const { name, value, line } of listed) {
    const probability = value === '' ? Number.NaN : Number(value);
    if (!(probability >= 0 && probability <= 1))
      throw new CommandError(
        'bad-line',
        `${file}:${line}: the probability of '${name}' is '${value}'`,
        'It is a number from 0 to 1, after a comma or in a column named probability.',
      );
    const node = named.nodeOf(name);
    if (node !== undefined) victims[node] = probability;
  }
  return victims;
}
