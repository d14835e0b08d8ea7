/** Four-letter words, asked of a server by tools. */

import { createConnection } from 'node:net';
import type { LiveClientOptions } from './live-client.ts';

/** No answer of a server is longer. */
const MAX_ANSWER_CHARACTERS = 16 * 1024 * 1024;

/** What a server says to a word such as `mntr`; rejects with an `Error` that names the endpoint. */
export function askWord(
  { host, port, timeoutMs = 5000 }: Pick<LiveClientOptions, 'host' | 'port' | 'timeoutMs'>,
  word: string,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      socket.destroy();
      reject(new Error(`${host}:${port}: ${why}`));
    };
    const socket = createConnection({ host, port }, () => socket.write(word));
    let text = '';
    socket.setEncoding('utf8').setTimeout(timeoutMs, () => fail('it does not answer'));
    socket.on('error', (error) => fail(error.message));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_ANSWER_CHARACTERS) fail('its answer is too long');
    });
    socket.on('close', () => resolve(text));
  });
}
