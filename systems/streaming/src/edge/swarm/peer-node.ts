/**
 * A viewer's peer as a host: joins at the tracker, then calls and is called by members. Newcomers show their ticket when they call
 * somebody who cannot have heard of them.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { decodeToken, redeemInvite } from '@concordat/accountability';
import type { NodeId, Note } from '@concordat/kernel';
import {
  createHost,
  createMemoryDisk,
  createSignatures,
  freePort,
  type Host,
  type Logger,
  type Metrics,
  type PeerContact,
  sha256,
} from '@concordat/runtime';
import { createReader, createWriter } from '@concordat/wire';
import type { FlightParameters, StreamConfig } from '../../config.ts';
import { createRoundCode } from '../../content/encode.ts';
import { createPacketCheck } from '../../content/packets.ts';
import { OBEDIENT_FLIGHT } from '../../flightpath/conduct.ts';
import type { FlightMessage } from '../../flightpath/messages.ts';
import { createFlightPeer, type FlightPeer, leaveStream } from '../../flightpath/peer.ts';
import { policyOf } from '../../flightpath/policy.ts';
import { knownMembers } from '../../membership/roster.ts';
import type { PlacedMember } from '../../membership/ticket.ts';
import { isTicketSigned, readTicket, writeTicket } from '../../membership/ticket.ts';
import { streamId } from '../../statement.ts';
import { joinStatement } from '../../tracker/joins.ts';
import type { Join, Welcome } from '../../tracker/messages.ts';
import { type Conduct, OBEDIENT } from '../../trade/conduct.ts';
import { StreamError } from '../errors.ts';
import type { Endpoint } from '../listening.ts';
import { formatContact, parseContact } from './contact.ts';
import { createContacts } from './contacts.ts';
import type { StreamIdentity } from './identity.ts';
import { BROADCASTER_ID, TRACKER_ID } from './ids.ts';
import type { Invite } from './invite.ts';
import { askToJoin } from './join-port.ts';
import { countReceived } from './partners.ts';
import { capOf, codecOf, frameBytesOf, hostKeysOf, sealingOf } from './shared.ts';

export interface PeerNodeOptions {
  readonly invite: Invite;
  readonly self: StreamIdentity;
  /** Null for a peer that nobody can call: the broadcaster passes on to it. */
  readonly listen: Endpoint | null;
  /** How others call it, if not as it listens. */
  readonly advertised?: Endpoint;
  /** Bytes per second that it uploads at most, from the first one on; as the stream's configuration has it if absent. */
  readonly capBytesPerSecond?: number;
  readonly play: (round: number, media: Uint8Array | null) => void;
  /** Decisions of a peer that is not obedient, in tests of those who are. */
  readonly conduct?: Conduct;
  readonly onStep: (step: string) => void;
  /** Told of what the peer notes, in the turn in which it does. */
  readonly onNote?: (note: Note) => void;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly signal: AbortSignal;
}

export interface PeerNode {
  readonly host: Host<FlightPeer, FlightMessage>;
  readonly id: NodeId;
  /** Bytes of packets, by who sent them. */
  readonly received: ReadonlyMap<NodeId, number>;
  /** Resolves when it is no member any more, by the tracker's word or because the host ended. */
  readonly gone: Promise<void>;
  /** Says goodbye. */
  close(): Promise<void>;
}

const JOIN_TIMEOUT_MS = 5000;
const RETRY_MS = 1000;
const RETRY_MAX_MS = 15_000;
const FOLLOW_MS = 200;
const LOOPBACK = '127.0.0.1';
/** The process counts messages, the links what leaves: frames and TLS take up to a twentieth. */
const WITHOUT_TLS = 0.94;

/** The configuration, with this peer's own cap. */
export function withCap(config: StreamConfig, capBytesPerSecond: number | undefined): StreamConfig {
  const protocol = flightOf(config);
  if (capBytesPerSecond === undefined) return config;
  const capBytes = Math.floor((WITHOUT_TLS * capBytesPerSecond * config.roundMs) / 1000);
  return { ...config, protocol: { ...protocol, capBytes } };
}

function flightOf({ protocol }: StreamConfig): FlightParameters {
  if (protocol.kind !== 'flightpath')
    throw new StreamError(
      'bad-configuration',
      'the invite is for a protocol that this program does not stream by',
    );
  return protocol;
}

function joinOf({ invite, self }: PeerNodeOptions, address: string): Join {
  const { identity, keys, certificate } = self;
  const stream = streamId(sha256, invite.config);
  const token = decodeToken(invite.token);
  if (token === null) throw new StreamError('bad-configuration', 'the token of the invite is malformed');
  const body = {
    publicKey: identity.publicKey,
    vrfKey: keys.vrfKey.publicKey,
    certificate,
    address,
    token: redeemInvite(createSignatures(), stream, token, identity.publicKey),
  };
  return { kind: 'join', ...body, signature: keys.sign(joinStatement(stream, body)) };
}

/** Asks until it is let in. Rejects with `not-admitted`, or `aborted`. */
async function joined(options: PeerNodeOptions, address: string): Promise<Welcome> {
  const { invite, self, signal, onStep } = options;
  const { tracker, joinPort } = invite;
  const join = joinOf(options, address);
  const call = {
    tracker: { ...tracker, port: joinPort },
    tls: self.identity.tls,
    codec: codecOf(invite.config),
    join,
  };
  for (let waitMs = RETRY_MS; ; waitMs = Math.min(RETRY_MAX_MS, 2 * waitMs)) {
    onStep(`asking the tracker at ${tracker.host}:${joinPort}`);
    let pauseMs = waitMs;
    try {
      const answer = await askToJoin({ ...call, timeoutMs: JOIN_TIMEOUT_MS, signal });
      if (answer.kind === 'welcome') return answer;
      if (answer.reason === 'not-admitted')
        throw new StreamError(
          'not-admitted',
          'the tracker does not accept this invite: it is used up, too old, or its holder was evicted',
        );
      onStep(
        answer.reason === 'full' ? 'the stream is full; waiting for a place' : 'the tracker is busy; waiting',
      );
      pauseMs = Math.max(waitMs, answer.retryAfterMs);
    } catch (error) {
      if (!(error instanceof StreamError) || error.code !== 'tracker-unreachable') throw error;
      onStep(`${error.message}; trying again`);
    }
    await sleep(pauseMs * (0.75 + Math.random() / 2), undefined, { signal }).catch(() => {
      throw new StreamError('aborted', 'joining was called off');
    });
  }
}

async function ownEndpoint({ listen }: PeerNodeOptions): Promise<{ host: string; port: number } | null> {
  if (listen === null) return null;
  const host = listen.host ?? LOOPBACK;
  return { host, port: (listen.port ?? 0) === 0 ? await freePort() : (listen.port ?? 0) };
}

function addressOf(options: PeerNodeOptions, bound: { host: string; port: number } | null): string {
  const { pin } = options.self.identity;
  if (bound === null) return formatContact({ via: BROADCASTER_ID, pin });
  const { host = bound.host, port = bound.port } = options.advertised ?? {};
  return formatContact({ host, port, pin });
}

const knownTo = ({ invite }: PeerNodeOptions): Map<NodeId, PeerContact> =>
  new Map<NodeId, PeerContact>([
    [TRACKER_ID, invite.tracker],
    [BROADCASTER_ID, invite.broadcaster],
  ]);

/** Who is in the present list and the next, as far as it is here. */
function* membersOf({ peer }: FlightPeer): Iterable<PlacedMember> {
  if (peer === null) return;
  yield* peer.own.helpers;
  yield* knownMembers(peer.own.roster);
  if (peer.own.next !== null) yield* knownMembers(peer.own.next);
}

/** What a newcomer shows to those whose list is older than it is. */
function introductionOf(host: Host<FlightPeer, FlightMessage> | null): Uint8Array | null {
  const ticket = host?.state.peer?.own.ticket ?? null;
  if (ticket === null) return null;
  const writer = createWriter(1024);
  writeTicket(writer, ticket);
  return writer.finish();
}

/** Whom a ticket makes known: its signature and epoch hold, and who shows it has the key of the contact in it. */
function admitted(
  options: PeerNodeOptions,
  host: Host<FlightPeer, FlightMessage> | null,
  introduction: Uint8Array,
  pin: string,
): { readonly id: NodeId; readonly contact: PeerContact } | null {
  const { invite, self } = options;
  const own = host?.state.peer?.own;
  const reader = createReader(introduction);
  const ticket = reader.finish(readTicket(reader));
  if (own === undefined || ticket === null) return null;
  if (Math.abs(ticket.ticket.epoch - own.roster.head.epoch) > 1) return null;
  const contact = parseContact(ticket.ticket.member.address);
  if (contact === null || contact.pin !== pin) return null;
  const tracker = { id: TRACKER_ID, publicKey: invite.config.trackerKey };
  if (!isTicketSigned(self.keys, streamId(sha256, invite.config), tracker, ticket)) return null;
  return { id: ticket.ticket.member.id, contact };
}

/** Joins and takes part. Rejects with a StreamError or a RuntimeError. */
export async function startPeer(options: PeerNodeOptions): Promise<PeerNode> {
  const { invite, self } = options;
  const config = withCap(invite.config, options.capBytesPerSecond);
  const protocol = flightOf(config);
  const bound = await ownEndpoint(options);
  const welcome = await joined(options, addressOf(options, bound));
  const { id } = welcome.ticket.ticket.member;
  let tellRemoved = (): void => {};
  const removed = new Promise<void>((resolve) => {
    tellRemoved = resolve;
  });
  let host: Host<FlightPeer, FlightMessage> | null = null;
  const received = countReceived(
    createFlightPeer({
      config,
      keys: self.keys,
      broadcaster: { id: BROADCASTER_ID, publicKey: config.broadcasterKey },
      clock: { id: TRACKER_ID, publicKey: config.trackerKey },
      sealing: sealingOf(config),
      check: createPacketCheck(sha256, config.packetsPerRound),
      code: createRoundCode(config.neededPackets, config.packetsPerRound),
      conduct: options.conduct ?? OBEDIENT,
      flightConduct: OBEDIENT_FLIGHT,
      policy: policyOf(protocol),
      publicKey: self.identity.publicKey,
      address: welcome.ticket.ticket.member.address,
      token: new Uint8Array(0),
      certificate: self.certificate,
      welcome,
      play: options.play,
    }),
  );
  const started = await createHost<FlightPeer, FlightMessage>({
    self: id,
    process: received.process,
    codec: codecOf(config),
    keys: hostKeysOf(id, self),
    journal: createMemoryDisk().open(),
    logger: options.logger,
    metrics: options.metrics,
    peers: {
      listen: bound,
      tls: self.identity.tls,
      known: knownTo(options),
      limits: { frameBytes: frameBytesOf(config) },
      uploadCap: capOf(Math.ceil((protocol.capBytes * 1000) / config.roundMs / WITHOUT_TLS)),
      relays: bound === null ? [BROADCASTER_ID] : [],
      introduction: () => introductionOf(host),
      admit: (introduction, pin) => admitted(options, host, introduction, pin),
    },
    onNote: (note) => {
      if (note.kind === 'removed') tellRemoved();
      options.onNote?.(note);
    },
  });
  host = started;
  const contacts = createContacts(started, id);
  const timer = setInterval(() => contacts.follow(membersOf(started.state)), FOLLOW_MS);
  contacts.follow(membersOf(started.state));
  const ended = started.halted.then(() => clearInterval(timer));
  return {
    host: started,
    id,
    received: received.from,
    gone: Promise.race([removed, ended]),
    close: async () => {
      clearInterval(timer);
      started.inject(leaveStream);
      await started.close();
    },
  };
}
