/**
 * The broadcaster: an altruistic source with a modest uplink. Each round it signs one header, gives each packet to a few peers that
 * nobody can foretell, asks a few peers for evidence, and announces evictions. In BAR Gossip it is also the clock.
 *
 * Journal, so that a restart goes on in the same stream:  0 | f64 start   and   1 | eviction list
 */

import {
  type EvictionList,
  isEvicted,
  NO_EVICTIONS,
  proofDigest,
  readEvictions,
  updateSince,
  writeEvictions,
} from '@concordat/accountability';
import {
  type Env,
  type Millis,
  type NodeId,
  type Position,
  type Process,
  type Recovered,
  unreachable,
} from '@concordat/kernel';
import { createReader, createWriter, equalBytes, toHex } from '@concordat/wire';
import { createBeacon } from '../beacon.ts';
import type { StreamConfig } from '../config.ts';
import { encodeRound, type RoundCode } from '../content/encode.ts';
import type { Conviction } from '../evidence/conviction.ts';
import { decodeEvidence } from '../evidence/evidence.ts';
import { type EvidenceContext, judgeEvidence } from '../evidence/judging.ts';
import type { Signer, StreamKeys } from '../keys.ts';
import { areEvictionsSigned, MAX_STREAM_EVICTIONS, signEvictions } from '../membership/evictions.ts';
import type { MemberList } from '../membership/member-list.ts';
import type { AuditAnswer, StreamMessage } from '../messages/messages.ts';
import { createSizes, type Sizes } from '../messages/sizes.ts';
import { signHeader } from '../peer/headers.ts';
import { createStreamMeter, type StreamMeter } from '../peer/meter.ts';
import { roundAt } from '../rounds.ts';
import { requireSound } from '../soundness.ts';
import { streamId } from '../statement.ts';
import { planSeeds } from './seeding.ts';

export interface BroadcasterOptions {
  readonly config: StreamConfig;
  readonly keys: StreamKeys;
  readonly code: RoundCode;
  /** The media of a round, which ended when the round begins. */
  readonly source: (round: number) => Uint8Array;
  /** Who is in the stream by now, to be seeded and audited. */
  readonly list: () => MemberList;
  /** Everything that judging needs; its evictions are this broadcaster's. */
  readonly evidence: (evictions: EvictionList['entries']) => EvidenceContext;
  /** Time between the first start and the first round, for peers to learn the time. */
  readonly startInMs: Millis;
  /** Runs under an unsound config, too: for tests and audits. Default false. */
  readonly allowsUnsound?: boolean;
}

export interface BroadcasterState {
  readonly options: BroadcasterOptions;
  readonly self: Signer;
  readonly stream: Uint8Array;
  readonly sizes: Sizes;
  readonly meter: StreamMeter;
  /** When round 0 began, by the own clock. */
  startedAt: Millis;
  round: number;
  evictions: EvictionList;
  /** Who was asked for evidence and has not answered, and since which round: it is asked again, and not seeded until it does. */
  readonly owing: Map<NodeId, number>;
  /** Who was told of evictions in this round, because it asked. */
  readonly told: Set<NodeId>;
}

/** Rounds from an eviction's announcement until it counts: everybody has heard of it. */
const NOTICE_ROUNDS = 3;
const START_RECORD = 0;
const EVICTIONS_RECORD = 1;

function post(state: BroadcasterState, env: Env<StreamMessage>, to: NodeId, message: StreamMessage): void {
  state.meter.roundUp += state.sizes.count(message, state.meter.up);
  env.send(to, message);
}

function appendStart(env: Env<StreamMessage>, startedAt: Millis): Position {
  const writer = createWriter(16);
  writer.u8(START_RECORD);
  writer.f64(startedAt);
  return env.append(writer.finish());
}

/** All that a restart needs, and nothing of what was written before. */
function appendEvictions(state: BroadcasterState, env: Env<StreamMessage>): void {
  const writer = createWriter();
  writer.u8(EVICTIONS_RECORD);
  writeEvictions(writer, state.evictions);
  const at = appendStart(env, state.startedAt);
  env.append(writer.finish());
  env.release(at);
}

function recover(state: BroadcasterState, { records }: Recovered): boolean {
  let isFound = false;
  for (const record of records) {
    const reader = createReader(record);
    if (reader.u8() === START_RECORD) {
      const startedAt = reader.finish(reader.f64());
      if (startedAt === null) continue;
      state.startedAt = startedAt;
      isFound = true;
    } else {
      const list = reader.finish(readEvictions(reader, MAX_STREAM_EVICTIONS));
      const isOwn = list !== null && areEvictionsSigned(state.options.keys, state.stream, state.self, list);
      if (isOwn) state.evictions = list;
    }
  }
  return isFound;
}

function start(options: BroadcasterOptions, env: Env<StreamMessage>, recovered: Recovered): BroadcasterState {
  const { config, keys } = options;
  requireSound(config, options.allowsUnsound ?? false);
  const state: BroadcasterState = {
    options,
    self: { id: env.self, publicKey: config.broadcasterKey },
    stream: streamId(keys.hash, config),
    sizes: createSizes(config),
    meter: createStreamMeter(),
    startedAt: env.now + options.startInMs,
    round: -1,
    evictions: NO_EVICTIONS,
    owing: new Map(),
    told: new Set(),
  };
  if (!recover(state, recovered)) appendStart(env, state.startedAt);
  // A round that had begun before a restart may have been signed: it is left out.
  state.round = Math.max(-1, roundAt(config.roundMs, env.now - state.startedAt));
  armRound(state, env);
  return state;
}

function armRound(state: BroadcasterState, env: Env<StreamMessage>): void {
  const { roundMs } = state.options.config;
  env.setTimer('round', Math.max(1, state.startedAt + (state.round + 1) * roundMs - env.now));
}

function seed(state: BroadcasterState, env: Env<StreamMessage>): void {
  const { config, keys, code, source, list } = state.options;
  const { round, evictions } = state;
  const encoded = encodeRound(keys.hash, code, round, source(round));
  const header = signHeader(keys, state.stream, {
    round,
    payloadBytes: encoded.payloadBytes,
    payloadDigest: encoded.payloadDigest,
    root: encoded.root,
    evictions: evictions.entries.length,
  });
  const { entries } = evictions;
  const live = list().members.filter(
    ({ id }) => !state.owing.has(id) && !isEvicted(entries, entries.length, id, round),
  );
  const plan = planSeeds(keys.hash, env.secret(32), live.length, config.packetsPerRound, config.seeds);
  for (const [place, indices] of plan) {
    const member = live[place];
    const packets = indices.flatMap((index) => encoded.packets[index] ?? []);
    if (member !== undefined) post(state, env, member.id, { kind: 'seed', header, packets });
  }
}

/**
 * Asks some members, drawn like seeds, whether they have evidence, and those again that have not answered. Silence proves nothing, but
 * whoever saves the answer is not seeded: packets to trade with are worth more.
 */
function audit(state: BroadcasterState, env: Env<StreamMessage>): void {
  const { config, keys, list } = state.options;
  const { members, ...listed } = list();
  for (const id of state.owing.keys()) if (listed.memberOf(id) === undefined) state.owing.delete(id);
  const asked = planSeeds(keys.hash, env.secret(32), members.length, 1, config.auditsPerRound);
  for (const place of asked.keys()) {
    const member = members[place];
    if (member !== undefined && !state.owing.has(member.id)) state.owing.set(member.id, state.round);
  }
  for (const id of state.owing.keys()) post(state, env, id, { kind: 'audit-ask', round: state.round });
}

/** An answer that is so late, in rounds, is none: a link may be slow, or break and come back. */
const SILENT_ROUNDS = 3;

/** Who does not answer audits, and since which round. */
export const silentToAudits = ({ owing, round }: BroadcasterState): { id: NodeId; since: number }[] =>
  [...owing].flatMap(([id, since]) => (round - since >= SILENT_ROUNDS ? { id, since } : []));

function onRound(state: BroadcasterState, env: Env<StreamMessage>): void {
  const { roundMs } = state.options.config;
  const round = roundAt(roundMs, env.now - state.startedAt);
  if (round > state.round) {
    state.round = round;
    state.told.clear();
    seed(state, env);
    audit(state, env);
  }
  armRound(state, env);
}

/** Evicts a member that a judge has convicted, here or beside (the tracker's), once; true if it was not out already. */
export function announceEviction(
  state: BroadcasterState,
  env: Env<StreamMessage>,
  { member, publicKey, rule, evidence }: Conviction,
): boolean {
  const { keys, list } = state.options;
  const { entries } = state.evictions;
  if (entries.length >= MAX_STREAM_EVICTIONS || entries.some((entry) => entry.member === member))
    return false;
  const proof = proofDigest(keys.hash, evidence);
  const round = state.round + NOTICE_ROUNDS;
  state.evictions = signEvictions(keys, state.stream, state.evictions, { member, round, rule, proof });
  appendEvictions(state, env);
  const update = updateSince(state.evictions, entries.length);
  for (const { id } of list().members) post(state, env, id, { kind: 'evictions', update });
  env.note({ kind: 'evicted', member, rule, key: toHex(publicKey), evidence: toHex(evidence) });
  return true;
}

function onAuditAnswer(
  state: BroadcasterState,
  env: Env<StreamMessage>,
  from: NodeId,
  answer: AuditAnswer,
): void {
  state.owing.delete(from);
  if (answer.evidence.length === 0) return;
  const evidence = decodeEvidence(answer.evidence);
  const { entries } = state.evictions;
  if (evidence === null || entries.some(({ member }) => member === evidence.accused)) return;
  const verdict = judgeEvidence(evidence, state.options.evidence(entries));
  if (!verdict.valid) return env.note({ kind: 'evidence-refused', from, reason: verdict.reason });
  const member = state.options.list().memberOf(verdict.accused);
  if (member === undefined) return;
  const { rule } = evidence;
  announceEviction(state, env, {
    member: member.id,
    publicKey: member.publicKey,
    rule,
    evidence: answer.evidence,
  });
}

function onClockAsk(
  state: BroadcasterState,
  env: Env<StreamMessage>,
  from: NodeId,
  nonce: number,
  known: number,
): void {
  const { keys, config } = state.options;
  if (equalBytes(config.trackerKey, config.broadcasterKey))
    post(state, env, from, createBeacon(keys, state.stream, nonce, env.now - state.startedAt));
  // The question is short, the answer may be long: once a round for each.
  if (known >= state.evictions.entries.length || state.told.has(from)) return;
  state.told.add(from);
  post(state, env, from, { kind: 'evictions', update: updateSince(state.evictions, known) });
}

function receive(
  state: BroadcasterState,
  env: Env<StreamMessage>,
  from: NodeId,
  message: StreamMessage,
): void {
  state.sizes.count(message, state.meter.down);
  switch (message.kind) {
    case 'clock-ask':
      return onClockAsk(state, env, from, message.nonce, message.evictions);
    case 'audit-answer':
      return onAuditAnswer(state, env, from, message);
    case 'reserve':
    case 'accept':
    case 'reveal':
    case 'briefcase':
    case 'key-ask':
    case 'key':
    case 'busy':
    case 'push-offer':
    case 'push-want':
    case 'seed':
    case 'beacon':
    case 'evictions':
    case 'audit-ask':
      return;
    default:
      unreachable(message);
  }
}

export const createBroadcaster = (options: BroadcasterOptions): Process<BroadcasterState, StreamMessage> => ({
  start: (env, recovered) => start(options, env, recovered),
  receive,
  timeout: (state, env) => onRound(state, env),
  settle: () => {},
});
