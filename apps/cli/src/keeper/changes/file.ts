/**
 * Files of what transactions did (`@concordat/keeper`, changes): the daemon's own, which end anywhere, and those of a directory
 * of backups, which have an end. A seal hashes all that is before it, so nothing can be changed, left out or put elsewhere
 * unnoticed; that nobody has written another file altogether, it does not show.
 *
 *   header  "concordat keeper changes 1\n" | 32 federation | u53 zxid, time of the point that it begins at
 *   frame*  u32 length, not 0 | a stretch | 32 seal: SHA-256 of the seal before and the stretch; first, of the header and the stretch
 *   end     u32 0 | u53 zxid, time of the point that it ends at | 32 seal: SHA-256 of the seal before and these two
 */

import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { decodeStretch, encodeStretch, MAX_STRETCH_BYTES, type Point, type Stretch } from '@concordat/keeper';
import { concatBytes, createReader, createWriter, equalBytes, fromHex, toHex, utf8 } from '@concordat/wire';
import { CommandError, messageOf } from '../../errors.ts';

const MAGIC = utf8('concordat keeper changes 1\n');
const FEDERATION_BYTES = 32;
const POINT_BYTES = 16;
const SEAL_BYTES = 32;
const LENGTH_BYTES = 4;
const HEADER_BYTES = MAGIC.length + FEDERATION_BYTES + POINT_BYTES;
const END_BYTES = LENGTH_BYTES + POINT_BYTES + SEAL_BYTES;

export interface Header {
  /** Its identity, in hexadecimal. */
  readonly federation: string;
  readonly from: Point;
}

/** Makes the bytes of one file, to be written in this order. */
export interface Sealer {
  readonly header: Uint8Array;
  /** Null for one that is too large: then the file must end before it. */
  frame(stretch: Stretch): Uint8Array | null;
  end(point: Point): Uint8Array;
}

const writer = createWriter();

function pointBytes({ zxid, time }: Point): Uint8Array {
  writer.u53(zxid);
  writer.u53(time);
  return writer.finish();
}

function lengthBytes(length: number): Uint8Array {
  writer.u32(length);
  return writer.finish();
}

const sealOver = (before: Uint8Array, bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha256').update(before).update(bytes).digest());

export function createSealer({ federation, from }: Header): Sealer {
  const header = concatBytes([MAGIC, fromHex(federation) ?? new Uint8Array(0), pointBytes(from)]);
  let seal = header;
  const sealed = (length: number, bytes: Uint8Array): Uint8Array => {
    seal = sealOver(seal, bytes);
    return concatBytes([lengthBytes(length), bytes, seal]);
  };
  return {
    header,
    frame: (stretch) => {
      const bytes = encodeStretch(stretch);
      return bytes.length > MAX_STRETCH_BYTES ? null : sealed(bytes.length, bytes);
    },
    end: (point) => sealed(0, pointBytes(point)),
  };
}

/** What comes next in a file: the last says how it ends. */
type Step =
  | { readonly kind: 'stretch'; readonly stretch: Stretch }
  | { readonly kind: 'end'; readonly point: Point }
  | { readonly kind: 'cut' | 'bad' };

export interface ChangesReader extends Header {
  readonly size: number;
  /** One at a time, so that a long file takes no more memory than a short one. */
  steps(): Iterable<Step>;
  /** Where it says that it ends; null without an end. */
  lastPoint(): Point | null;
  close(): void;
}

/** Null for a file that does not begin like one. Throws a system error if it cannot be read. */
export function openChanges(path: string): ChangesReader | null {
  const fd = openSync(path, 'r');
  const header = readAt(fd, 0, HEADER_BYTES);
  const known = header === null ? null : decodeHeader(header);
  if (header === null || known === null) {
    closeSync(fd);
    return null;
  }
  const { size } = fstatSync(fd);
  return {
    ...known,
    size,
    steps: () => stepsIn(fd, size, header, known.from),
    lastPoint: () => {
      const end = size < HEADER_BYTES + END_BYTES ? null : readAt(fd, size - END_BYTES, END_BYTES);
      const isEnd = end?.subarray(0, LENGTH_BYTES).every((byte) => byte === 0) === true;
      return end !== null && isEnd ? pointIn(end.subarray(LENGTH_BYTES, LENGTH_BYTES + POINT_BYTES)) : null;
    },
    close: () => closeSync(fd),
  };
}

function decodeHeader(bytes: Uint8Array): Header | null {
  const reader = createReader(bytes);
  if (!equalBytes(reader.fixed(MAGIC.length), MAGIC)) return null;
  const federation = toHex(reader.fixed(FEDERATION_BYTES));
  return reader.finish({ federation, from: { zxid: reader.u53(), time: reader.u53() } });
}

function pointIn(bytes: Uint8Array): Point | null {
  const reader = createReader(bytes);
  return reader.finish({ zxid: reader.u53(), time: reader.u53() });
}

/** Null if there are not that many. */
function readAt(fd: number, position: number, length: number): Uint8Array | null {
  const bytes = new Uint8Array(length);
  for (let read = 0; read < length; ) {
    const more = readSync(fd, bytes, read, length - read, position + read);
    if (more === 0) return null;
    read += more;
  }
  return bytes;
}

function* stepsIn(fd: number, size: number, header: Uint8Array, from: Point): Generator<Step> {
  let [at, seal, last] = [HEADER_BYTES, header, from];
  for (;;) {
    const prefix = at + LENGTH_BYTES > size ? null : readAt(fd, at, LENGTH_BYTES);
    if (prefix === null) return yield { kind: 'cut' };
    const length = createReader(prefix).u32();
    if (length > MAX_STRETCH_BYTES) return yield { kind: 'bad' };
    const body = length === 0 ? POINT_BYTES : length;
    const end = at + LENGTH_BYTES + body + SEAL_BYTES;
    const found = end > size ? null : readAt(fd, at + LENGTH_BYTES, body + SEAL_BYTES);
    if (found === null) return yield { kind: 'cut' };
    const bytes = found.subarray(0, body);
    seal = sealOver(seal, bytes);
    if (!equalBytes(seal, found.subarray(body))) return yield { kind: 'bad' };
    at = end;
    const step = length === 0 ? endIn(bytes, last, at === size) : stretchIn(bytes, last);
    yield step;
    if (step.kind !== 'stretch') return;
    last = step.stretch.end;
  }
}

function endIn(bytes: Uint8Array, last: Point, isLast: boolean): Step {
  const point = pointIn(bytes);
  const isRight = isLast && point?.zxid === last.zxid && point.time === last.time;
  return isRight ? { kind: 'end', point } : { kind: 'bad' };
}

function stretchIn(bytes: Uint8Array, last: Point): Step {
  const stretch = decodeStretch(bytes);
  const follows = stretch?.from.zxid === last.zxid && stretch.from.time >= last.time;
  return stretch !== null && follows ? { kind: 'stretch', stretch } : { kind: 'bad' };
}

export const badChanges = (path: string, why: string): CommandError =>
  new CommandError(
    'bad-backup',
    `${path} ${why}`,
    'Another member may have what is in it: concordat keeper backup --list DIR tells what can be restored without.',
  );

/** All of a file that has an end; a `CommandError` says what is wrong with it. */
export function* stretchesIn(path: string): Generator<Stretch> {
  let reader: ChangesReader | null;
  try {
    reader = openChanges(path);
  } catch (error) {
    throw badChanges(path, `cannot be read: ${messageOf(error)}`);
  }
  if (reader === null) throw badChanges(path, 'is no file of changes');
  try {
    for (const step of reader.steps()) {
      if (step.kind === 'stretch') yield step.stretch;
      else if (step.kind === 'cut') throw badChanges(path, 'is cut off');
      else if (step.kind === 'bad') throw badChanges(path, 'was damaged or changed');
    }
  } finally {
    reader.close();
  }
}
