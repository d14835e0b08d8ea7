/** Transport packets from a readable stream, as standard input: its end is the end of the stream. */

import type { Readable } from 'node:stream';
import type { Intake } from './intake.ts';
import type { OpenSource } from './source.ts';

export function openReadable(input: Readable, intake: Intake): OpenSource {
  const onData = (chunk: Uint8Array): void => intake.bytes(chunk);
  const over = (): void => intake.finish();
  intake.join('the input');
  input.on('data', onData).once('end', over).once('error', over).once('close', over);
  return {
    endpoint: null,
    close: async () => {
      input.off('data', onData).off('end', over).off('close', over);
      // An error may still come, of a stream that nobody reads any more; `over` is done once.
      input.pause();
    },
  };
}
