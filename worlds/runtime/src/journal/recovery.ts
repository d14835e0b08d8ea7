/**
 * Reads a journal back (DESIGN section 9, rule 2: amnesia). A crash may tear or drop any part of what was not yet
 * durable: such a tail is cut. If anything behind the break states that records at the break were durable, or a
 * listed file is missing, acknowledged records are gone: the journal is not whole, whatever prefix still reads.
 *
 * Limit: when the very last commit is damaged and nothing was written after it, damage looks like a torn write. The
 * journal therefore writes a seal (an empty entry) when it falls idle, and what is durable into its manifest.
 */

import type { Position, Progress } from '@concordat/kernel';
import type { Disk } from './disk.ts';
import type { Manifest } from './manifest.ts';
import { type SegmentScan, scanSegment } from './scan.ts';
import { segmentName } from './segment.ts';

/** A segment of the recovered prefix, or a spare. */
export interface RecoveredSegment {
  readonly sequence: number;
  /** Null for a spare. */
  readonly first: Position | null;
  /** Where writing goes on; 0 for a spare. */
  readonly end: number;
  /** False if bytes beyond `end` must be zeroed before the segment is written again. */
  readonly isClean: boolean;
}

export interface Recovery {
  readonly records: readonly Uint8Array[];
  readonly first: Position;
  /** CRC of the last entry, which the next one names. */
  readonly lastCrc: number;
  readonly segments: readonly RecoveredSegment[];
  /** Why acknowledged records are known to be lost, or null. */
  readonly loss: string | null;
}

export async function recover(
  disk: Disk,
  directory: string,
  manifest: Manifest,
  onReading: (progress: Progress) => void = () => {},
): Promise<Recovery> {
  const scans: SegmentScan[] = [];
  const total = manifest.segments.length * manifest.segmentBytes;
  let loss: string | null = null;
  for (const sequence of manifest.segments) {
    onReading({ done: scans.length * manifest.segmentBytes, total });
    const name = segmentName(sequence);
    const bytes = await disk.read(`${directory}/${name}`);
    if (bytes === null) loss ??= `${name} is missing`;
    else if (bytes.length !== manifest.segmentBytes) {
      loss ??= `${name} has ${bytes.length} bytes instead of ${manifest.segmentBytes}`;
    }
    const scan = scanSegment(asBuffer(bytes), manifest.id, sequence);
    scans.push({ ...scan, isClean: scan.isClean && bytes?.length === manifest.segmentBytes });
  }
  onReading({ done: total, total });
  const prefix = join(scans, manifest.released);
  return { ...prefix, loss: loss ?? lossBehind(scans, prefix.first + prefix.records.length, manifest) };
}

const asBuffer = (bytes: Uint8Array | null): Buffer =>
  bytes === null ? Buffer.alloc(0) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** Chains segments as far as they fit; what lies beyond is to be wiped. */
function join(scans: readonly SegmentScan[], released: Position): Omit<Recovery, 'loss'> {
  const records: Uint8Array[] = [];
  const segments: RecoveredSegment[] = [];
  const first = scans[0]?.header?.first ?? released;
  let lastCrc = 0;
  let isBroken = false;
  for (const { sequence, header, entries, end, isClean } of scans) {
    const follows =
      header?.first === first + records.length && (segments.length === 0 || header.previous === lastCrc);
    if (isBroken || header === null || !follows) {
      segments.push({ sequence, first: null, end: 0, isClean: isClean && end === 0 });
      isBroken = true;
      continue;
    }
    for (const entry of entries) for (const record of entry.records) records.push(record);
    lastCrc = entries.at(-1)?.crc ?? header.previous;
    segments.push({ sequence, first: header.first, end, isClean });
  }
  return { records, first, lastCrc, segments };
}

function lossBehind(scans: readonly SegmentScan[], position: Position, manifest: Manifest): string | null {
  const attested = Math.max(manifest.durable, ...scans.map((scan) => scan.attested));
  if (attested > position) return `records ${position} to ${attested - 1} were durable and cannot be read`;
  const first = scans[0]?.header?.first ?? manifest.released;
  if (first > manifest.released) return `records ${manifest.released} to ${first - 1} are missing`;
  if (position < manifest.released)
    return `records up to ${manifest.released} were released and cannot be read`;
  return null;
}
