/** Where data goes: standard output or a file, in parts, at the pace of whoever reads. A reader that has had enough ends it quietly. */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CommandError, messageOf } from '../errors.ts';

/** Letters that are written at once: a write for each line of a million would take longer than to rank them. */
const BLOCK = 1 << 16;

function* blocksOf(parts: Iterable<string>): Iterable<string> {
  let block = '';
  for (const part of parts) {
    block += part;
    if (block.length < BLOCK) continue;
    yield block;
    block = '';
  }
  if (block !== '') yield block;
}

/** Writes `parts` to `file`, or to standard output if there is none. Throws `not-written`. */
export async function writeParts(parts: Iterable<string>, file: string | undefined): Promise<void> {
  if (file === undefined) return toStandardOutput(blocksOf(parts));
  try {
    await pipeline(Readable.from(blocksOf(parts)), createWriteStream(file));
  } catch (error) {
    throw new CommandError('not-written', `${file} could not be written: ${messageOf(error)}`);
  }
}

async function toStandardOutput(parts: Iterable<string>): Promise<void> {
  let isOver = false;
  const onError = (error: NodeJS.ErrnoException): void => {
    // `| head` closes the pipe: that is no failure.
    if (error.code !== 'EPIPE') throw error;
    isOver = true;
  };
  process.stdout.on('error', onError);
  for (const part of parts) {
    if (isOver) break;
    if (!process.stdout.write(part))
      await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => {});
  }
}
