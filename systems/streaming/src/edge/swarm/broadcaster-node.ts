/**
 * The broadcaster as a host: it calls the peers that it seeds, and nobody calls it but peers that it is a relay for. Whom there is it
 * reads from the tracker beside it.
 */

import { join } from 'node:path';
import { createHost, type Host, type Logger, type Metrics } from '@concordat/runtime';
import { type BroadcasterState, createBroadcaster } from '../../broadcaster/broadcaster.ts';
import type { StreamConfig } from '../../config.ts';
import { createRoundCode } from '../../content/encode.ts';
import { type Conviction, contextAmong } from '../../evidence/conviction.ts';
import type { EvidenceContext } from '../../evidence/judging.ts';
import { listMembers, type MemberList } from '../../membership/member-list.ts';
import type { PlacedMember } from '../../membership/ticket.ts';
import { createMessageCodec } from '../../messages/codec.ts';
import type { StreamMessage } from '../../messages/messages.ts';
import { likelyMembers } from '../../tracker/pings.ts';
import type { TrackerState } from '../../tracker/state.ts';
import { convictionIn } from '../evidence.ts';
import type { Endpoint } from '../listening.ts';
import { createContacts } from './contacts.ts';
import type { StreamIdentity } from './identity.ts';
import { BROADCASTER_ID } from './ids.ts';
import { capOf, frameBytesOf, hostKeysOf, journalIn, sealingOf } from './shared.ts';

export interface BroadcasterNodeOptions {
  readonly config: StreamConfig;
  readonly self: StreamIdentity;
  readonly listen: Endpoint;
  readonly folder: string | null;
  readonly tracker: () => TrackerState;
  /** The media of a round. */
  readonly source: (round: number) => Uint8Array;
  /** For all that it uploads; null for any. */
  readonly uploadBytesPerSecond: number | null;
  /** For peers that nobody can call; null to pass nothing on. */
  readonly relayBytesPerSecond: number | null;
  /** Whom it has convicted. */
  readonly onConviction: (conviction: Conviction) => void;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface BroadcasterNode {
  readonly host: Host<BroadcasterState, StreamMessage>;
  readonly port: number;
  close(): Promise<void>;
}

const FOLLOW_MS = 500;
const MAX_CIRCUITS = 256;

/** Nobody draws from it, so it has no digest. */
const listed = ({ epoch }: TrackerState, members: readonly PlacedMember[]): MemberList =>
  listMembers(epoch.head.head.epoch, members, new Uint8Array(0));

const allOf = ({ members }: TrackerState): PlacedMember[] =>
  [...members.values()].map(({ member }) => member);

/** What judging takes. */
export function judgingOf(
  config: StreamConfig,
  self: StreamIdentity,
  tracker: () => TrackerState,
): EvidenceContext {
  const broadcaster = { id: BROADCASTER_ID, publicKey: config.broadcasterKey };
  const court = { config, keys: self.keys, broadcaster, sealing: sealingOf(config) };
  return contextAmong(court, allOf(tracker()));
}

/** Rejects with a RuntimeError: `port-failed`, or those of journals. */
export async function startBroadcaster(options: BroadcasterNodeOptions): Promise<BroadcasterNode> {
  const { config, self, tracker, listen, relayBytesPerSecond, uploadBytesPerSecond } = options;
  const members = (): Iterable<PlacedMember> => allOf(tracker());
  const broadcaster = createBroadcaster({
    config,
    keys: self.keys,
    code: createRoundCode(config.neededPackets, config.packetsPerRound),
    source: options.source,
    // Whoever was silent of late would not pass packets on.
    list: () => listed(tracker(), likelyMembers(tracker())),
    evidence: () => judgingOf(config, self, tracker),
    startInMs: Math.max(0, tracker().origin - Date.now()),
  });
  const host: Host<BroadcasterState, StreamMessage> = await createHost<BroadcasterState, StreamMessage>({
    self: BROADCASTER_ID,
    process: broadcaster,
    codec: createMessageCodec(config),
    keys: hostKeysOf(BROADCASTER_ID, self),
    journal: await journalIn(options.folder === null ? null : join(options.folder, 'broadcaster')),
    logger: options.logger,
    metrics: options.metrics,
    onNote: (note) => {
      const conviction = convictionIn(note);
      if (conviction !== null) options.onConviction(conviction);
    },
    peers: {
      listen: { host: listen.host ?? '127.0.0.1', port: listen.port ?? 0 },
      tls: self.identity.tls,
      known: new Map(),
      limits: { frameBytes: frameBytesOf(config), linksMax: 1024, waitingBytes: 4 * frameBytesOf(config) },
      ...(uploadBytesPerSecond === null ? {} : { uploadCap: capOf(uploadBytesPerSecond) }),
      ...(relayBytesPerSecond === null
        ? {}
        : { relay: { maxBytesPerSecond: relayBytesPerSecond, maxCircuits: MAX_CIRCUITS } }),
    },
  });
  const contacts = createContacts(host, BROADCASTER_ID);
  contacts.follow(members());
  const timer = setInterval(() => contacts.follow(members()), FOLLOW_MS);
  return {
    host,
    port: host.addresses.get('peers')?.port ?? 0,
    close: async () => {
      clearInterval(timer);
      await host.close();
    },
  };
}
