/** Bodies that are too large: the client gets its answer, and the connection ends without an error. */

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, test } from 'node:test';
import { createMetrics } from '../metrics/metrics.ts';
import { startMonitor } from '../metrics/monitor.ts';
import { bodyOf, refuseBody } from './request-body.ts';

const LOOPBACK = '127.0.0.1';
const MEBIBYTE = 1024 * 1024;
const DEADLINE_MS = 20_000;

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** Serves bodies of at most 4096 bytes, and says how many there were. */
async function serve(onBody: (body: Buffer | string) => void = () => {}): Promise<number> {
  const server: Server = createServer((request, response) => void echo(request, response));
  const echo = async (request: IncomingMessage, response: Parameters<typeof refuseBody>[1]) => {
    if (request.url === '/unread') return refuseBody(request, response, 409, 'not now\n');
    const body = await bodyOf(request, 4096);
    onBody(body);
    if (body === 'too-large') refuseBody(request, response, 413, 'at most 4096 bytes\n');
    else response.end(String(body.length));
  };
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

interface Ended {
  readonly text: string;
  /** An error code, or `closed`. */
  readonly end: string;
}

/** Says all of it, whatever it hears, as many clients do; then waits until the other end has closed. */
function say(port: number, ...parts: readonly (string | Buffer)[]): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, LOOPBACK);
    closers.push(() => socket.destroy());
    let text = '';
    let end = 'closed';
    const deadline = setTimeout(() => reject(new Error(`in vain: ${text}`)), DEADLINE_MS);
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      end = error.code ?? error.message;
    });
    socket.on('close', () => {
      clearTimeout(deadline);
      resolve({ text, end });
    });
    for (const part of parts) socket.write(part);
  });
}

const head = (path: string, ...headers: readonly string[]): string =>
  [`POST ${path} HTTP/1.1`, `Host: ${LOOPBACK}`, ...headers, '', ''].join('\r\n');

const sized = (path: string, sizeBytes: number, ...headers: readonly string[]) =>
  [head(path, `Content-Length: ${sizeBytes}`, ...headers), Buffer.alloc(sizeBytes, 'x')] as const;

const chunked = (path: string, sizeBytes: number) => {
  const chunk = `${(64 * 1024).toString(16)}\r\n${'y'.repeat(64 * 1024)}\r\n`;
  return [
    head(path, 'Transfer-Encoding: chunked'),
    ...Array.from({ length: sizeBytes / (64 * 1024) }, () => chunk),
    '0\r\n\r\n',
  ] as const;
};

function assertRefused({ text, end }: Ended, status: number, why: string): void {
  assert.equal(end, 'closed');
  assert.match(text, new RegExp(`^HTTP/1\\.1 ${status} `));
  assert.equal(text.split('\r\n\r\n')[1], why);
}

test('a body as large as it may be is read whole', async () => {
  const bodies: (Buffer | string)[] = [];
  const port = await serve((body) => void bodies.push(body));
  const { text, end } = await say(port, ...sized('/', 4096, 'Connection: close'));
  assert.match(text, /\r\n\r\n4096$/);
  assert.equal(end, 'closed');
  assert.deepEqual(bodies, [Buffer.alloc(4096, 'x')]);
});

for (const [kind, body] of [
  ['sized', sized],
  ['chunked', chunked],
] as const) {
  test(`a ${kind} body of 8 MiB, all of it sent, is answered 413, and the connection ends cleanly`, async () => {
    const port = await serve();
    assertRefused(await say(port, ...body('/', 8 * MEBIBYTE)), 413, 'at most 4096 bytes\n');
  });

  test(`a ${kind} body that nobody wants to read is refused as cleanly`, async () => {
    const port = await serve();
    assertRefused(await say(port, ...body('/unread', 8 * MEBIBYTE)), 409, 'not now\n');
  });

  test(`the monitor refuses a ${kind} body of 8 MiB as cleanly`, async () => {
    const monitor = await startMonitor({
      metrics: createMetrics(),
      unhealthy: () => null,
      unready: () => null,
      pages: { path: '/pages', answer: () => ({ status: 200, type: 'text/plain', body: 'read' }) },
    });
    closers.push(() => void monitor.close());
    const ended = await say(monitor.address.port, ...body('/pages/one', 8 * MEBIBYTE));
    assertRefused(ended, 413, 'a body has at most 4096 bytes\n');
  });
}

test('who announces too much is answered before it sends any, and hung up on though it never does', async () => {
  const port = await serve();
  assertRefused(await say(port, head('/', 'Content-Length: 5000')), 413, 'at most 4096 bytes\n');
});

test('a body that ends too soon is broken', async () => {
  const bodies: (Buffer | string)[] = [];
  const port = await serve((body) => void bodies.push(body));
  const socket = connect(port, LOOPBACK);
  socket.end(`${head('/', 'Content-Length: 100')}half`);
  await new Promise((resolve) => socket.resume().once('close', resolve));
  assert.deepEqual(bodies, ['broken']);
});
