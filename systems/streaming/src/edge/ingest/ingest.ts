/**
 * How a live stream gets in: MPEG-TS from an encoder, by one of four ways, cut into the payloads of rounds. Either the ingest
 * keeps the time (`onRound`), or its caller does (`take`).
 */

import type { Readable } from 'node:stream';
import { CUTTER_DEFAULTS, type CutterOptions, MAX_LONGEST_MS } from '../../media/cutter.ts';
import { MAX_PAYLOAD_BYTES } from '../../media/payload.ts';
import { MIN_PAYLOAD_BYTES } from '../../media/round-packer.ts';
import { requireSetting, throwIfAborted } from '../errors.ts';
import type { BoundEndpoint, Endpoint } from '../listening.ts';
import { openHttpPut } from './http-put.ts';
import { createIntake, type IngestEvent, type IngestStatus, type Intake } from './intake.ts';
import { openReadable } from './readable.ts';
import { type Round, startRounds } from './rounds.ts';
import type { OpenSource } from './source.ts';
import { openTcp } from './tcp.ts';
import { openUdp } from './udp.ts';

export type IngestSource =
  /** Standard input, a pipe, a file; its end ends the stream. */
  | { readonly kind: 'stream'; readonly input: Readable }
  | ({ readonly kind: 'tcp' } & Endpoint)
  | ({ readonly kind: 'udp' } & Endpoint)
  /** `allowedHosts`: names besides numeric addresses and localhost by which publishers call this. */
  | ({ readonly kind: 'http'; readonly allowedHosts?: readonly string[] } & Endpoint);

export interface IngestOptions {
  readonly source: IngestSource;
  /** Called once for each round, in order, by the ingest's own clock. Without it, the caller takes. */
  readonly onRound?: (round: Round) => void;
  readonly roundMs?: number;
  readonly firstRound?: number;
  /** What a round can carry; 1 MiB unless told. */
  readonly maxPayloadBytes?: number;
  /** What may wait for later rounds; eight rounds unless told. */
  readonly maxQueueBytes?: number;
  readonly segments?: Partial<CutterOptions>;
  /** When a silent publisher is gone: 3 s over UDP, 30 s else, unless told. */
  readonly idleMs?: number;
  readonly onEvent?: (event: IngestEvent) => void;
  /** Closes the ingest. */
  readonly signal?: AbortSignal;
}

export interface Ingest {
  /** Where publishers connect; null for a stream that is there already. */
  readonly endpoint: BoundEndpoint | null;
  /** The next round's payload, for who keeps the time. */
  take(): Uint8Array;
  status(): IngestStatus;
  /** No more comes in; what waits goes into the next rounds, and after it the end. */
  finish(): void;
  /** Resolves once the end was in a round, or the ingest is closed. */
  readonly ended: Promise<void>;
  /** At once: what waits is lost. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const ROUND_MS = 1000;
const PAYLOAD_BYTES = 1024 * 1024;
const QUEUED_ROUNDS = 8;

/** Rejects with a StreamError: `bad-configuration`, `aborted`, or those of opening a port. */
export async function startIngest(options: IngestOptions): Promise<Ingest> {
  const { onRound, signal, roundMs = ROUND_MS, maxPayloadBytes = PAYLOAD_BYTES } = options;
  const { maxQueueBytes = QUEUED_ROUNDS * maxPayloadBytes } = options;
  const segments = { ...CUTTER_DEFAULTS, ...options.segments };
  throwIfAborted(signal);
  check(roundMs, maxPayloadBytes, maxQueueBytes, segments);
  const intake = createIntake({
    cutter: segments,
    maxPayloadBytes,
    maxQueueBytes,
    now: Date.now,
    onEvent: options.onEvent ?? (() => {}),
  });
  const source = await open(options, intake);
  const { promise: ended, resolve: end } = deferred();
  const take = (): Uint8Array => {
    const payload = intake.take();
    if (intake.isDrained) end();
    return payload;
  };
  const rounds =
    onRound === undefined
      ? null
      : startRounds({
          roundMs,
          firstRound: options.firstRound ?? 0,
          take,
          isOver: () => intake.isDrained,
          onRound,
        });
  const close = once(async () => {
    signal?.removeEventListener('abort', onAbort);
    rounds?.stop();
    await source.close();
    end();
  });
  const onAbort = (): void => void close();
  signal?.addEventListener('abort', onAbort);
  if (signal?.aborted) await close();
  return {
    endpoint: source.endpoint,
    take,
    status: intake.status,
    finish: intake.finish,
    ended,
    close,
    [Symbol.asyncDispose]: close,
  };
}

function check(
  roundMs: number,
  maxPayloadBytes: number,
  maxQueueBytes: number,
  segments: CutterOptions,
): void {
  const { targetMs, longestMs, firstNumber, maxSegmentBytes } = segments;
  requireSetting(Number.isInteger(roundMs) && roundMs >= 50, 'a round takes at least 50 ms');
  requireSetting(
    maxPayloadBytes >= MIN_PAYLOAD_BYTES && maxPayloadBytes <= MAX_PAYLOAD_BYTES,
    `a round carries between ${MIN_PAYLOAD_BYTES} and ${MAX_PAYLOAD_BYTES} bytes`,
  );
  requireSetting(maxQueueBytes >= maxPayloadBytes, 'the queue holds at least one round');
  requireSetting(
    targetMs >= 100 && targetMs <= longestMs && longestMs <= MAX_LONGEST_MS,
    `segments last at least 100 ms, at most ${MAX_LONGEST_MS}, and the target is not above the longest`,
  );
  requireSetting(
    Number.isSafeInteger(firstNumber) && firstNumber >= 0,
    'segments are counted from a natural number',
  );
  requireSetting(maxSegmentBytes >= 64 * 1024, 'a segment has room for 64 KiB');
}

function open(options: IngestOptions, intake: Intake): Promise<OpenSource> | OpenSource {
  const { source } = options;
  switch (source.kind) {
    case 'stream':
      return openReadable(source.input, intake);
    case 'tcp':
      return openTcp(source, options.idleMs ?? 30_000, intake);
    case 'udp':
      return openUdp(source, options.idleMs ?? 3000, intake);
    case 'http': {
      const { allowedHosts = [] } = source;
      return openHttpPut(source, { idleMs: options.idleMs ?? 30_000, allowedHosts }, intake);
    }
    default: {
      const never: never = source;
      return never;
    }
  }
}

function deferred(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => {
    done ??= action();
    return done;
  };
}
