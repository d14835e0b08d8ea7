/**
 * HLS as encoders push it (`ffmpeg -f hls -method PUT http://.../live/index.m3u8`): PUT of segments and playlists, DELETE of
 * what has left the playlist. One publisher at a time: one folder, until it is silent or its playlist ends. Only PUT, so that no page in
 * a browser can publish without a preflight, which is refused.
 */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { bodyOf, refuseBody } from '@concordat/runtime';
import { nameIn } from '../../media/pushed-playlist.ts';
import { type Endpoint, isOwnHost, listenTcp } from '../listening.ts';
import type { Intake } from './intake.ts';
import { createPushedSegments, type PushedSegments } from './pushed-segments.ts';
import type { OpenSource } from './source.ts';

const MAX_PLAYLIST_BYTES = 256 * 1024;
/** While it was uploading. */
const LEFT = 'it was taken for gone: begin anew\n';
const MAX_HELD_BYTES = 128 * 1024 * 1024;
/** Uploads that are under way come to at most this for each connection. */
const MAX_SEGMENT_BYTES = 32 * 1024 * 1024;

export interface HttpPutOptions {
  readonly idleMs: number;
  /** Names besides numeric addresses and localhost by which publishers may call this. */
  readonly allowedHosts: readonly string[];
}

interface Session {
  readonly intake: Intake;
  readonly segments: PushedSegments;
  /** The publisher: its address and path. */
  folder: string | null;
  readonly silence: NodeJS.Timeout;
}

/** Rejects like `listenTcp`. */
export async function openHttpPut(
  endpoint: Endpoint,
  options: HttpPutOptions,
  intake: Intake,
): Promise<OpenSource> {
  const segments = createPushedSegments(MAX_HELD_BYTES, intake);
  const silence = setTimeout(
    () => leave(session, `it was silent for ${options.idleMs} ms`),
    options.idleMs,
  ).unref();
  const session: Session = { intake, segments, folder: null, silence };
  const server = createServer((request, response) => {
    const reply: Reply = (status, text = '') => {
      response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(text);
    };
    if (!isOwnHost(request.headers.host, options.allowedHosts)) return reply(421, 'this is another host\n');
    if (request.headers.origin !== undefined) return reply(403, 'web pages cannot publish\n');
    void answer(session, request, response, reply);
  });
  server.requestTimeout = 0;
  server.timeout = options.idleMs;
  // An encoder has two or three.
  server.maxConnections = 8;
  const bound = await listenTcp(server, endpoint, 'publishers').catch((error: unknown) => {
    clearTimeout(silence);
    throw error;
  });
  return {
    endpoint: bound,
    close: () =>
      new Promise((resolve) => {
        clearTimeout(silence);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function leave(session: Session, why: string): void {
  if (session.folder === null) return;
  session.folder = null;
  session.segments.clear();
  session.intake.leave(why);
}

type Reply = (status: number, text?: string) => void;

async function answer(
  session: Session,
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
): Promise<void> {
  const path = (request.url ?? '').split('?')[0] ?? '';
  const name = nameIn(path);
  if (request.method !== 'PUT' && request.method !== 'DELETE') return reply(405, 'PUT or DELETE only\n');
  if (name === null || !/\.(?:ts|m3u8)$/.test(name))
    return refuseBody(request, response, 415, 'segments end in .ts, playlists in .m3u8\n');
  const folder = `${request.socket.remoteAddress}${path.slice(0, -name.length)}`;
  if (session.folder !== folder && !joined(session, folder))
    return refuseBody(request, response, 409, 'somebody else publishes\n');
  session.silence.refresh();
  if (request.method === 'DELETE') {
    session.segments.remove(name);
    return reply(204);
  }
  return name.endsWith('.m3u8')
    ? takePlaylist(session, folder, request, response, reply)
    : takeSegment(session, folder, name, request, response, reply);
}

function joined(session: Session, folder: string): boolean {
  if (!session.intake.join(folder)) return false;
  session.folder = folder;
  return true;
}

async function takePlaylist(
  session: Session,
  folder: string,
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
): Promise<void> {
  const bytes = await bodyOf(request, MAX_PLAYLIST_BYTES, () => session.silence.refresh());
  if (bytes === 'too-large')
    return refuseBody(request, response, 413, `a playlist has at most ${MAX_PLAYLIST_BYTES} bytes\n`);
  if (bytes === 'broken') return;
  if (session.folder !== folder) return reply(409, LEFT);
  if (!session.segments.playlist(bytes.toString('utf8'))) return reply(400, 'this is no media playlist\n');
  if (session.intake.status().publisher === null) session.folder = null;
  reply(204);
}

async function takeSegment(
  session: Session,
  folder: string,
  name: string,
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
): Promise<void> {
  session.segments.begun(name);
  const bytes = await bodyOf(request, Math.min(MAX_SEGMENT_BYTES, session.segments.room), () =>
    session.silence.refresh(),
  );
  const isLate = session.folder !== folder;
  if (typeof bytes === 'string' || isLate) session.segments.abandoned(name);
  if (bytes === 'broken') return;
  if (isLate) return refuseBody(request, response, 409, LEFT);
  if (bytes === 'too-large' || !session.segments.whole(name, bytes))
    return refuseBody(request, response, 413, 'too many segments wait for a playlist that lists them\n');
  reply(204);
}
