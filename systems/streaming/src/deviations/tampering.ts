/**
 * Peers that obey, but for what leaves them: messages are repeated, held back for later, replaced by others, or joined by what only the
 * broadcaster or the clock may say. The same in both protocols. For simulations and tests alone.
 */

import { updateSince } from '@concordat/accountability';
import type { Env, NodeId } from '@concordat/kernel';
import { createBeacon } from '../beacon.ts';
import type { RoundHeader } from '../content/header.ts';
import { headerOf } from '../content/store.ts';
import { signEvictions } from '../membership/evictions.ts';
import type { StreamMessage, TradeStatement } from '../messages/messages.ts';
import { signHeader } from '../peer/headers.ts';
import type { PeerState } from '../peer/state.ts';
import { type Wrap, withSend } from './deviation.ts';

export interface Addressed {
  readonly to: NodeId;
  readonly message: StreamMessage;
}

/** What leaves instead of a message. One is made for each peer that tampers: it may remember. */
export type Tamper = (
  peer: PeerState,
  env: Env<StreamMessage>,
  to: NodeId,
  message: StreamMessage,
) => readonly Addressed[];

/** Only trades and answers to audits are tampered with; what is added is sent whatever a cap says. */
export const tampering =
  (tamper: () => Tamper): Wrap =>
  (honest, view) => {
    const own = tamper();
    const at = (state: Parameters<typeof honest.receive>[0], env: Parameters<typeof honest.receive>[1]) =>
      withSend(env, (to, message) => {
        const peer = view.peerOf(state);
        const isTampered =
          view.isStream(message) && ('tag' in message || message.kind === 'audit-answer') && peer !== null;
        if (!isTampered) return env.send(to, message);
        for (const each of own(peer, env, to, message)) env.send(each.to, each.message);
      });
    return {
      ...honest,
      receive: (state, env, from, message) => honest.receive(state, at(state, env), from, message),
      timeout: (state, env, timer) => honest.timeout(state, at(state, env), timer),
    };
  };

/** Says everything twice. */
export const repeats = (): Tamper => (_peer, _env, to, message) => [
  { to, message },
  { to, message },
];

const LATER_ROUNDS = 2;

/** Says everything again two rounds later, to whom it was said. */
export function replaysLater(): Tamper {
  let said: (Addressed & { readonly round: number })[] = [];
  return ({ round }, _env, to, message) => {
    const due = said.filter((each) => each.round <= round - LATER_ROUNDS);
    said = said.filter((each) => each.round > round - LATER_ROUNDS);
    said.push({ to, message, round });
    return [{ to, message }, ...due];
  };
}

/** Says besides what it said at this point in another stream, of which `archive` has what it signed. */
export const replaysAnother =
  (archive: (from: NodeId, round: number, kind: string) => readonly TradeStatement[]) => (): Tamper => {
    const used = new Set<TradeStatement>();
    return (peer, _env, to, message) => {
      const others = archive(peer.self, peer.round, message.kind).filter((each) => !used.has(each));
      for (const other of others) used.add(other);
      return [{ to, message }, ...others.map((other) => ({ to: other.to, message: other }))];
    };
  };

/** A header that leads to other packets, signed by whoever makes it up. */
const forged = ({ setup: { keys, stream } }: PeerState, header: RoundHeader): RoundHeader =>
  signHeader(keys, stream, { ...header, root: header.root.map((byte) => byte ^ 1) });

/** Puts headers of its own making into its briefcases, of the present round and before. */
export const forgesHeaders = (): Tamper => (peer, _env, to, message) => {
  if (message.kind !== 'briefcase') return [{ to, message }];
  const headers: RoundHeader[] = [];
  for (let round = peer.round; round > peer.round - 3; round--) {
    const header = headerOf(peer.store, round);
    if (header !== undefined) headers.push(forged(peer, header));
  }
  // Rounds that nobody has heard of yet.
  const [latest] = headers;
  if (latest !== undefined) headers.push(forged(peer, { ...latest, round: latest.round + 1 }));
  return [{ to, message: { ...message, headers: [...headers, ...message.headers] } }];
};

/** Whoever it trades with hears from it what only the broadcaster and the clock may say. */
export const speaksForOthers = (): Tamper => (peer, env, to, message) => {
  if (message.kind !== 'reserve' && message.kind !== 'accept') return [{ to, message }];
  const { keys, stream } = peer.setup;
  const header = headerOf(peer.store, peer.round);
  const [first] = peer.list.members;
  const victim = first?.id ?? to;
  const charge = { member: victim, round: 0, rule: 'two-statements', proof: new Uint8Array(32) };
  const list = signEvictions(keys, stream, peer.evictions, charge);
  const others: StreamMessage[] = [
    { kind: 'evictions', update: updateSince(list, 0) },
    { kind: 'audit-ask', round: peer.round },
    // An hour ahead, for whichever question is open.
    createBeacon(keys, stream, env.random.below(2 ** 32), 3_600_000 + 1000 * peer.round),
  ];
  if (header !== undefined) others.push({ kind: 'seed', header: forged(peer, header), packets: [] });
  return [...others.map((each) => ({ to, message: each })), { to, message }];
};
