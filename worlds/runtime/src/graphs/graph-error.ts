/** What goes wrong with files of graphs: always with the file, and with the line where the trouble has one. */

import type { ReadProblem } from '@concordat/graph';
import { asError, systemCode } from '../errors.ts';

export type GraphErrorCode =
  /** The file cannot be opened or read, or not be written. */
  | 'disk'
  /** A packed file, or a document, ends before it should. */
  | 'truncated'
  /** A packed file is damaged. */
  | 'damaged'
  /** The text is not what it should be; `line` says where. */
  | 'malformed'
  /** More lines, nodes or edges than allowed; `line` says where. */
  | 'too-large'
  /** A graph that this format cannot hold. */
  | 'unwritable'
  /** A data set could not be fetched: the server's answer, or its connection. */
  | 'fetch'
  /** Nobody says which bytes a data set has. */
  | 'bad-digest'
  /** What was fetched is not what it should be. */
  | 'wrong-digest';

export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly code: GraphErrorCode;
  /** The file, or the address. */
  readonly file: string;
  /** In the unpacked text, from 1 on; null where the trouble has none. */
  readonly line: number | null;
  /** Of an edge list, what was found, up to a hundred. */
  readonly problems: readonly ReadProblem[];

  constructor(
    code: GraphErrorCode,
    file: string,
    message: string,
    {
      line = null,
      problems = [],
      cause,
    }: { line?: number | null; problems?: readonly ReadProblem[]; cause?: unknown } = {},
  ) {
    const place = line === null ? file : `${file}:${line}`;
    super(`${place}: ${message}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.file = file;
    this.line = line;
    this.problems = problems;
  }
}

/** What a stream of a file threw, as an error of ours; `line` is where the reader stood. */
export function readError(file: string, thrown: unknown, line: number): GraphError {
  if (thrown instanceof GraphError) return thrown;
  const code = systemCode(thrown);
  const { message } = asError(thrown);
  if (code === 'Z_BUF_ERROR')
    return new GraphError('truncated', file, 'the packed file ends too early: fetch it again', {
      line,
      cause: thrown,
    });
  if (code.startsWith('Z_'))
    return new GraphError('damaged', file, `the packed file is damaged (${message}): fetch it again`, {
      line,
      cause: thrown,
    });
  return new GraphError('disk', file, `cannot be read: ${message}`, { cause: thrown });
}
