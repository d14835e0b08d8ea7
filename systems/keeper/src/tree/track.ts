/**
 * What a quota's two nodes hold, as ZooKeeper's StatsTrack reads and writes it: `count=N,bytes=N` and further fields after
 * `=;`, where old clients stop reading. -1 is no limit. Numbers have 64 bits, and wrap like those of ZooKeeper.
 */

import { utf8 } from '@concordat/wire';

export type Track = ReadonlyMap<string, bigint>;

const COUNT = 'count';
const BYTES = 'bytes';
const COUNT_HARD_LIMIT = 'countHardLimit';
const BYTE_HARD_LIMIT = 'byteHardLimit';
const UNSET = -1n;

/** Beyond it nobody has fields that mean anything, and every write below the quota would read and write them. */
const MAX_TRACK_BYTES = 1024;

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** As Java splits: what is empty at the end does not count. */
function partsOf(text: string, separator: RegExp): string[] {
  const parts = text.split(separator);
  while (parts.at(-1) === '') parts.pop();
  return parts;
}

function longOf(text: string): bigint | null {
  if (!/^[+-]?[0-9]+$/.test(text)) return null;
  const value = BigInt(text.replace('+', ''));
  return BigInt.asIntN(64, value) === value ? value : null;
}

/** Null for what the newest ZooKeepers refuse, too; older ones broke on it. */
export function readTrack(data: Uint8Array | null): Track | null {
  const text = data === null ? null : textOf(data);
  if (text === null) return null;
  const track = new Map<string, bigint>();
  for (const pair of partsOf(text, /[,;]+/)) {
    const [key, value] = partsOf(pair, /=/);
    if (key === undefined || key === '' || value === undefined) return null;
    const long = value === '' ? UNSET : longOf(value);
    if (long === null) return null;
    track.set(key, long);
  }
  return track;
}

/** True for what a client may write there. */
export const isTrack = (data: Uint8Array | null): boolean =>
  data !== null && data.length <= MAX_TRACK_BYTES && readTrack(data) !== null;

const fieldOf = (track: Track, key: string): bigint => track.get(key) ?? UNSET;

function writeTrack(track: Track): Uint8Array {
  const others = [...track.keys()].filter((key) => key !== COUNT && key !== BYTES).sort();
  const base = `${COUNT}=${fieldOf(track, COUNT)},${BYTES}=${fieldOf(track, BYTES)}`;
  const more = others.map((key) => `;${key}=${fieldOf(track, key)}`).join('');
  return utf8(more === '' ? base : `${base}=${more}`);
}

export interface Use {
  readonly nodes: number;
  readonly bytes: number;
}

export const trackOf = ({ nodes, bytes }: Use): Uint8Array =>
  writeTrack(
    new Map([
      [COUNT, BigInt(nodes)],
      [BYTES, BigInt(bytes)],
    ]),
  );

const sum = (left: bigint, right: number): bigint => BigInt.asIntN(64, left + BigInt(right));

/** The track with what changed counted in. */
export function counted(track: Track, { nodes, bytes }: Use): Uint8Array {
  const next = new Map(track);
  next.set(COUNT, sum(fieldOf(track, COUNT), nodes));
  next.set(BYTES, sum(fieldOf(track, BYTES), bytes));
  return writeTrack(next);
}

const isOver = (use: bigint, limit: bigint): boolean => limit > UNSET && use > limit;

/** True if what would change goes against a hard limit, which as in ZooKeeper also holds for what shrinks too little. */
export function breaksHardLimit(limits: Track, use: Track, { nodes, bytes }: Use): boolean {
  const breaks = (key: string, change: number, limit: string): boolean =>
    change !== 0 && isOver(sum(fieldOf(use, key), change), fieldOf(limits, limit));
  return breaks(COUNT, nodes, COUNT_HARD_LIMIT) || breaks(BYTES, bytes, BYTE_HARD_LIMIT);
}

/** True if more is used than a limit says that may be exceeded. */
export const isOverSoftLimit = (limits: Track, use: Track): boolean =>
  [COUNT, BYTES].some((key) => isOver(fieldOf(use, key), fieldOf(limits, key)));
