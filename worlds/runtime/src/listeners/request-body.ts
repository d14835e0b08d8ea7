/**
 * Bodies of HTTP requests, as large as whoever asks for them allows; and refusals that are heard. A client that sends all
 * it has before it listens loses an answer whose connection is closed upon it: what is still on its way is answered with a
 * reset (RFC 9112, section 9.6). So a refusal is written at once, and its connection closed when the rest has come and been thrown away.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';

/** For a rest that does not end: then the connection is closed all the same. */
const LINGER_MS = 5000;

/**
 * The whole body; or `too-large`, told as soon as it is known and to be answered by `refuseBody`; or `broken`: its end never
 * came, and nobody waits for an answer.
 *
 * @param onProgress something of the body has come.
 */
export function bodyOf(
  request: IncomingMessage,
  maxBytes: number,
  onProgress: () => void = () => {},
): Promise<Buffer | 'too-large' | 'broken'> {
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) return Promise.resolve('too-large');
  return new Promise((resolve) => {
    let chunks: Buffer[] = [];
    let size = 0;
    // Not `for await`, which destroys the connection when it is left.
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      onProgress();
      if (size <= maxBytes) return void chunks.push(chunk);
      chunks = [];
      resolve('too-large');
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('error', () => resolve('broken'));
    request.on('close', () => resolve('broken'));
  });
}

/** Answers a request whose body may be on its way, and will not be read. The connection is not used again. */
export function refuseBody(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  text: string,
): void {
  response.writeHead(status, {
    'content-type': 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    connection: 'close',
  });
  if (request.readableEnded) return void response.end(text);
  // All of the answer, but not its end, upon which the connection is closed.
  response.write(text);
  const deadline = setTimeout(hangUp, LINGER_MS).unref();
  request.once('end', hangUp).once('close', hangUp).resume();

  function hangUp(): void {
    clearTimeout(deadline);
    response.end();
  }
}
