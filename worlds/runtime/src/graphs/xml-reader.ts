/**
 * GraphML and GEXF, a chunk at a time: elements are looked at as they open, and of the document nothing is kept but nodes and edges.
 * Nodes keep the names that their ids are; of attributes only the weight counts. Other elements are passed over, nested graphs taken in.
 */

import {
  createEdgeBuffer,
  createNodeNames,
  DEFAULT_READ_LIMITS,
  type EdgeBuffer,
  type EdgeFileOptions,
  type EdgeList,
  edgeListOf,
  type NodeNames,
  nodeOfText,
  pushEdge,
} from '@concordat/graph';
import sax from 'sax';
import { GraphError } from './graph-error.ts';

export interface XmlReader {
  readonly edges: EdgeBuffer;
  /** From 1 on. */
  readonly line: () => number;
  readonly take: (chunk: Uint8Array) => void;
  /** Throws `truncated`, `malformed`. */
  readonly finish: () => {
    readonly edges: EdgeList;
    readonly names: NodeNames;
    readonly skippedCount: number;
  };
}

/** Column of weights in GraphML when none is chosen: the attribute's name, as its key declares it. */
const WEIGHT = 'weight';

/** Elements within each other, and attributes of one: the parser keeps both, and documents of graphs have a few. */
const MOST = 1000;

interface State {
  readonly file: string;
  readonly options: EdgeFileOptions;
  readonly names: NodeNames;
  readonly edges: EdgeBuffer;
  isDirected: boolean | null;
  /** GraphML: the id of the key that declares the weight. */
  weightKey: string | null;
  /** The edge whose element is open. */
  edge: { readonly source: string; readonly target: string; weight: string | null } | null;
  /** Characters of a weight's element; null outside. */
  text: string | null;
  graphCount: number;
  skippedCount: number;
}

type Attributes = Readonly<Record<string, string>>;

/** The name of an element or attribute without its prefix. */
const localName = (name: string): string => name.slice(name.indexOf(':') + 1);

function nodeNamed(state: State, name: string, fail: Fail): number {
  const bytes = Buffer.from(name);
  const limits = { ...DEFAULT_READ_LIMITS, ...state.options.limits };
  if (bytes.length > limits.nameBytes)
    fail('malformed', `the name of a node is longer than ${limits.nameBytes} bytes`);
  const node = nodeOfText(state.names, bytes, 0, bytes.length, state.names.count < limits.nodes);
  if (node < 0) fail('too-large', `there are more than ${limits.nodes} nodes`);
  return node;
}

type Fail = (code: 'malformed' | 'too-large', message: string) => never;

function openElement(state: State, name: string, attributes: Attributes, fail: Fail): void {
  if (name === 'graph') {
    state.graphCount += 1;
    const direction = attributes['edgedefault'] ?? attributes['defaultedgetype'] ?? 'undirected';
    state.isDirected ??= state.options.isDirected ?? direction === 'directed';
  } else if (name === 'key' && attributes['for'] !== 'node') {
    if (attributes['attr.name'] === (state.options.weight ?? WEIGHT))
      state.weightKey = attributes['id'] ?? null;
  } else if (name === 'node') {
    const id = attributes['id'];
    if (id === undefined) return fail('malformed', 'a node has no id');
    nodeNamed(state, id, fail);
  } else if (name === 'edge') {
    const { source, target, weight = null, type, directed } = attributes;
    if (source === undefined || target === undefined)
      return fail('malformed', 'an edge lacks one of its ends');
    const own =
      type ?? (directed === undefined ? undefined : directed === 'true' ? 'directed' : 'undirected');
    if (
      own !== undefined &&
      (own === 'directed') !== (state.isDirected ?? false) &&
      state.options.isDirected === undefined
    )
      return fail('malformed', 'directed and undirected edges are mixed: choose one for all');
    state.edge = { source, target, weight };
  } else if (name === 'data' && state.edge !== null && attributes['key'] === state.weightKey) state.text = '';
}

function closeElement(state: State, name: string, fail: Fail): void {
  if (name === 'data' && state.text !== null && state.edge !== null) {
    state.edge.weight = state.text.trim();
    state.text = null;
  }
  if (name !== 'edge' || state.edge === null) return;
  const { source, target, weight } = state.edge;
  state.edge = null;
  const value = weight === null ? 1 : Number(weight === '' ? Number.NaN : weight);
  if (!Number.isFinite(value))
    return fail('malformed', `'${String(weight).slice(0, 60)}' is not a finite weight`);
  if (!(value > 0)) {
    if (state.options.notPositive !== 'skip')
      return fail('malformed', `the weight ${weight} is not above zero`);
    state.skippedCount += 1;
    return;
  }
  const most = state.options.limits?.edges ?? DEFAULT_READ_LIMITS.edges;
  if (state.edges.count === most) return fail('too-large', `there are more than ${most} edges`);
  pushEdge(state.edges, nodeNamed(state, source, fail), nodeNamed(state, target, fail), value);
}

/** A reader of one document. Its functions throw `GraphError`. */
export function createXmlReader(
  file: string,
  format: 'graphml' | 'gexf',
  options: EdgeFileOptions,
): XmlReader {
  const parser = sax.parser(true, { position: true });
  const decoder = new TextDecoder();
  const line = (): number => parser.line + 1;
  const fail: Fail = (code, message) => {
    throw new GraphError(code, file, message, { line: line() });
  };
  const state: State = {
    ...{
      file,
      options,
      isDirected: null,
      weightKey: null,
      edge: null,
      text: null,
      graphCount: 0,
      skippedCount: 0,
    },
    names: createNodeNames('text', options.seed ?? 0),
    edges: createEdgeBuffer(true),
  };
  let [isClosed, depth, attributeCount] = [false, 0, 0];
  parser.onerror = (error) => {
    // Its message goes on to say the line and the column.
    const reason = error.message.split('\n')[0] ?? '';
    if (/^(?:Unclosed root tag|Unexpected end)/.test(reason))
      throw new GraphError('truncated', file, 'the document ends too early', { line: line() });
    fail('malformed', `not well-formed XML: ${reason}`);
  };
  parser.onattribute = () => {
    attributeCount += 1;
    if (attributeCount > MOST) fail('malformed', `an element has more than ${MOST} attributes`);
  };
  parser.onopentag = (tag) => {
    attributeCount = 0;
    depth += 1;
    if (depth > MOST) fail('malformed', `elements lie deeper than ${MOST}`);
    const attributes: Record<string, string> = {};
    for (const [key, value] of Object.entries(tag.attributes))
      attributes[key] = typeof value === 'string' ? value : value.value;
    openElement(state, localName(tag.name), attributes, fail);
  };
  parser.ontext = parser.oncdata = (text) => {
    if (state.text !== null && state.text.length < 100) state.text += text;
  };
  parser.onclosetag = (name) => {
    depth -= 1;
    closeElement(state, localName(name), fail);
  };
  return {
    edges: state.edges,
    line,
    take: (chunk) => void parser.write(decoder.decode(chunk, { stream: true })),
    finish: () => {
      if (!isClosed) parser.write(decoder.decode()).close();
      isClosed = true;
      if (state.graphCount === 0)
        fail('malformed', `there is no graph in this ${format === 'gexf' ? 'GEXF' : 'GraphML'} document`);
      const { names, skippedCount } = state;
      const list = edgeListOf(state.edges);
      const weights = list.weights?.some((weight) => weight !== 1) ? list.weights : null;
      return {
        names,
        skippedCount,
        edges: { ...list, weights, nodeCount: names.count, isDirected: state.isDirected ?? false },
      };
    },
  };
}
