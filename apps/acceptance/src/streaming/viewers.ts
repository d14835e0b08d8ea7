/** Viewers of a stream as processes, and what their players serve. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { StreamStatus } from '@concordat/streaming/edge';

const CLI = fileURLToPath(new URL('../../../cli/bin/concordat.js', import.meta.url));
const DEVIANT = fileURLToPath(new URL('./deviant.js', import.meta.url));

export interface Viewer {
  readonly name: string;
  readonly child: ChildProcess;
  /** Where its player serves the stream, once it has said so. */
  readonly playlist: Promise<string>;
  /** SHA-256 of each segment that was fetched, by its name. */
  readonly segments: Map<string, string>;
  /** When its playlist last got longer, and the longest time until it did. */
  advancedAt: number;
  longestMs: number;
  readonly said: string[];
  exited: number | null;
}

/** Lines that a process writes to standard error are kept; `found` gets the first match. */
function listen(child: ChildProcess, said: string[], pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let rest = '';
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      said.push(...lines);
      for (const line of lines) {
        const match = pattern.exec(line);
        if (match !== null) resolve(match[1] ?? '');
      }
    });
    child.once('exit', () => reject(new Error(`it ended: ${said.slice(-3).join(' | ')}`)));
  });
}

export function startViewer(name: string, invite: string, listens: boolean): Viewer {
  const args = [CLI, 'stream', 'watch', invite, '--player', '127.0.0.1:0'];
  if (listens) args.push('--listen', '127.0.0.1:0');
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  const playlist = listen(child, said, /open (http:\S+)/);
  playlist.catch(() => {});
  const viewer: Viewer = {
    name,
    child,
    playlist,
    segments: new Map(),
    advancedAt: 0,
    longestMs: 0,
    said,
    exited: null,
  };
  child.once('exit', (code) => {
    viewer.exited = code ?? -1;
  });
  return viewer;
}

export const startDeviant = (invite: string, deviation: string): ChildProcess =>
  spawn(process.execPath, [DEVIANT, invite, deviation], { stdio: ['ignore', 'ignore', 'inherit'] });

async function textAt(url: string): Promise<string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(5000) });
  return response.ok ? response.text() : '';
}

/** Fetches what is new in a viewer's playlist, as a player does; notes for how long nothing was. */
export async function followPlaylist(viewer: Viewer): Promise<void> {
  const url = await viewer.playlist;
  const names = (await textAt(url)).split('\n').filter((line) => line.endsWith('.ts'));
  const fresh = names.filter((name) => !viewer.segments.has(name));
  const now = performance.now();
  if (viewer.advancedAt > 0) viewer.longestMs = Math.max(viewer.longestMs, now - viewer.advancedAt);
  if (fresh.length > 0) viewer.advancedAt = now;
  for (const name of fresh) {
    const response = await fetch(new URL(name, url), { signal: AbortSignal.timeout(5000) });
    const bytes = new Uint8Array(await response.arrayBuffer());
    viewer.segments.set(name, createHash('sha256').update(bytes).digest('hex'));
  }
}

export async function statusOf(viewer: Viewer): Promise<StreamStatus | null> {
  const url = new URL('/status.json', await viewer.playlist);
  const body = await textAt(url.href);
  return body === '' ? null : (JSON.parse(body).streams[0] ?? null);
}
