/**
 * `stream.ts`: transport packets for as long as the stream lasts. A reader that does not keep up is cut off when too much waits
 * for it, so that nobody can make this process hold more than that.
 */

import type { ServerResponse } from 'node:http';
import { type Channel, type EndlessReader, recentParts } from './channel.ts';

export function serveEndless(channel: Channel, response: ServerResponse, maxWaitingBytes: number): void {
  const reader: EndlessReader = {
    packets: (bytes) => {
      if (response.writableLength <= maxWaitingBytes) {
        response.write(bytes);
        return;
      }
      channel.counts.slowReadersCut++;
      channel.readers.delete(reader);
      response.destroy();
    },
    end: () => void response.end(),
  };
  // Silence is no fault of a reader; that it does not take what is there is noticed above.
  response.socket?.setTimeout(0);
  response.on('close', () => channel.readers.delete(reader));
  response.flushHeaders();
  for (const part of recentParts(channel)) response.write(part);
  if (channel.playlist.isEnded) response.end();
  else channel.readers.add(reader);
}
