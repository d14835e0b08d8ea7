/**
 * What the player's server answers. Media may be used by pages of any origin unless told otherwise (hls.js on a page of one's own);
 * status and metrics name peers, and are for this origin alone.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Metrics } from '@concordat/runtime';
import { isOwnHost } from '../listening.ts';
import { type Channel, isReady, playbackOf, playlistText } from './channel.ts';
import { serveEndless } from './endless.ts';
import { STATUS_PAGE, STATUS_PAGE_POLICY } from './status-page.ts';

export interface RouteOptions {
  readonly allowedHosts: readonly string[];
  /** `*`, or the origins whose pages may use the media. */
  readonly allowedOrigins: '*' | readonly string[];
  readonly maxWaitingBytes: number;
  readonly playlistWaitMs: number;
  readonly segmentMs: number;
  readonly metrics: Metrics;
}

type Headers = Readonly<Record<string, string | number>>;

const TEXT = 'text/plain; charset=utf-8';
const ALWAYS: Headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

export function answer(
  channels: ReadonlyMap<string, Channel>,
  options: RouteOptions,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const { method } = request;
  const reply = (status: number, type: string, body: string | Uint8Array, headers: Headers = {}): void => {
    response.writeHead(status, {
      ...ALWAYS,
      'content-type': type,
      'content-length': Buffer.byteLength(body),
      ...headers,
    });
    response.end(method === 'HEAD' ? undefined : body);
  };
  if (!isOwnHost(request.headers.host, options.allowedHosts))
    return reply(421, TEXT, 'this is another host\n');
  if (method !== 'GET' && method !== 'HEAD')
    return reply(405, TEXT, 'GET or HEAD only\n', { allow: 'GET, HEAD' });
  const path = (request.url ?? '').split('?')[0] ?? '';
  switch (path) {
    case '/':
      return reply(200, 'text/html; charset=utf-8', STATUS_PAGE, {
        'content-security-policy': STATUS_PAGE_POLICY,
      });
    case '/status.json':
      return reply(200, 'application/json', `${JSON.stringify(statusOf(channels))}\n`);
    case '/metrics':
      return reply(200, 'text/plain; version=0.0.4; charset=utf-8', options.metrics.render());
    default:
      return answerMedia(channels, options, path, request, response, reply);
  }
}

type Reply = (status: number, type: string, body: string | Uint8Array, headers?: Headers) => void;

function answerMedia(
  channels: ReadonlyMap<string, Channel>,
  options: RouteOptions,
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
): void {
  const [, id = '', name = ''] = /^\/live\/([\w-]+)\/([\w.]+)$/.exec(path) ?? [];
  const channel = channels.get(id);
  if (channel === undefined) return reply(404, TEXT, 'no such stream: / lists those that are here\n');
  const cors = corsHeaders(options.allowedOrigins, request.headers.origin);
  if (name === 'index.m3u8') return void answerPlaylist(channel, options, response, reply, cors);
  if (name === 'stream.ts') {
    response.writeHead(200, { ...ALWAYS, ...cors, 'content-type': 'video/mp2t' });
    if (request.method === 'HEAD') response.end();
    else serveEndless(channel, response, options.maxWaitingBytes);
    return;
  }
  const number = /^(?:0|[1-9]\d{0,15})\.ts$/.test(name) ? Number.parseInt(name, 10) : Number.NaN;
  const segment = channel.segments.get(number);
  if (segment === undefined) return reply(404, TEXT, 'no such segment, or not any more\n', cors);
  // Who takes a segment a byte at a time would keep it for as long.
  const deadline = setTimeout(() => response.destroy(), options.segmentMs).unref();
  response.on('close', () => clearTimeout(deadline));
  reply(200, 'video/mp2t', segment.bytes, cors);
}

/** Waits a while for a stream that has not begun: players give up on an empty playlist. */
async function answerPlaylist(
  channel: Channel,
  options: RouteOptions,
  response: ServerResponse,
  reply: Reply,
  cors: Headers,
): Promise<void> {
  if (!isReady(channel)) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, options.playlistWaitMs).unref();
      const done = (): void => {
        clearTimeout(timer);
        channel.waiting.delete(done);
        resolve();
      };
      channel.waiting.add(done);
      response.on('close', done);
    });
  }
  if (response.destroyed) return;
  if (!isReady(channel))
    reply(503, TEXT, 'the stream has not begun here yet\n', { ...cors, 'retry-after': 2 });
  else reply(200, 'application/vnd.apple.mpegurl', playlistText(channel), cors);
}

function corsHeaders(allowed: '*' | readonly string[], origin: string | undefined): Headers {
  if (allowed === '*') return { 'access-control-allow-origin': '*' };
  const isAllowed = origin !== undefined && allowed.includes(origin);
  return isAllowed ? { 'access-control-allow-origin': origin, vary: 'origin' } : { vary: 'origin' };
}

function statusOf(channels: ReadonlyMap<string, Channel>): unknown {
  const streams = [...channels].map(([id, channel]) => ({
    id,
    playlist: `/live/${id}/index.m3u8`,
    stream: `/live/${id}/stream.ts`,
    ...channel.options.status(),
    playback: playbackOf(channel),
  }));
  return { version: 1, streams };
}
