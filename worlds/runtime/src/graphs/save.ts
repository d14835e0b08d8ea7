/** Saves graphs: edge lists, CSV, GraphML, packed if the name ends in .gz. A file appears whole or not at all. */

import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Graph, NodeNames } from '@concordat/graph';
import { nameOf } from '@concordat/graph';
import { asError } from '../errors.ts';
import { GraphError } from './graph-error.ts';

export type SavedFormat = 'edges' | 'csv' | 'graphml';

export interface SaveOptions {
  /** Default by the file's name: .csv, .graphml, anything else a list of edges. */
  readonly format?: SavedFormat;
  /** Default: nodes are named by their numbers. */
  readonly names?: NodeNames;
  readonly signal?: AbortSignal;
}

interface Notation {
  readonly head: (graph: Graph) => string;
  /** Lines for the nodes, where a format lists them. */
  readonly node: ((name: string) => string) | null;
  readonly edge: (source: string, target: string, weight: number | null) => string;
  readonly tail: string;
  /** The name as it is written, or null if this format cannot hold it. */
  readonly name: (name: string) => string | null;
}

// XML 1.0, section 2.2: these cannot stand in a document, not even escaped.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const NOT_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/;
const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
  '\r': '&#13;',
  '\t': '&#9;',
};

const NOTATIONS: Record<SavedFormat, Notation> = {
  edges: {
    head: () => '',
    node: null,
    edge: (source, target, weight) => `${source} ${target}${weight === null ? '' : ` ${weight}`}\n`,
    tail: '',
    name: (name) => (/^[^\s#%"][^\s]*$/.test(name) ? name : null),
  },
  csv: {
    head: ({ weights }) => `source,target${weights === null ? '' : ',weight'}\n`,
    node: null,
    edge: (source, target, weight) => `${source},${target}${weight === null ? '' : `,${weight}`}\n`,
    tail: '',
    name: (name) => {
      if (/[\r\n]/.test(name) || name === '') return null;
      return /^[#%\s]|[",;]|\s$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
    },
  },
  graphml: {
    head: ({ isDirected }) =>
      `<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n` +
      `<key id="w" for="edge" attr.name="weight" attr.type="double"/>\n` +
      `<graph edgedefault="${isDirected ? 'directed' : 'undirected'}">\n`,
    node: (name) => `<node id="${name}"/>\n`,
    edge: (source, target, weight) =>
      weight === null
        ? `<edge source="${source}" target="${target}"/>\n`
        : `<edge source="${source}" target="${target}"><data key="w">${weight}</data></edge>\n`,
    tail: '</graph>\n</graphml>\n',
    name: (name) =>
      NOT_XML.test(name) ? null : name.replaceAll(/[&<>"\n\r\t]/g, (sign) => ENTITIES[sign] ?? sign),
  },
};

function savedFormatOf(file: string): SavedFormat {
  const name = file.replace(/\.gz$/i, '').toLowerCase();
  if (name.endsWith('.graphml')) return 'graphml';
  return name.endsWith('.csv') ? 'csv' : 'edges';
}

const PART_LENGTH = 65_536;

/** The file's text in parts. A format without lines for nodes loses those that have no edges. */
function* partsOf(
  file: string,
  graph: Graph,
  notation: Notation,
  names: NodeNames | undefined,
): Generator<string> {
  const written = (node: number): string => {
    const name = names === undefined ? String(node) : nameOf(names, node);
    const text = notation.name(name);
    if (text === null)
      throw new GraphError(
        'unwritable',
        file,
        `this format cannot hold the name ${JSON.stringify(name.slice(0, 60))}`,
      );
    return text;
  };
  let part = notation.head(graph);
  for (let node = 0; notation.node !== null && node < graph.nodeCount; node += 1) {
    part += notation.node(written(node));
    if (part.length < PART_LENGTH) continue;
    yield part;
    part = '';
  }
  for (let node = 0; node < graph.nodeCount; node += 1) {
    const end = graph.offsets[node + 1] as number;
    const first = graph.offsets[node] as number;
    const source = first < end ? written(node) : '';
    for (let arc = first; arc < end; arc += 1) {
      const target = graph.targets[arc] as number;
      if (!graph.isDirected && target < node) continue;
      part += notation.edge(
        source,
        written(target),
        graph.weights === null ? null : (graph.weights[arc] as number),
      );
    }
    if (part.length < PART_LENGTH) continue;
    yield part;
    part = '';
  }
  yield part + notation.tail;
}

/** Saves a graph. Throws `GraphError` (`disk`, `unwritable`), or the signal's reason; then the file is as it was before. */
export async function saveGraph(file: string, graph: Graph, options: SaveOptions = {}): Promise<void> {
  const unfinished = `${file}.new`;
  const notation = NOTATIONS[options.format ?? savedFormatOf(file)];
  const text = Readable.from(partsOf(file, graph, notation, options.names), { objectMode: true });
  const disk = createWriteStream(unfinished, { flush: true });
  const through: Writable[] = /\.gz$/i.test(file) ? [createGzip(), disk] : [disk];
  try {
    await pipeline([text, ...through], options.signal === undefined ? {} : { signal: options.signal });
    await rename(unfinished, file);
  } catch (error) {
    await rm(unfinished, { force: true });
    if (options.signal?.aborted) throw options.signal.reason;
    if (error instanceof GraphError) throw error;
    throw new GraphError('disk', file, `cannot be written: ${asError(error).message}`, { cause: error });
  }
}
