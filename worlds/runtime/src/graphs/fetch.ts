/**
 * Files from the network whose digest is known beforehand: it does not matter who serves them, and where from. What has come stays beside
 * the file, under `.part`, and the next try asks for the rest; the file itself appears only when it is whole and right.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asError, systemCode } from '../errors.ts';
import { GraphError } from './graph-error.ts';

export interface FetchProgress {
  readonly bytesDone: number;
  /** As the server says; null: it does not. */
  readonly bytesTotal: number | null;
}

export interface FetchOptions {
  readonly url: string;
  /** Where to put it; the folder is made. */
  readonly file: string;
  /** Of the file as served, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly maxBytes?: number;
  /** Tries in a row that bring nothing. */
  readonly attempts?: number;
  /** Before the second of them; doubled for each further one. */
  readonly retryDelayMs?: number;
  /** Without a byte for so long a connection counts as broken. */
  readonly stallMs?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: FetchProgress) => void;
}

const DEFAULTS = { maxBytes: 2 ** 32, attempts: 5, retryDelayMs: 500, stallMs: 30_000 };
type Settings = FetchOptions & typeof DEFAULTS;

/** SHA-256 of a file, in hexadecimal digits. Throws what reading throws. */
export async function digestOfFile(file: string, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, signal === undefined ? {} : { signal }))
    hash.update(chunk);
  return hash.digest('hex');
}

const sizeOf = async (file: string): Promise<number> => {
  try {
    return (await stat(file)).size;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 0;
    throw error;
  }
};

/** The server's answer to a request for all from `from` on, judged: where its bytes begin, or null if it has no more. */
function startOf(response: Response, from: number, { url }: Settings): number | null {
  const encoding = response.headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity')
    throw new GraphError('fetch', url, `comes packed by the server (${encoding}), unasked`);
  if (response.status === 416) return null;
  if (response.status === 200) return 0;
  if (response.status !== 206)
    throw new GraphError('fetch', url, `the server says ${response.status} ${response.statusText}`);
  const range = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '');
  // Whoever sends another part than was asked for is asked for everything.
  return Number(range?.[1] ?? -1) === from ? from : null;
}

/** Writes a body to the part file from `start` on, to its end. Throws what breaks it; what came before is then written. */
async function writeBody(
  response: Response,
  part: FileHandle,
  start: number,
  settings: Settings,
  beat: () => void,
): Promise<void> {
  const length = response.headers.get('content-length');
  const bytesTotal = length === null ? null : start + Number(length);
  if (bytesTotal !== null && bytesTotal > settings.maxBytes) throw tooLarge(settings);
  let at = start;
  for await (const chunk of response.body ?? []) {
    beat();
    if (at + chunk.length > settings.maxBytes) throw tooLarge(settings);
    await part.write(chunk, 0, chunk.length, at);
    at += chunk.length;
    settings.onProgress?.({ bytesDone: at, bytesTotal });
  }
}

const tooLarge = ({ url, maxBytes }: Settings): GraphError =>
  new GraphError('too-large', url, `is larger than ${maxBytes} bytes`);

/** One request for what is missing. Returns whether the body came to its end; false: the part was no good, and is begun anew. */
async function fetchRest(partFile: string, settings: Settings): Promise<boolean> {
  const { url, stallMs, signal } = settings;
  const from = await sizeOf(partFile);
  const stall = new AbortController();
  const watch = setTimeout(() => stall.abort(new Error(`nothing came for ${stallMs} ms`)), stallMs);
  const headers: Record<string, string> = { 'accept-encoding': 'identity' };
  if (from > 0) headers['range'] = `bytes=${from}-`;
  try {
    const signals = signal === undefined ? [stall.signal] : [stall.signal, signal];
    const response = await fetch(url, { headers, signal: AbortSignal.any(signals) });
    const start = startOf(response, from, settings);
    if (start === null) {
      await response.body?.cancel();
      // All of it may be here already: then the digest is right.
      if (response.status === 416 && (await digestOfFile(partFile)) === settings.sha256) return true;
      await rm(partFile, { force: true });
      return false;
    }
    const part = await open(partFile, start === 0 ? 'w' : 'r+');
    try {
      await writeBody(response, part, start, settings, () => watch.refresh());
      await part.sync();
    } finally {
      await part.close();
    }
    return true;
  } finally {
    clearTimeout(watch);
  }
}

/** Whether another try may help: connections break, disks and servers' refusals stay. */
function mayRetry(error: unknown): boolean {
  if (error instanceof GraphError) return error.code === 'fetch' && /the server says 5/.test(error.message);
  return !/^E(?:NOSPC|DQUOT|ACCES|PERM|ISDIR|ROFS|NOENT)$/.test(systemCode(error));
}

/** Tries until the body has come to its end, as long as every few tries bring something. */
async function fetchPart(partFile: string, settings: Settings): Promise<void> {
  const { url, attempts, retryDelayMs, signal } = settings;
  let fruitless = 0;
  for (;;) {
    const before = await sizeOf(partFile);
    try {
      if (await fetchRest(partFile, settings)) return;
      fruitless += 1;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      fruitless = (await sizeOf(partFile)) > before ? 0 : fruitless + 1;
      const { message, cause } = asError(error);
      const reason = cause instanceof Error ? `${message}: ${cause.message}` : message;
      if (!mayRetry(error)) throw error;
      if (fruitless >= attempts)
        throw new GraphError(
          'fetch',
          url,
          `cannot be fetched (${reason}); what has come is kept for the next try`,
          { cause: error },
        );
    }
    if (fruitless >= attempts)
      throw new GraphError('fetch', url, 'the server does not answer for the part it is asked for');
    if (fruitless > 0)
      await sleep(retryDelayMs * 2 ** (fruitless - 1), undefined, signal === undefined ? {} : { signal });
  }
}

/**
 * Fetches a file unless it is there and right. Throws `GraphError` (`fetch`, `wrong-digest`, `too-large`, `disk`), or the signal's
 * reason. True: it was fetched; false: it was there.
 */
export async function fetchFile(options: FetchOptions): Promise<boolean> {
  const settings: Settings = { ...DEFAULTS, ...options, sha256: options.sha256.toLowerCase() };
  const { file, url, sha256, signal } = settings;
  const partFile = `${file}.part`;
  signal?.throwIfAborted();
  try {
    if ((await sizeOf(file)) > 0 && (await digestOfFile(file, signal)) === sha256) return false;
    await mkdir(dirname(file), { recursive: true });
    const resumed = (await sizeOf(partFile)) > 0;
    await fetchPart(partFile, settings);
    let digest = await digestOfFile(partFile, signal);
    if (digest !== sha256 && resumed) {
      // What lay there may be the head of another file.
      await rm(partFile);
      await fetchPart(partFile, settings);
      digest = await digestOfFile(partFile, signal);
    }
    if (digest !== sha256) {
      await rm(partFile);
      throw new GraphError(
        'wrong-digest',
        url,
        `its SHA-256 is ${digest}, not ${sha256}: nothing of it was kept`,
      );
    }
    await rename(partFile, file);
    return true;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    if (error instanceof GraphError) throw error;
    throw new GraphError('disk', file, `cannot be written: ${asError(error).message}`, { cause: error });
  }
}
