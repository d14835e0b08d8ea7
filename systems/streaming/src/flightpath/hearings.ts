/**
 * What a peer hears of what the tracker signed - heads of lists, logs, tickets - from the tracker and from others, held together: two
 * statements that contradict each other convict the tracker (`membership/contradictions.ts`), and one look at the own entry shows
 * whether it is listed as what it is. Nothing is verified unless something contradicts.
 */

import { createProof, encodeProof, type SignedStatement, verifyProof } from '@concordat/accountability';
import type { Env, NodeId } from '@concordat/kernel';
import { equalBytes, toHex } from '@concordat/wire';
import { MEMBERSHIP_RULES } from '../membership/contradictions.ts';
import { deltaBody, type SignedDeltaHead } from '../membership/delta.ts';
import { headBody, type SignedEpochHead } from '../membership/epoch-list.ts';
import { type PlacedMember, type SignedTicket, ticketBody } from '../membership/ticket.ts';
import type { PeerState } from '../peer/state.ts';
import { type StatementKind, signedBytes, statementName } from '../statement.ts';
import type { TrackerMessage } from '../tracker/messages.ts';
import type { FlightMessage } from './messages.ts';
import type { FlightState } from './state.ts';

interface Hearing {
  readonly kind: StatementKind;
  readonly epoch: number;
  readonly signature: Uint8Array;
  /** What was signed, as bytes. */
  body(): Uint8Array;
}

export interface Hearings {
  /** By what they are about: of each epoch one list, at each length one log, at each place and for each id one ticket. */
  readonly first: Map<string, Hearing>;
  /** The latest log, with the tracker's signature. */
  log: SignedDeltaHead | null;
  /** This peer, as its ticket has it. */
  own: PlacedMember | null;
  /** The latest epoch of which this peer has shown somebody the list's head. */
  comparedEpoch: number;
  /** True once the tracker was convicted: the first proof is enough. */
  isConvicted: boolean;
  /** True while the list has this peer under another key or address. */
  isMisrepresented: boolean;
}

/** A few hundred newcomers show their tickets in one epoch; the oldest go first. */
const MAX_HEARINGS = 512;

export const createHearings = (): Hearings => ({
  first: new Map(),
  log: null,
  own: null,
  comparedEpoch: -1,
  isConvicted: false,
  isMisrepresented: false,
});

type Peer = PeerState<FlightState>;
type FlightEnv = Env<FlightMessage>;

function hearHead(peer: Peer, env: FlightEnv, { head, signature }: SignedEpochHead): void {
  const { epoch } = head;
  hold(peer, env, `members ${epoch}`, { kind: 'members', epoch, signature, body: () => headBody(head) });
}

function hearLog(peer: Peer, env: FlightEnv, { head, signature }: SignedDeltaHead): void {
  const { epoch, joined } = head;
  hold(peer, env, `log ${epoch} ${joined}`, { kind: 'delta', epoch, signature, body: () => deltaBody(head) });
}

/** A ticket that the tracker sent, or whoever says that it is its own. */
export function hearTicket(peer: Peer, env: FlightEnv, { ticket, signature }: SignedTicket): void {
  if (peer.own.heard.isConvicted) return;
  const { epoch, place, member } = ticket;
  const hearing: Hearing = { kind: 'ticket', epoch, signature, body: () => ticketBody(ticket) };
  hold(peer, env, `place ${epoch} ${place}`, hearing);
  hold(peer, env, `id ${epoch} ${member.id}`, hearing);
}

/**
 * Takes note of what a message shows that the tracker signed, whoever sent it: of what others send only one statement, so that made-up
 * ones cost as many checks as messages.
 */
export function hear(peer: Peer, env: FlightEnv, from: NodeId, message: TrackerMessage): void {
  if (peer.own.heard.isConvicted) return;
  const isTracker = from === peer.setup.clock.id;
  switch (message.kind) {
    case 'epoch':
      return hearHead(peer, env, message.head);
    case 'delta':
      hearLog(peer, env, message.head);
      for (const ticket of isTracker ? message.tickets : []) hearTicket(peer, env, ticket);
      return;
    case 'welcome':
      if (!isTracker) return;
      hearHead(peer, env, message.head);
      return hearTicket(peer, env, message.ticket);
    default:
      return;
  }
}

/** PERF: a statement that was heard before is known by its signature; bytes are made of it only if it is another one. */
function hold(peer: Peer, env: FlightEnv, about: string, now: Hearing): void {
  const { first } = peer.own.heard;
  const before = first.get(about);
  if (before === undefined) {
    first.set(about, now);
    const [oldest] = first.size > MAX_HEARINGS ? first.keys() : [];
    if (oldest !== undefined) first.delete(oldest);
    return;
  }
  if (equalBytes(before.signature, now.signature)) return;
  if (equalBytes(before.body(), now.body()) || !isTrackers(peer, now)) return;
  // Whoever showed the first may have made it up.
  if (isTrackers(peer, before)) convict(peer, env, before, now);
  else first.set(about, now);
}

function isTrackers({ setup, meter }: Peer, { kind, body, signature }: Hearing): boolean {
  meter.verifications++;
  return setup.keys.verify(setup.clock, signedBytes(setup.stream, kind, body()), signature);
}

const statementOf = ({ kind, body, signature }: Hearing): SignedStatement => ({
  kind: statementName(kind),
  body: body(),
  signature,
});

function convict(peer: Peer, env: FlightEnv, before: Hearing, now: Hearing): void {
  const { keys, stream, clock } = peer.setup;
  for (const { name } of MEMBERSHIP_RULES) {
    const proof = createProof(stream, clock.id, name, statementOf(before), statementOf(now));
    if (proof === null) return;
    const verify = (_signer: NodeId, bytes: Uint8Array, signature: Uint8Array): boolean =>
      keys.verify(clock, bytes, signature);
    if (!verifyProof(proof, { cluster: stream, verify, rules: MEMBERSHIP_RULES }).valid) continue;
    peer.own.heard.isConvicted = true;
    const bytes = toHex(encodeProof(proof));
    env.note({ kind: 'evidence', accused: clock.id, rule: name, about: now.epoch, proof: bytes });
    return;
  }
}

/** What was signed for epochs that are over contradicts nothing that is still to come. */
export function forgetBefore({ first }: Hearings, epoch: number): void {
  for (const [about, hearing] of first) if (hearing.epoch < epoch) first.delete(about);
}

/** Looks at the own entry of a list: the tracker may have another key or address there, so that nobody believes or finds this peer. */
export function recognize(heard: Hearings, env: FlightEnv, listed: PlacedMember | undefined): void {
  const { own } = heard;
  if (own === null || listed === undefined) return;
  const isSame =
    listed.address === own.address &&
    equalBytes(listed.publicKey, own.publicKey) &&
    equalBytes(listed.vrfDigest, own.vrfDigest);
  if (!isSame && !heard.isMisrepresented) env.note({ kind: 'misrepresented', id: own.id });
  heard.isMisrepresented = !isSame;
}
