/**
 * The tracker as a host: strangers join at one port, members ping at the other. Who has joined is known there as a peer from the
 * same turn on.
 */

import { join } from 'node:path';
import {
  createHost,
  createSignatures,
  createVrf,
  type Host,
  type Logger,
  type Metrics,
  sha256,
} from '@concordat/runtime';
import { fromHex } from '@concordat/wire';
import type { StreamConfig } from '../../config.ts';
import type { Conviction } from '../../evidence/conviction.ts';
import type { FlightMessage } from '../../flightpath/messages.ts';
import { streamId } from '../../statement.ts';
import type { Convict, TrackerState } from '../../tracker/state.ts';
import { createTracker } from '../../tracker/tracker.ts';
import { convictionIn } from '../evidence.ts';
import type { Endpoint } from '../listening.ts';
import { admitInvited } from './admission.ts';
import { type Contacts, createContacts } from './contacts.ts';
import type { StreamIdentity } from './identity.ts';
import { TRACKER_ID } from './ids.ts';
import { JOIN_PROTOCOL, joinFraming } from './join-port.ts';
import { codecOf, frameBytesOf, hostKeysOf, journalIn } from './shared.ts';

export interface TrackerNodeOptions {
  readonly config: StreamConfig;
  readonly self: StreamIdentity;
  /** Where members call; port 0 lets the system choose. */
  readonly listen: Endpoint;
  /** Where strangers call. */
  readonly listenForJoins: Endpoint;
  readonly folder: string | null;
  readonly maxMembers: number;
  /** Who is convicted by what a ping reports, or null. */
  readonly convicts: (evidence: Uint8Array) => Convict | null;
  /** Whom it has convicted. */
  readonly onConviction: (conviction: Conviction) => void;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

export interface TrackerNode {
  readonly host: Host<TrackerState, FlightMessage>;
  readonly port: number;
  readonly joinPort: number;
  close(): Promise<void>;
}

const START_IN_MS = 500;
const FOLLOW_MS = 1000;
const JOINS_PER_ROUND = 500;

/** Rejects with a RuntimeError: `port-failed`, or those of journals. */
export async function startTracker(options: TrackerNodeOptions): Promise<TrackerNode> {
  const { config, self, listen, logger, metrics } = options;
  const { protocol } = config;
  if (protocol.kind !== 'flightpath') throw new Error('only FlightPath has a tracker');
  const stream = streamId(sha256, config);
  const codec = codecOf(config);
  let host: Host<TrackerState, FlightMessage> | null = null;
  let contacts: Contacts | null = null;
  const present = (): Uint8Array[] =>
    [...(host?.state.byIdentity.keys() ?? [])].map((person) => fromHex(person) ?? new Uint8Array(0));
  const follow = (): void => {
    if (host !== null) contacts?.follow([...host.state.members.values()].map(({ member }) => member));
  };
  const tracker = createTracker({
    stream,
    keys: self.keys,
    admission: admitInvited({
      signatures: createSignatures(),
      vrf: createVrf(),
      stream,
      issuerKey: config.trackerKey,
      present,
    }),
    roundMs: config.roundMs,
    startInMs: START_IN_MS,
    epochRounds: protocol.epochRounds,
    maxMembers: options.maxMembers,
    joinsPerRound: JOINS_PER_ROUND,
    convicts: options.convicts,
  });
  host = await createHost({
    self: TRACKER_ID,
    process: tracker,
    codec,
    keys: hostKeysOf(TRACKER_ID, self),
    journal: await journalIn(options.folder === null ? null : join(options.folder, 'tracker')),
    logger,
    metrics,
    peers: {
      listen: { host: listen.host ?? '127.0.0.1', port: listen.port ?? 0 },
      tls: self.identity.tls,
      known: new Map(),
      limits: { frameBytes: frameBytesOf(config), linksMax: 2048 },
    },
    listeners: [
      {
        name: 'joins',
        host: options.listenForJoins.host ?? '127.0.0.1',
        port: options.listenForJoins.port ?? 0,
        framing: joinFraming(codec),
        limits: { connectionsMax: 1024, connectionsPerAddress: 256, firstMessageMs: 5000 },
        tls: { identity: self.identity.tls, protocol: JOIN_PROTOCOL, asksWho: true },
      },
    ],
    onNote: (note) => {
      if (note.kind === 'joined') follow();
      const conviction = convictionIn(note);
      if (conviction !== null) options.onConviction(conviction);
    },
  });
  contacts = createContacts(host, TRACKER_ID);
  follow();
  const timer = setInterval(follow, FOLLOW_MS);
  const started = host;
  return {
    host: started,
    port: started.addresses.get('peers')?.port ?? 0,
    joinPort: started.addresses.get('joins')?.port ?? 0,
    close: async () => {
      clearInterval(timer);
      await started.close();
    },
  };
}
