/**
 * A stream's own side: what it is, its tracker and its broadcaster, and the invites that it gives. In a folder it outlives the
 * process: the same stream, members and evictions when it is started again.
 */

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeToken, issueInvite, MAX_INVITE_USES } from '@concordat/accountability';
import { createSignatures, type Logger, type Metrics, sha256 } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { announceEviction } from '../../broadcaster/broadcaster.ts';
import { flightPreset, MAX_PACKET_BYTES, SESSION_BYTES, type StreamConfig } from '../../config.ts';
import { encodeConfig } from '../../config-codec.ts';
import type { Conviction } from '../../evidence/conviction.ts';
import { configProblems } from '../../soundness.ts';
import { streamId } from '../../statement.ts';
import { convictsBy } from '../../tracker/conviction.ts';
import { evictMember } from '../../tracker/pings.ts';
import { openEpoch } from '../../tracker/state.ts';
import { requireSetting, StreamError } from '../errors.ts';
import { keepConviction } from '../evidence.ts';
import type { Endpoint } from '../listening.ts';
import { type BroadcasterNode, judgingOf, startBroadcaster } from './broadcaster-node.ts';
import { makeIdentity, openIdentity, type StreamIdentity } from './identity.ts';
import { TRACKER_ID } from './ids.ts';
import { encodeInvite, MAX_TITLE_BYTES } from './invite.ts';
import { mediaBytesOf } from './shared.ts';
import { formatStreamFile, parseStreamFile, STREAM_FILE } from './stream-file.ts';
import { startTracker, type TrackerNode } from './tracker-node.ts';

export interface SourceOptions {
  readonly title: string;
  /** Null for a stream that ends with the process. */
  readonly folder: string | null;
  /** Where members call the tracker; strangers call the next port, and the broadcaster listens at the one after. 0: any three. */
  readonly listen: Endpoint;
  /** By which name or address they call, if not as it listens. */
  readonly advertisedHost?: string;
  /** Of the media at most. */
  readonly bitsPerSecond: number;
  readonly roundMs: number;
  /** Peers that get each packet from the broadcaster itself. */
  readonly copies: number;
  readonly maxMembers: number;
  readonly source: (round: number) => Uint8Array;
  readonly uploadBytesPerSecond: number | null;
  readonly relayBytesPerSecond: number | null;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface InviteTerms {
  /** People that it lets in; 1 is for one person, whichever key it comes with. */
  readonly uses: number;
  readonly hours: number;
}

export interface Source {
  readonly config: StreamConfig;
  readonly tracker: TrackerNode;
  readonly broadcaster: BroadcasterNode;
  /** Bytes of media that a round takes. */
  readonly mediaBytes: number;
  /** A line of text that lets its holders in. */
  invite(terms: InviteTerms): string;
  close(): Promise<void>;
}

const NEEDED = 45;
const PACKETS = 50;
const LEAST_PACKET_BYTES = 256;
/** Tables, cut marks and the unevenness of encoders, over the rate that is asked for. */
const HEADROOM = 1.25;
const EPOCH_ROUNDS = 40;
/** A viewer uploads about what it downloads; twice that leaves room for trouble. */
const CAP_RATIO = 2;
const LIFETIME_MS = 10_000;

function makeConfig(
  options: SourceOptions,
  tracker: StreamIdentity,
  broadcaster: StreamIdentity,
): StreamConfig {
  const { bitsPerSecond, roundMs, copies } = options;
  const roundBytes = (HEADROOM * bitsPerSecond * roundMs) / 8 / 1000;
  const packetBytes = Math.max(LEAST_PACKET_BYTES, Math.ceil(roundBytes / NEEDED));
  requireSetting(packetBytes <= MAX_PACKET_BYTES, 'the rate is too high for rounds of this length');
  const identity = {
    session: new Uint8Array(randomBytes(SESSION_BYTES)),
    broadcasterKey: broadcaster.identity.publicKey,
    trackerKey: tracker.identity.publicKey,
  };
  const preset = flightPreset(identity);
  if (preset.protocol.kind !== 'flightpath') throw new Error('the preset is of FlightPath');
  const config: StreamConfig = {
    ...preset,
    roundMs,
    packetBytes,
    packetsPerRound: PACKETS,
    neededPackets: NEEDED,
    lifetimeRounds: Math.max(4, Math.min(16, Math.round(LIFETIME_MS / roundMs))),
    seeds: copies,
    protocol: { ...preset.protocol, epochRounds: EPOCH_ROUNDS, capBytes: capBytesOf(packetBytes) },
  };
  const [problem] = configProblems(config);
  requireSetting(problem === undefined, `these settings do not make a sound stream: ${problem}`);
  return config;
}

const capBytesOf = (packetBytes: number): number => CAP_RATIO * PACKETS * packetBytes;

/** Where convictions are kept, below the folder of a stream or of a viewer. */
export const EVIDENCE_FOLDER = 'evidence';

/** That of the folder, if there is a stream in it. Throws `bad-configuration` if it is damaged. */
function storedConfig(folder: string): StreamConfig | null {
  const file = join(folder, STREAM_FILE);
  if (!existsSync(file)) return null;
  const config = parseStreamFile(readFileSync(file, 'utf8'));
  if (config !== null) return config;
  throw new StreamError('bad-configuration', `${file} is damaged, or of another version`);
}

function configIn(
  options: SourceOptions,
  tracker: StreamIdentity,
  broadcaster: StreamIdentity,
): StreamConfig {
  const { folder } = options;
  const made = makeConfig(options, tracker, broadcaster);
  if (folder === null) return made;
  const stored = storedConfig(folder);
  if (stored !== null) {
    const isSame = toHex(encodeConfig({ ...made, session: stored.session })) === toHex(encodeConfig(stored));
    requireSetting(
      isSame,
      `the stream in ${folder} was begun with other settings (rate, rounds or copies); begin a new one in another folder`,
    );
    return stored;
  }
  const text = formatStreamFile(options.title, made);
  writeFileSync(join(folder, STREAM_FILE), text, { mode: 0o600, flag: 'wx', flush: true });
  return made;
}

function identityIn(folder: string | null, name: string): StreamIdentity {
  if (folder === null) return makeIdentity(name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return openIdentity(join(folder, `${name}-keys`), name);
}

const after = (listen: Endpoint, steps: number): Endpoint => ({
  ...listen,
  port: (listen.port ?? 0) === 0 ? 0 : (listen.port ?? 0) + steps,
});

/** Rejects with a StreamError (`bad-configuration`) or a RuntimeError (`port-failed`, journals). */
export async function startSource(options: SourceOptions): Promise<Source> {
  const { folder, listen, logger, metrics } = options;
  requireSetting(Buffer.byteLength(options.title) <= MAX_TITLE_BYTES, 'a title has at most 200 bytes');
  let started: { readonly tracker: TrackerNode; readonly broadcaster: BroadcasterNode } | null = null;
  const trackerSelf = identityIn(folder, 'tracker');
  const broadcasterSelf = identityIn(folder, 'broadcaster');
  const config = configIn(options, trackerSelf, broadcasterSelf);
  const convicts = convictsBy(() => judgingOf(config, broadcasterSelf, () => tracker.host.state));
  // Whoever of the two convicts a member, both are rid of it, and its proof is kept once.
  const onConviction = (conviction: Conviction): void => {
    if (folder !== null)
      keepConviction(join(folder, EVIDENCE_FOLDER), trackerSelf.keys, config, conviction, logger);
    started?.tracker.host.inject((state, env) => evictMember(state, env, conviction, conviction.evidence));
    started?.broadcaster.host.inject((state, env) => void announceEviction(state, env, conviction));
  };
  const common = { config, folder, logger, metrics, onConviction };
  const tracker = await startTracker({
    ...common,
    self: trackerSelf,
    listen,
    listenForJoins: after(listen, 1),
    maxMembers: options.maxMembers,
    convicts,
  });
  const broadcaster = await startBroadcaster({
    ...common,
    self: broadcasterSelf,
    listen: after(listen, 2),
    tracker: () => tracker.host.state,
    source: options.source,
    uploadBytesPerSecond: options.uploadBytesPerSecond,
    relayBytesPerSecond: options.relayBytesPerSecond,
  }).catch(async (error: unknown) => {
    await tracker.close();
    throw error;
  });
  started = { tracker, broadcaster };
  removeEvicted(tracker, broadcaster);
  const invite = (terms: InviteTerms): string =>
    inviteTo(options, { config, tracker, broadcaster, trackerSelf, broadcasterSelf }, terms);
  return {
    config,
    tracker,
    broadcaster,
    mediaBytes: mediaBytesOf(config),
    invite,
    close: async () => {
      await broadcaster.close();
      await tracker.close();
    },
  };
}

const NO_EVIDENCE = new Uint8Array(0);

/** A crash may have come between the broadcaster's list and the tracker's. */
function removeEvicted(tracker: TrackerNode, broadcaster: BroadcasterNode): void {
  const { entries } = broadcaster.host.state.evictions;
  for (const { member, rule } of entries)
    tracker.host.inject((state, env) => evictMember(state, env, { member, rule }, NO_EVIDENCE));
}

interface Started {
  readonly config: StreamConfig;
  readonly tracker: TrackerNode;
  readonly broadcaster: BroadcasterNode;
  readonly trackerSelf: StreamIdentity;
  readonly broadcasterSelf: StreamIdentity;
}

function inviteTo(options: SourceOptions, started: Started, { uses, hours }: InviteTerms): string {
  const { config, tracker, broadcaster, trackerSelf, broadcasterSelf } = started;
  requireSetting(
    Number.isInteger(uses) && uses >= 1 && uses <= MAX_INVITE_USES,
    'an invite is for 1 to a million people',
  );
  requireSetting(hours > 0, 'an invite is good for some time');
  const epochMs = EPOCH_ROUNDS * config.roundMs;
  const lastEpoch = openEpoch(tracker.host.state).head.head.epoch + Math.ceil((hours * 3_600_000) / epochMs);
  const token = issueInvite(
    createSignatures(),
    streamId(sha256, config),
    trackerSelf.identity.seed,
    new Uint8Array(randomBytes(32)),
    { issuer: TRACKER_ID, uses, lastEpoch },
  );
  const host = options.advertisedHost ?? options.listen.host ?? '127.0.0.1';
  const isRelay = options.relayBytesPerSecond !== null;
  return encodeInvite({
    config,
    title: options.title,
    tracker: { host, port: tracker.port, pin: trackerSelf.identity.pin },
    joinPort: tracker.joinPort,
    broadcaster: { host, port: isRelay ? broadcaster.port : 0, pin: broadcasterSelf.identity.pin },
    token: encodeToken(token),
  });
}
