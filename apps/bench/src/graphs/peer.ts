/** Another library in a process of its own, which ranks when it is asked: `python/graph_peer.py`, or graphology. */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PeerLibrary } from './options.ts';

const PYTHON_PEER = fileURLToPath(new URL('../../python/graph_peer.py', import.meta.url));
const GRAPHOLOGY_PEER = fileURLToPath(new URL('./graphology-peer.js', import.meta.url));

export interface Ranked {
  /** CPU time. */
  readonly ms: number;
  readonly scores: Float64Array;
}

export interface Peer {
  readonly library: PeerLibrary;
  readonly version: string;
  readonly loadMs: number;
  readonly peakBytes: number;
  /** Runs a ranking; its scores come through the file `into`. */
  readonly rank: (algorithm: string, arguments_: Record<string, unknown>, into: string) => Promise<Ranked>;
  readonly close: () => void;
}

interface Answer {
  readonly missing?: string;
  readonly version?: string;
  readonly ms?: number;
  readonly peakBytes?: number;
}

/** The next line of a process, read as an answer; what ended it otherwise. */
async function nextAnswer(lines: AsyncIterator<string>, library: string): Promise<Answer> {
  const { value, done } = await lines.next();
  if (done) throw new Error(`${library} has ended without an answer: see what it wrote above`);
  return JSON.parse(value);
}

/** Starts a library on an edge list; a sentence if there is no such library, or no Python. */
export async function startPeer(python: string, library: PeerLibrary, file: string): Promise<Peer | string> {
  const [command, args] =
    library === 'graphology'
      ? [process.execPath, [GRAPHOLOGY_PEER, file]]
      : [python, [PYTHON_PEER, library, file]];
  const child: ChildProcess = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const failed = new Promise<string>((resolve) => {
    child.once('error', (error) =>
      resolve(`${python} cannot be run (${error.message}): name another with --python`),
    );
  });
  if (child.stdout === null || child.stdin === null) return 'a process without pipes';
  const { stdin } = child;
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const first = await Promise.race([failed, nextAnswer(lines, library)]);
  if (typeof first === 'string') return first;
  if (first.missing !== undefined)
    return `${library} is not installed (${first.missing}): ${python} -m pip install igraph networkx scipy`;
  return {
    library,
    version: first.version ?? library,
    loadMs: first.ms ?? Number.NaN,
    peakBytes: first.peakBytes ?? Number.NaN,
    rank: async (algorithm, arguments_, into) => {
      stdin.write(`${JSON.stringify({ algorithm, arguments: arguments_, into })}\n`);
      const { ms = Number.NaN } = await nextAnswer(lines, library);
      const bytes = readFileSync(into);
      return {
        ms,
        scores: new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
      };
    },
    close: () => void stdin.end(),
  };
}
