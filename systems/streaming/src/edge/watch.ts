/**
 * Watching a stream: a peer that joins by an invite, and a player on this machine that serves what it plays. A peer that the tracker
 * has lost sight of joins again; the player goes on.
 */

import { join } from 'node:path';
import { totalBytes } from '@concordat/accountability';
import { createMetrics, type Logger, type Metrics } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import type { Hearings } from '../flightpath/hearings.ts';
import type { FlightPeer } from '../flightpath/peer.ts';
import { countKnown } from '../membership/roster.ts';
import { StreamError } from './errors.ts';
import { keepContradiction } from './evidence.ts';
import { shownEvictions, shownRemovals } from './expulsions.ts';
import type { Endpoint } from './listening.ts';
import { type Player, type PlayerOptions, type PlayerStream, startPlayer } from './player/player.ts';
import type { StreamStatus } from './player/status.ts';
import { makeIdentity, openIdentity, type StreamIdentity } from './swarm/identity.ts';
import { decodeInvite, type Invite } from './swarm/invite.ts';
import { type PeerNode, startPeer, withCap } from './swarm/peer-node.ts';
import { EVIDENCE_FOLDER } from './swarm/source.ts';

export interface WatchOptions {
  /** A line as `publish` prints it. */
  readonly invite: string;
  /** Keeps who this viewer is; null for somebody new each time. */
  readonly folder: string | null;
  /** Where other peers call; null if nobody can. */
  readonly listen: Endpoint | null;
  readonly advertised?: Endpoint;
  readonly capBytesPerSecond?: number;
  readonly player: Pick<PlayerOptions, 'listen' | 'allowedHosts' | 'allowedOrigins'>;
  readonly logger: Logger;
  readonly metrics?: Metrics;
  readonly signal?: AbortSignal;
  /** What it is doing until it plays, and when it starts over. */
  readonly onStep?: (step: string) => void;
}

export interface Watching {
  readonly title: string;
  readonly player: Player;
  readonly stream: PlayerStream;
  status(): StreamStatus;
  /** Resolves when the broadcaster has ended the stream and it was played, or `close` was called. Rejects with why it cannot go on. */
  readonly ended: Promise<void>;
  close(): Promise<void>;
}

const NAME = 'viewer';

/** Rejects with a StreamError or a RuntimeError; failures after that are those of `ended`. */
export async function watch(options: WatchOptions): Promise<Watching> {
  const { folder, logger, signal, onStep = () => {}, metrics = createMetrics() } = options;
  const invite = decodeInvite(options.invite);
  if (typeof invite === 'string')
    throw new StreamError('bad-configuration', `the invite cannot be used: ${invite}`);
  const id = toHex(invite.config.session).slice(0, 12);
  const self = folder === null ? makeIdentity(NAME) : openIdentity(join(folder, 'keys'), NAME);
  const abort = new AbortController();
  const onAbort = (): void => abort.abort(signal?.reason);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  const progress = createProgress(invite, options.capBytesPerSecond);
  const player = await startPlayer({ ...options.player, metrics });
  const stream = player.add({ id, status: progress.status });
  const session = runPeers({
    options,
    invite,
    self,
    metrics,
    stream,
    progress,
    signal: abort.signal,
    onStep,
    logger,
  });
  const close = async (): Promise<void> => {
    signal?.removeEventListener('abort', onAbort);
    abort.abort();
    await session.catch(() => {});
    await player.close();
  };
  return { title: invite.title, player, stream, status: progress.status, ended: session, close };
}

interface Session {
  readonly options: WatchOptions;
  readonly invite: Invite;
  readonly self: StreamIdentity;
  readonly metrics: Metrics;
  readonly stream: PlayerStream;
  readonly progress: Progress;
  readonly signal: AbortSignal;
  readonly onStep: (step: string) => void;
  readonly logger: Logger;
}

/** One peer after the other, until the stream ends or nobody wants it any more. */
async function runPeers(session: Session): Promise<void> {
  const { options, progress, stream, signal, onStep } = session;
  while (!signal.aborted && !stream.playback().isEnded) {
    const aborted = new Promise<void>((resolve) => {
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    let tellEnd = (): void => {};
    const over = new Promise<void>((resolve) => {
      tellEnd = resolve;
    });
    let node: PeerNode;
    try {
      node = await startPeer({
        invite: session.invite,
        self: session.self,
        listen: options.listen,
        ...(options.advertised === undefined ? {} : { advertised: options.advertised }),
        ...(options.capBytesPerSecond === undefined ? {} : { capBytesPerSecond: options.capBytesPerSecond }),
        play: (round, media) => {
          progress.played();
          stream.onRound(round, media);
          if (stream.playback().isEnded) tellEnd();
        },
        onStep: (step) => {
          progress.step(step);
          onStep(step);
        },
        onNote: (note) => {
          const { folder } = options;
          if (folder !== null) keepContradiction(join(folder, EVIDENCE_FOLDER), note, session.logger);
        },
        logger: session.logger,
        metrics: session.metrics,
        signal,
      });
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    progress.joined(node);
    onStep(`joined as peer ${node.id}; the first rounds arrive`);
    await Promise.race([node.gone, over, aborted]);
    progress.left();
    await node.close();
    if (!signal.aborted && !stream.playback().isEnded)
      onStep('the tracker has lost sight of this peer; joining again');
  }
  stream.end();
}

const warningsOf = ({ isConvicted, isMisrepresented }: Hearings): string[] => [
  ...(isConvicted
    ? ['the tracker has signed two things that contradict each other: some viewers are told another story']
    : []),
  ...(isMisrepresented
    ? ['the list of members has another key or address for this viewer: others do not believe or find it']
    : []),
];

interface Progress {
  step(step: string): void;
  joined(node: PeerNode): void;
  played(): void;
  left(): void;
  status(): StreamStatus;
}

/** Bytes per second between looks at least this far apart. */
const RATE_MS = 1000;

function createRate(): (total: number) => number {
  let [at, before, rate] = [performance.now(), 0, 0];
  return (total) => {
    const now = performance.now();
    if (now - at >= RATE_MS) {
      rate = (Math.max(0, total - before) * 1000) / (now - at);
      [at, before] = [now, total];
    }
    return rate;
  };
}

function createProgress(invite: Invite, capBytesPerSecond: number | undefined): Progress {
  const { lifetimeRounds, roundMs, protocol } = withCap(invite.config, capBytesPerSecond);
  const cap = protocol.kind === 'flightpath' ? Math.round((protocol.capBytes * 1000) / roundMs) : null;
  const [upRate, downRate] = [createRate(), createRate()];
  let node: PeerNode | null = null;
  let step = 'starting';
  let isPlaying = false;
  /** Of former lives. */
  const former = { up: 0, down: 0, rounds: 0, lost: 0 };
  const meterOf = (): FlightPeer['peer'] => node?.host.state.peer ?? null;
  const add = (): typeof former => {
    const meter = meterOf()?.meter;
    if (meter === undefined) return former;
    return {
      up: former.up + totalBytes(meter.up),
      down: former.down + totalBytes(meter.down),
      rounds: former.rounds + meter.rounds,
      lost: former.lost + meter.jittered,
    };
  };
  return {
    step: (text) => {
      step = text;
    },
    joined: (joined) => {
      node = joined;
      step = 'waiting for the first rounds';
    },
    played: () => {
      isPlaying = true;
    },
    left: () => {
      Object.assign(former, add());
      node = null;
      isPlaying = false;
    },
    status: () => {
      const peer = meterOf();
      const { up, down, rounds, lost } = add();
      const waited =
        peer === null ? 0 : Math.max(0, Math.min(lifetimeRounds, peer.round - peer.playFrom + 1));
      return {
        title: invite.title,
        phase: isPlaying ? 'playing' : 'joining',
        join: isPlaying ? null : { step, done: waited, total: lifetimeRounds },
        round: Math.max(0, peer?.round ?? 0),
        peers: peer === null ? 0 : countKnown(peer.own.roster),
        partners: [...(node?.received ?? [])].map(([id, downloadedBytes]) => ({
          peer: `peer ${id}`,
          uploadedBytes: node?.host.uploadedTo(id) ?? 0,
          downloadedBytes,
        })),
        jitter: { rounds, lost },
        upload: { bytesPerSecond: upRate(up), capBytesPerSecond: cap, totalBytes: up },
        download: { bytesPerSecond: downRate(down), totalBytes: down },
        sourceCopies: invite.config.seeds,
        evictions: shownEvictions(peer?.evictions.entries ?? []),
        removals: shownRemovals(peer?.own.removals ?? [], peer?.evictions.entries ?? []),
        warnings: peer === null ? [] : warningsOf(peer.own.heard),
      };
    },
  };
}
