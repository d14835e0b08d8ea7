/** The command as its users start it, on small graphs of our own. */

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export function concordat(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, ...args],
      { timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
      (error, out, err) =>
        // A process that was killed has no code.
        resolve({ code: error === null ? 0 : typeof error.code === 'number' ? error.code : -1, out, err }),
    );
  });
}

/** Two cliques of `size` accounts, `a0 ..` and `b0 ..`, with `bridges` edges between them, as an edge list. */
export function twoCliques(size: number, bridges: number): string {
  const lines: string[] = [];
  for (const clique of ['a', 'b'])
    for (let from = 0; from < size; from += 1)
      for (let to = from + 1; to < size; to += 1) lines.push(`${clique}${from} ${clique}${to}`);
  for (let at = 0; at < bridges; at += 1) lines.push(`a${at} b${at}`);
  return `${lines.join('\n')}\n`;
}

export interface Ground {
  /** Gone when the tests of the file are done. */
  readonly directory: string;
  /** Writes a file there; returns its path. */
  readonly file: (name: string, text: string) => string;
  /** Two cliques of ten with two bridges, and two seeds of the first. */
  readonly graph: string;
  readonly seeds: string;
}

/** A folder with the files that most tests of a file begin with. */
export function setUp(): Ground {
  const directory = mkdtempSync(join(tmpdir(), 'concordat-sybil-'));
  after(() => rmSync(directory, { recursive: true }));
  const file = (name: string, text: string): string => {
    const path = join(directory, name);
    writeFileSync(path, text);
    return path;
  };
  const graph = file('graph.txt', twoCliques(10, 2));
  return { directory, file, graph, seeds: file('seeds.txt', '# met in person\na5\na6\n\n') };
}

export const linesOf = (text: string): string[] => text.trimEnd().split('\n');
