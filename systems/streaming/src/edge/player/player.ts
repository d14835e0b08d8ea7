/**
 * How a live stream gets out: a server for players on this machine, `http://127.0.0.1:PORT/live/ID/index.m3u8` and `stream.ts`,
 * with a status page, `/status.json` and `/metrics`. Several streams share it.
 */

import { createServer } from 'node:http';
import { createMetrics, type Metrics } from '@concordat/runtime';
import { requireSetting, StreamError, throwIfAborted } from '../errors.ts';
import { type BoundEndpoint, type Endpoint, LOOPBACK, listenTcp } from '../listening.ts';
import { type Channel, createChannel, endChannel, playbackOf, takeRound } from './channel.ts';
import { measureStreams } from './measures.ts';
import { answer } from './routes.ts';
import type { PlaybackStatus, StreamStatus } from './status.ts';

export interface PlayerOptions {
  readonly listen?: Endpoint;
  /** Names besides numeric addresses and localhost by which this may be called. */
  readonly allowedHosts?: readonly string[];
  /** Whose pages may use the media; all unless told. */
  readonly allowedOrigins?: '*' | readonly string[];
  readonly maxConnections?: number;
  /** What may wait for a reader of the endless stream before it is cut off. */
  readonly maxWaitingBytes?: number;
  /** How long a playlist may be waited for that is not there yet. */
  readonly playlistWaitMs?: number;
  /** Where what is measured is added to; `/metrics` renders it. */
  readonly metrics?: Metrics;
  /** Closes the player. */
  readonly signal?: AbortSignal;
}

export interface PlayerStreamOptions {
  /** In the URL: letters, digits, `_` and `-`, at most 64. */
  readonly id: string;
  readonly status: () => StreamStatus;
  /** Segments in the playlist; 16 unless told. */
  readonly windowSize?: number;
  /** Segments before the playlist is shown; 2 unless told. */
  readonly startSegments?: number;
  readonly maxSegmentBytes?: number;
  /** Segments that are kept come to at most this. */
  readonly maxHeldBytes?: number;
}

export interface PlayerStream {
  readonly playlistUrl: string;
  readonly endlessUrl: string;
  /** In order; null for a round that could not be decoded. */
  onRound(number: number, payload: Uint8Array | null): void;
  /** No more rounds come, whatever the broadcaster said. */
  end(): void;
  playback(): PlaybackStatus;
  /** Takes the stream off the server. */
  remove(): void;
}

export interface Player {
  readonly endpoint: BoundEndpoint;
  /** Of the status page. */
  readonly url: string;
  /** Throws `stream-exists` or `bad-configuration`. */
  add(options: PlayerStreamOptions): PlayerStream;
  /** At once: readers are cut off. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const SILENT_MS = 30_000;
/** A segment of 12 s at a tenth of its rate. */
const SEGMENT_MS = 120_000;
const MEGABYTE = 1024 * 1024;

/** Rejects with a StreamError: `aborted`, or those of opening a port. */
export async function startPlayer(options: PlayerOptions = {}): Promise<Player> {
  const { signal, metrics = createMetrics(), maxConnections = 128 } = options;
  throwIfAborted(signal);
  const channels = new Map<string, Channel>();
  measureStreams(metrics, channels);
  const routes = {
    allowedHosts: options.allowedHosts ?? [],
    allowedOrigins: options.allowedOrigins ?? '*',
    maxWaitingBytes: options.maxWaitingBytes ?? 8 * MEGABYTE,
    playlistWaitMs: options.playlistWaitMs ?? 15_000,
    segmentMs: SEGMENT_MS,
    metrics,
  } as const;
  const server = createServer((request, response) => answer(channels, routes, request, response));
  server.timeout = SILENT_MS;
  server.requestTimeout = SILENT_MS;
  server.maxConnections = maxConnections;
  const endpoint = await listenTcp(server, options.listen ?? {}, 'players');
  let closing: Promise<void> | null = null;
  const close = (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    closing ??= new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return closing;
  };
  const onAbort = (): void => void close();
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) await close();
  const url = urlOf(endpoint);
  return {
    endpoint,
    url,
    add: (stream) => addStream(channels, url, stream),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function addStream(channels: Map<string, Channel>, url: string, options: PlayerStreamOptions): PlayerStream {
  const { id, status, windowSize = 16, startSegments = 2 } = options;
  const { maxSegmentBytes = 64 * MEGABYTE, maxHeldBytes = 256 * MEGABYTE } = options;
  requireSetting(
    /^[\w-]{1,64}$/.test(id),
    `'${id}' is no name for a URL: letters, digits, _ and -, at most 64`,
  );
  requireSetting(Number.isInteger(windowSize) && windowSize >= 3, 'a playlist lists at least three segments');
  requireSetting(
    startSegments >= 1 && startSegments <= windowSize,
    'a playlist begins with one segment or more',
  );
  if (channels.has(id)) throw new StreamError('stream-exists', `${id} is here already: remove it first`);
  const channel = createChannel({ id, status, windowSize, startSegments, maxSegmentBytes, maxHeldBytes });
  channels.set(id, channel);
  return {
    playlistUrl: `${url}live/${id}/index.m3u8`,
    endlessUrl: `${url}live/${id}/stream.ts`,
    onRound: (number, payload) => takeRound(channel, number, payload),
    end: () => endChannel(channel),
    playback: () => playbackOf(channel),
    remove: () => {
      endChannel(channel);
      if (channels.get(id) === channel) channels.delete(id);
    },
  };
}

/** A server that listens everywhere is called by its loopback address here. */
function urlOf({ host, port }: BoundEndpoint): string {
  const name = host === '0.0.0.0' || host === '::' ? LOOPBACK : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}/`;
}
