/**
 * Reads files with an edge on each line (SNAP's edge lists, CSV) from chunks of bytes, as they come: nothing but the edges is kept, and of
 * a line that two chunks share its head, which is bounded. Lines that begin with # or % are comments.
 */

import { assert } from '@concordat/kernel';
import type { EdgeList } from '../build.ts';
import { createEdgeBuffer, type EdgeBuffer, edgeListOf, pushEdge } from '../edge-buffer.ts';
import {
  createFields,
  decimalAt,
  type Fields,
  HUGE,
  NEGATIVE,
  splitLine,
  textAt,
  wholeNumberAt,
} from './fields.ts';
import {
  DEFAULT_READ_LIMITS,
  type EdgeFileOptions,
  type Layout,
  layoutOf,
  MAX_COLUMNS,
  type ReadLimits,
} from './layout.ts';
import { createNodeNames, type NodeNames, nodeOfNumber, nodeOfText } from './node-names.ts';
import type { ProblemKind, ReadProblem } from './problem.ts';

export interface EdgeReader {
  readonly options: EdgeFileOptions;
  readonly limits: ReadLimits;
  layout: Layout | null;
  fields: Fields;
  names: NodeNames;
  edges: EdgeBuffer;
  /** Of each edge, if a column of times was chosen. */
  times: Float64Array | null;
  /** Lines that have ended. */
  line: number;
  /** The head of a line whose end has not come. */
  readonly rest: Uint8Array;
  restLength: number;
  /** A line is passed over to its end because it is too long. */
  isSkipping: boolean;
  /** The first line with data and its number, until the next tells whether it is a header. */
  first: { readonly bytes: Uint8Array; readonly line: number } | null;
  /** The first hundred. */
  readonly problems: ReadProblem[];
  problemCount: number;
  /** Edges left out because their weights are not above zero. */
  skippedCount: number;
  /** More problems than tolerated: what comes is not read any more. */
  isRefused: boolean;
}

const PROBLEMS_KEPT = 100;
const [NEWLINE, RETURN, SPACE, TAB, QUOTE, HASH, PERCENT] = [0x0a, 0x0d, 0x20, 0x09, 0x22, 0x23, 0x25];

export function createEdgeReader(options: EdgeFileOptions = {}): EdgeReader {
  const limits = { ...DEFAULT_READ_LIMITS, ...options.limits };
  return {
    ...{ options, limits, layout: null },
    fields: createFields(MAX_COLUMNS),
    names: createNodeNames('numbers', options.seed ?? 0),
    edges: createEdgeBuffer(options.weight !== undefined),
    times: options.time === undefined ? null : new Float64Array(1024),
    ...{ line: 0, rest: new Uint8Array(limits.lineBytes), restLength: 0, isSkipping: false, first: null },
    ...{ problems: [], problemCount: 0, skippedCount: 0, isRefused: false },
  };
}

function note(reader: EdgeReader, kind: ProblemKind, found: string | number, line = reader.line): void {
  reader.problemCount += 1;
  if (reader.problems.length < PROBLEMS_KEPT) reader.problems.push({ kind, line, found: String(found) });
  const isLimit = kind === 'too-many-nodes' || kind === 'too-many-edges' || kind === 'unknown-column';
  if (isLimit || reader.problemCount > (reader.options.tolerated ?? 0)) reader.isRefused = true;
}

/** The number of a node in a field, or one below zero after noting what is wrong with it. */
function idAt(reader: EdgeReader, bytes: Uint8Array, place: number): number {
  const from = reader.fields.starts[place] as number;
  const to = reader.fields.ends[place] as number;
  const id = wholeNumberAt(bytes, from, to);
  if (id >= 0) return id;
  const kind = id === NEGATIVE ? 'negative-node' : id === HUGE ? 'huge-node' : 'not-a-node';
  note(reader, kind, textAt(bytes, from, to));
  return id;
}

/** Whether a field can be a node's name; if not, that is noted. */
function isName(reader: EdgeReader, place: number): boolean {
  const length = (reader.fields.ends[place] as number) - (reader.fields.starts[place] as number);
  if (length > 0 && length <= reader.limits.nameBytes) return true;
  note(reader, 'long-name', reader.limits.nameBytes);
  return false;
}

/** The node named in a field, or -1 if there is no room for it. Of a name in quotes that holds doubled ones, one of each two counts. */
function namedNode(reader: EdgeReader, bytes: Uint8Array, place: number): number {
  const { names, fields, limits } = reader;
  const from = fields.starts[place] as number;
  const to = fields.ends[place] as number;
  const mayAdd = names.count < limits.nodes;
  if (from === 0 || bytes[from - 1] !== QUOTE) return nodeOfText(names, bytes, from, to, mayAdd);
  const quoted = bytes.subarray(from, to);
  const name = quoted.filter((byte, at) => byte !== QUOTE || isSecondQuote(quoted, at));
  return nodeOfText(names, name, 0, name.length, mayAdd);
}

/** Whether an even number of quotes ends at `at`: of each doubled one the second stays. */
function isSecondQuote(name: Uint8Array, at: number): boolean {
  let first = at;
  while (first > 0 && name[first - 1] === QUOTE) first -= 1;
  return (at - first) % 2 === 1;
}

/** The weight of the line in `fields`: 1 where there is no such column, NaN after noting a problem, 0 for an edge to leave out. */
function weightOf(reader: EdgeReader, bytes: Uint8Array, column: number): number {
  if (column < 0) return 1;
  const from = reader.fields.starts[column] as number;
  const to = reader.fields.ends[column] as number;
  const weight = decimalAt(bytes, from, to);
  if (!Number.isFinite(weight)) {
    note(reader, 'not-a-weight', textAt(bytes, from, to));
    return Number.NaN;
  }
  if (weight > 0) return weight;
  if (reader.options.notPositive === 'skip') {
    reader.skippedCount += 1;
    return 0;
  }
  note(reader, 'weight-not-positive', textAt(bytes, from, to));
  return Number.NaN;
}

function keepTime(reader: EdgeReader, time: number): void {
  const times = reader.times;
  if (times === null) return;
  if (reader.edges.count === times.length) {
    reader.times = new Float64Array(2 * times.length);
    reader.times.set(times);
  }
  if (reader.times !== null) reader.times[reader.edges.count] = time;
}

function takeEdge(reader: EdgeReader, layout: Layout, bytes: Uint8Array, from: number, to: number): void {
  const { fields } = reader;
  if (!splitLine(bytes, from, to, layout.delimiter, fields))
    return note(reader, 'open-quote', textAt(bytes, from, to));
  const { source: sourceColumn, target: targetColumn, weight: weightColumn, time: timeColumn } = layout;
  if (sourceColumn >= fields.count || targetColumn >= fields.count)
    return note(reader, 'missing-column', 'both nodes');
  if (weightColumn >= fields.count) return note(reader, 'missing-column', 'the weight');
  if (timeColumn >= fields.count) return note(reader, 'missing-column', 'the time');
  const weight = weightOf(reader, bytes, weightColumn);
  if (!(weight > 0)) return;
  if (timeColumn >= 0) {
    const [start, end] = [fields.starts[timeColumn] as number, fields.ends[timeColumn] as number];
    const time = decimalAt(bytes, start, end);
    if (!Number.isFinite(time)) return note(reader, 'not-a-time', textAt(bytes, start, end));
    keepTime(reader, time);
  }
  addEdge(reader, layout, bytes, weight);
}

/** Adds the edge of the line in `fields`. Both ends are judged before either becomes a node: a line that is passed over leaves none. */
function addEdge(reader: EdgeReader, { source, target }: Layout, bytes: Uint8Array, weight: number): void {
  const { names, edges, limits } = reader;
  if (edges.count === limits.edges) return note(reader, 'too-many-edges', limits.edges);
  let from = -1;
  let to = -1;
  if (names.kind === 'numbers') {
    const fromId = idAt(reader, bytes, source);
    const toId = fromId < 0 ? -1 : idAt(reader, bytes, target);
    if (toId < 0) return;
    from = nodeOfNumber(names, fromId, names.count < limits.nodes);
    to = nodeOfNumber(names, toId, names.count < limits.nodes);
  } else {
    if (!isName(reader, source) || !isName(reader, target)) return;
    from = namedNode(reader, bytes, source);
    to = namedNode(reader, bytes, target);
  }
  if (from < 0 || to < 0) note(reader, 'too-many-nodes', limits.nodes);
  else pushEdge(edges, from, to, weight);
}

/** Settles the layout and takes the line that was held back; `second` is the next one, or null at the end. */
function settleLayout(reader: EdgeReader, second: Uint8Array | null): void {
  const { first, options } = reader;
  assert(first !== null, 'a layout is told from a first line');
  reader.first = null;
  const layout = layoutOf(options, first.bytes, second, reader.fields);
  if (typeof layout === 'string') return note(reader, 'unknown-column', layout, first.line);
  reader.layout = layout;
  const last = Math.max(layout.source, layout.target, layout.weight, layout.time);
  reader.fields = createFields(Math.min(MAX_COLUMNS, last + 1));
  reader.names = createNodeNames(layout.nodes, options.seed ?? 0);
  if (layout.hasHeader) return;
  const here = reader.line;
  reader.line = first.line;
  takeEdge(reader, layout, first.bytes, 0, first.bytes.length);
  reader.line = here;
}

/** Takes one line, without its end. */
function takeLine(reader: EdgeReader, bytes: Uint8Array, start: number, lineEnd: number): void {
  reader.line += 1;
  if (lineEnd - start > reader.limits.lineBytes)
    return note(reader, 'line-too-long', reader.limits.lineBytes);
  const end = lineEnd > start && bytes[lineEnd - 1] === RETURN ? lineEnd - 1 : lineEnd;
  let from = start;
  // Some programs begin every file with this mark of UTF-8.
  if (reader.line === 1 && bytes[from] === 0xef && bytes[from + 1] === 0xbb && bytes[from + 2] === 0xbf)
    from += 3;
  while (from < end && (bytes[from] === SPACE || bytes[from] === TAB)) from += 1;
  if (from === end || bytes[from] === HASH || bytes[from] === PERCENT) return;
  if (reader.layout === null) {
    if (reader.first === null) {
      reader.first = { bytes: bytes.slice(from, end), line: reader.line };
      return;
    }
    settleLayout(reader, bytes.slice(from, end));
  }
  if (reader.layout !== null && !reader.isRefused) takeEdge(reader, reader.layout, bytes, from, end);
}

/** Keeps the head of a line whose end is not in this chunk, unless it is too long already. */
function keepRest(reader: EdgeReader, bytes: Uint8Array): void {
  if (reader.isSkipping) return;
  if (reader.restLength + bytes.length <= reader.rest.length) {
    reader.rest.set(bytes, reader.restLength);
    reader.restLength += bytes.length;
    return;
  }
  reader.isSkipping = true;
  reader.restLength = 0;
  note(reader, 'line-too-long', reader.limits.lineBytes, reader.line + 1);
}

/** Reads the next bytes of the file. Once the reader has refused the file, bytes mean nothing to it. */
export function readEdges(reader: EdgeReader, chunk: Uint8Array): void {
  let from = 0;
  while (!reader.isRefused) {
    const end = chunk.indexOf(NEWLINE, from);
    if (end < 0) break;
    if (reader.restLength > 0) keepRest(reader, chunk.subarray(from, end));
    if (reader.isSkipping) {
      reader.isSkipping = false;
      reader.line += 1;
    } else if (reader.restLength > 0) {
      takeLine(reader, reader.rest, 0, reader.restLength);
      reader.restLength = 0;
    } else takeLine(reader, chunk, from, end);
    from = end + 1;
  }
  if (!reader.isRefused && from < chunk.length) keepRest(reader, chunk.subarray(from));
}

export interface ReadEdges {
  /** For `buildGraph`. */
  readonly edges: EdgeList;
  readonly names: NodeNames;
  readonly times: Float64Array | null;
  readonly lineCount: number;
  readonly skippedCount: number;
  readonly problemCount: number;
  readonly problems: readonly ReadProblem[];
}

/** Takes the last line, which may lack its end, and gives what was read; null: the file is refused, `reader.problems` say why. */
export function finishEdges(reader: EdgeReader): ReadEdges | null {
  if (reader.restLength > 0 && !reader.isRefused) takeLine(reader, reader.rest, 0, reader.restLength);
  reader.restLength = 0;
  if (reader.first !== null && !reader.isRefused) settleLayout(reader, null);
  if (reader.isRefused) return null;
  const { names, times, line, skippedCount, problemCount, problems, options } = reader;
  return {
    edges: { nodeCount: names.count, isDirected: options.isDirected ?? false, ...edgeListOf(reader.edges) },
    names,
    times: times === null ? null : times.subarray(0, reader.edges.count),
    ...{ lineCount: line, skippedCount, problemCount, problems },
  };
}
