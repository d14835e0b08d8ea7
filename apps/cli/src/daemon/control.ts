/**
 * A daemon's control socket: one line of text in, one line of JSON out, then it closes. A Unix socket in a directory
 * that only its user may enter: whoever can talk to it could as well kill the daemon.
 */

import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { CommandError } from '../errors.ts';

/** A command to governance, in hexadecimal: the largest federation, all its approvals, and a proof. */
const MAX_REQUEST_BYTES = 128 * 1024;
const MAX_ANSWER_BYTES = 1024 * 1024;
const DEADLINE_MS = 5000;
/** What every system has room for in a socket's address; beyond it, names are cut without a word. */
const MAX_PATH_BYTES = 103;

export interface Control {
  close(): Promise<void>;
}

/** Answers requests on `path`; an answer of undefined means that the request is not known. */
export async function startControl(path: string, answer: (request: string) => unknown): Promise<Control> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) {
    const message = `the path of the control socket is longer than ${MAX_PATH_BYTES} bytes: ${path}`;
    throw new CommandError('path-too-long', message, 'Choose a shorter --data directory.');
  }
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8').setTimeout(DEADLINE_MS, () => socket.destroy());
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_REQUEST_BYTES) socket.destroy();
      const end = text.indexOf('\n');
      if (end < 0) return;
      const result = answer(text.slice(0, end)) ?? { error: 'unknown request' };
      socket.end(`${JSON.stringify(result)}\n`);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(path, resolve);
  });
  chmodSync(path, 0o600);
  return { close: () => new Promise((resolve) => server.close(() => resolve())) };
}

/**
 * Asks a running daemon. Rejects with `not-running` if nobody answers in time, with `starting` if it can tell only of its own
 * start yet: its status.
 */
export async function ask(path: string, request: string, deadlineMs = DEADLINE_MS): Promise<unknown> {
  const answer = await exchange(path, request, deadlineMs);
  if (typeof answer === 'object' && answer !== null && 'notYet' in answer)
    throw new CommandError('starting', `the daemon at ${path} is still starting: ${answer.notYet}`);
  return answer;
}

function exchange(path: string, request: string, deadlineMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new CommandError('not-running', `no daemon answers at ${path}: ${why}`));
    const socket = createConnection(path, () => socket.write(`${request}\n`));
    let text = '';
    socket.setEncoding('utf8').setTimeout(deadlineMs, () => socket.destroy(new Error('it took too long')));
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > MAX_ANSWER_BYTES) socket.destroy(new Error('its answer is too long'));
    });
    socket.on('error', (error) => fail(error.message));
    socket.on('end', () => {
      try {
        resolve(JSON.parse(text));
      } catch {
        fail('its answer is not JSON');
      }
    });
  });
}
