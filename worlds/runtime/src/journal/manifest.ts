/**
 * The identity marker of a journal: who it is, whether it is provably whole, and which segments must exist. A segment
 * is listed before its first use and removed from the list before it is deleted, so a listed file that is missing is
 * a loss, and a file that is not listed is litter. Text, for people; its last line is a CRC of the first.
 *
 *   {"format":1,"id":"<32 hex>","losses":0,"reason":"","segmentBytes":16777216,"released":0,"durable":7,"segments":[0,1]}
 *   crc 0f3a9b21
 */

import { crc32 } from 'node:zlib';
import type { Position } from '@concordat/kernel';
import { fromHex, toHex } from '@concordat/wire';
import { type Disk, synced } from './disk.ts';
import { JOURNAL_ID_BYTES } from './segment.ts';

export const MANIFEST_NAME = 'journal.manifest';
const MANIFEST_FORMAT = 1;

export interface Manifest {
  /** 16 bytes drawn at creation. */
  readonly id: Uint8Array;
  /** How often something was found to be gone. The journal is whole while that is 0. */
  readonly losses: number;
  /** What was lost first; empty if it is whole. */
  readonly reason: string;
  readonly segmentBytes: number;
  /** Records before this position may be gone. */
  readonly released: Position;
  /** Records before this position were durable when the manifest was written. */
  readonly durable: Position;
  /** Sequence numbers, ascending; the last ones may be spare. */
  readonly segments: readonly number[];
}

export function encodeManifest(manifest: Manifest): string {
  const { id, losses, reason, segmentBytes, released, durable, segments } = manifest;
  const start = { format: MANIFEST_FORMAT, id: toHex(id), losses, reason, segmentBytes };
  const line = JSON.stringify({ ...start, released, durable, segments });
  return `${line}\ncrc ${crc32(line).toString(16).padStart(8, '0')}\n`;
}

/** The manifest in `text`, or null unless it is exactly what `encodeManifest` writes. */
export function decodeManifest(text: string): Manifest | null {
  const fields = parseObject(text.slice(0, text.indexOf('\n')));
  if (fields === null) return null;
  const { id: hex, losses, reason, segmentBytes, released, durable, segments } = fields;
  const id = typeof hex === 'string' ? fromHex(hex) : null;
  if (id?.length !== JOURNAL_ID_BYTES || !isCount(losses) || typeof reason !== 'string') return null;
  if (!isCount(segmentBytes) || !isCount(released) || !isCount(durable)) return null;
  if (!Array.isArray(segments) || segments.length === 0 || !segments.every(isCount)) return null;
  if (segments.some((sequence, index) => sequence <= (segments[index - 1] ?? -1))) return null;
  const manifest = { id, losses, reason, segmentBytes, released, durable, segments };
  // The CRC, the format and any second spelling are judged at once.
  return encodeManifest(manifest) === text ? manifest : null;
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

function parseObject(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}

/** Replaces the manifest atomically: either the old or the new one is found after a crash. */
export async function storeManifest(disk: Disk, directory: string, manifest: Manifest): Promise<void> {
  const path = `${directory}/${MANIFEST_NAME}`;
  const fresh = `${path}.new`;
  if ((await disk.read(fresh)) !== null) await disk.remove(fresh);
  const file = await disk.open(fresh, true);
  try {
    await disk.writeLater(file, Buffer.from(encodeManifest(manifest)), 0);
    await synced(disk, file);
  } finally {
    disk.close(file);
  }
  await disk.rename(fresh, path);
  await disk.syncDirectory(directory);
}
