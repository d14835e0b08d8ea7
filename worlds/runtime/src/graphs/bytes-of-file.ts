/** The bytes of a file as they come, unpacked if it is gzip, which its first two bytes tell. */

import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const CHUNK_BYTES = 1 << 18;

export interface FileBytes {
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Of the file, packed as it is: read so far, and in all. */
  readonly bytesRead: () => number;
  readonly bytesTotal: number;
  readonly close: () => void;
}

/** Opens a file. Reading and unpacking fail by what `chunks` throws. Throws what opening throws. */
export async function bytesOfFile(file: string): Promise<FileBytes> {
  const handle = await open(file, 'r');
  try {
    const { size } = await handle.stat();
    const head = Buffer.alloc(2);
    const { bytesRead } = await handle.read(head, 0, 2, 0);
    const raw = handle.createReadStream({ start: 0, highWaterMark: CHUNK_BYTES });
    let count = 0;
    raw.on('data', (chunk) => {
      count += chunk.length;
    });
    raw.pause();
    const isPacked = bytesRead === 2 && head[0] === 0x1f && head[1] === 0x8b;
    const unpacked: Readable = isPacked ? raw.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : raw;
    // An error of the file reaches whoever reads the unpacked bytes.
    if (isPacked) raw.on('error', (error) => unpacked.destroy(error));
    const close = (): void => {
      raw.destroy();
      unpacked.destroy();
    };
    return { chunks: unpacked, bytesRead: () => count, bytesTotal: size, close };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
