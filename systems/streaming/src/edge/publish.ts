/**
 * Publishing a stream: what an encoder sends goes round by round to a few peers each, and a tracker lets viewers in. The
 * broadcaster's clock is the stream's: each round takes what has come since the last one.
 */

import { createMetrics, type Logger, type Metrics } from '@concordat/runtime';
import { silentToAudits } from '../broadcaster/broadcaster.ts';
import { encodePayload } from '../media/payload.ts';
import { shownEvictions, shownRemovals } from './expulsions.ts';
import { type Ingest, type IngestSource, startIngest } from './ingest/ingest.ts';
import type { IngestEvent } from './ingest/intake.ts';
import { measureIngest } from './ingest/measures.ts';
import type { Endpoint } from './listening.ts';
import type { Eviction, Removal } from './player/status.ts';
import { measureSource } from './swarm/measures.ts';
import { type InviteTerms, type Source, startSource } from './swarm/source.ts';

export interface PublishOptions {
  readonly title: string;
  readonly input: IngestSource;
  readonly folder: string | null;
  readonly listen: Endpoint;
  readonly advertisedHost?: string;
  readonly bitsPerSecond: number;
  readonly roundMs: number;
  readonly copies: number;
  readonly maxMembers: number;
  readonly uploadBytesPerSecond: number | null;
  readonly relayBytesPerSecond: number | null;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly onEvent?: (event: IngestEvent) => void;
  readonly signal?: AbortSignal;
}

export interface PublishStatus {
  readonly round: number;
  readonly viewers: number;
  readonly uploadedBytes: number;
  readonly publisher: string | null;
  readonly evictions: readonly Eviction[];
  readonly removals: readonly Removal[];
  /** Viewers whom the source does not seed, as they do not answer audits. */
  readonly silentToAudits: readonly { readonly peer: string; readonly since: number }[];
}

export interface Publishing {
  readonly source: Source;
  readonly ingest: Ingest;
  invite(terms: InviteTerms): string;
  status(): PublishStatus;
  /** Resolves when the input has ended and viewers had time to play its end, or `close` was called. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

/** Segments last at least as long as this, so numbers that count it are new after a restart. */
const SEGMENT_LEAST_MS = 100;

/** Rejects with a StreamError or a RuntimeError. */
export async function publish(options: PublishOptions): Promise<Publishing> {
  const { signal, metrics = createMetrics() } = options;
  let ingest: Ingest | null = null;
  const source = await startSource({ ...options, metrics, source: () => ingest?.take() ?? silence() });
  const { origin } = source.tracker.host.state;
  const passed = Math.max(0, Date.now() - origin);
  const { config } = source;
  try {
    ingest = await startIngest({
      source: options.input,
      roundMs: config.roundMs,
      maxPayloadBytes: source.mediaBytes,
      segments: { firstNumber: Math.floor(passed / SEGMENT_LEAST_MS) },
      ...(options.onEvent === undefined ? {} : { onEvent: options.onEvent }),
    });
  } catch (error) {
    await source.close();
    throw error;
  }
  const started = ingest;
  measureIngest(metrics, options.title, started);
  measureSource(metrics, options.title, source);
  let isClosed = false;
  let close = async (): Promise<void> => {};
  const closed = new Promise<void>((resolve) => {
    close = async () => {
      if (isClosed) return;
      isClosed = true;
      await started.close();
      await source.close();
      resolve();
    };
  });
  signal?.addEventListener('abort', () => void close(), { once: true });
  // The end is in a round now: it takes a packet's life until it is played everywhere.
  const lifeMs = (config.lifetimeRounds + 2) * config.roundMs;
  const played = started.ended.then(
    () => new Promise<void>((resolve) => setTimeout(resolve, lifeMs).unref()),
  );
  return {
    source,
    ingest: started,
    invite: source.invite,
    status: () => ({
      round: source.broadcaster.host.state.round,
      viewers: source.tracker.host.state.members.size,
      uploadedBytes: source.broadcaster.host.uploaded,
      publisher: started.status().publisher,
      ...expulsionsOf(source),
    }),
    ended: Promise.race([closed, played]),
    close,
  };
}

function expulsionsOf(source: Source): Pick<PublishStatus, 'evictions' | 'removals' | 'silentToAudits'> {
  const { entries } = source.broadcaster.host.state.evictions;
  const { removals } = source.tracker.host.state;
  const silent = silentToAudits(source.broadcaster.host.state);
  return {
    evictions: shownEvictions(entries),
    removals: shownRemovals(removals, entries),
    silentToAudits: silent.map(({ id, since }) => ({ peer: `peer ${id}`, since })),
  };
}

/** A round without media. */
const silence = (): Uint8Array => encodePayload({ targetS: 2, pieces: [] });
