/**
 * Commit certificates (Zyzzyva, SOSP 2007 section 3.2, step 4b), put together by replicas out of signed votes. One is made
 * only when somebody needs a COMMIT: while all acknowledge, no signature is ever checked. Votes are for histories, so
 * acknowledgements of different slots of one log make a certificate for what all of them cover.
 */

import { assert, type Digest, type Env, type NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { historiesAfter } from '../../batch.ts';
import { selectedDigest, selectionEnd } from '../../replica/acceptance.ts';
import { certifiedEnd } from '../../replica/certified.ts';
import { isCurrent } from '../../replica/incarnation.ts';
import { append } from '../../replica/journal.ts';
import type { Acknowledge, CommitCertificate, Message } from '../../replica/messages.ts';
import type { PeerState } from '../../replica/peer.ts';
import {
  findSlot,
  historyAt,
  isMember,
  type ReplicaState,
  type Stable,
  slotAt,
} from '../../replica/state.ts';
import { acknowledgeCheck, signAcknowledge } from '../../replica/statements.ts';
import { verifyThen } from '../../replica/verification.ts';

/** The own vote for the log up to `slot`. */
export function acknowledge(s: ReplicaState, slot: number): Acknowledge {
  const record = slotAt(s, slot);
  const known = record.acknowledgements[s.config.self] ?? null;
  if (known !== null) return known;
  const { view, incarnation } = s;
  const content = { view, slot, history: historyAt(s, slot), incarnation: incarnation.number };
  const message = signAcknowledge(s.keys, s.config.cluster, content);
  record.acknowledgements[s.config.self] = message;
  return message;
}

/** Makes a certificate for as much as enough genuine votes cover, and keeps it; tells up to where one is kept. */
export function certify(s: ReplicaState, env: Env<Message>): number {
  const own = s.peers[s.config.self];
  assert(own !== undefined, 'a replica is its own peer');
  own.genuine = s.preparedSent;
  const { certificate: needed, r } = s.config.quorums;
  const farthest = membersBy(s, ({ genuine }) => genuine);
  const end = farthest[needed - 1]?.slot ?? 0;
  const held = certifiedIn(s);
  if (end > Math.max(held, s.stable.slot) && end >= keptEnd(s)) {
    keepCertificate(s, env, certificateOf(s, farthest.slice(0, needed)));
    return Math.min(end, s.prepared);
  }
  const voters = membersBy(s, ({ acknowledged, prepared }) => Math.min(acknowledged, prepared));
  for (const { sender, slot } of voters.slice(0, needed + r)) checkVote(s, env, sender, slot);
  // After a restart it may hold one for more than its peers have vouched for again.
  return Math.min(held, s.prepared);
}

/** How far the log of the current view is certified here; 0 for not at all. */
export const certifiedIn = (s: ReplicaState): number =>
  s.certificate?.view === s.view ? certifiedEnd(s.certificate) : 0;

/**
 * How far a new certificate must reach. A member keeps one, and shows it when views change: one of this view that covered
 * less than that of an earlier one would take its place, and with it the proof of slots that others believe complete. What
 * this view's beginning has decided otherwise was complete nowhere.
 */
export function keptEnd(s: ReplicaState): number {
  const { certificate, stable } = s;
  if (certificate === null) return 0;
  const end = certifiedEnd(certificate);
  if (certificate.view === s.view) return end;
  let kept = stable.slot;
  while (
    kept < Math.min(end, selectionEnd(s)) &&
    isSelected(s, kept + 1, certificate.digests[kept - stable.slot])
  )
    kept++;
  return kept;
}

const isSelected = (s: ReplicaState, slot: number, digest: Digest | undefined): boolean =>
  digest !== undefined && equalBytes(digest, selectedDigest(s, slot));

interface Voter {
  readonly sender: NodeId;
  readonly slot: number;
}

/** Members by how far a mark of theirs has come, the farthest first. */
const membersBy = (s: ReplicaState, mark: (peer: PeerState) => number): Voter[] =>
  s.config.members
    .map((sender) => ({ sender, slot: mark(s.peers[sender] as PeerState) }))
    .sort((a, b) => b.slot - a.slot);

function checkVote(s: ReplicaState, env: Env<Message>, sender: NodeId, slot: number): void {
  const peer = s.peers[sender];
  const vote = findSlot(s, slot)?.acknowledgements[sender] ?? null;
  if (peer === undefined || vote === null || slot <= Math.max(peer.genuine, peer.checked)) return;
  const check = acknowledgeCheck(s.config.cluster, sender, vote);
  if (verifyThen(s, env, sender, [check], vote)) peer.checked = slot;
}

/** A vote whose signature holds. */
export function onGenuineVote(s: ReplicaState, from: NodeId, m: Acknowledge): void {
  const peer = s.peers[from];
  const isKept = findSlot(s, m.slot)?.acknowledgements[from] === m;
  if (peer !== undefined && isKept) peer.genuine = Math.max(peer.genuine, m.slot);
}

/** Digests of the log from the stable checkpoint to `last`, which is accepted here. */
export function digestsTo(s: ReplicaState, last: number): Digest[] {
  const digests: Digest[] = [];
  for (let number = s.stable.slot + 1; number <= last; number++) {
    const { content } = slotAt(s, number);
    assert(content !== null, 'what was voted for here is accepted');
    digests.push(content.digest);
  }
  return digests;
}

function certificateOf(s: ReplicaState, voters: readonly Voter[]): CommitCertificate {
  const digests = digestsTo(s, Math.max(...voters.map(({ slot }) => slot)));
  const acknowledgements = voters.map(({ sender, slot }) => {
    const vote = slotAt(s, slot).acknowledgements[sender] ?? null;
    assert(vote !== null, 'a genuine vote is kept');
    return { sender, incarnation: vote.incarnation, slot, signature: vote.signature };
  });
  return { view: s.view, digests, acknowledgements: acknowledgements.sort((a, b) => a.sender - b.sender) };
}

export function keepCertificate(s: ReplicaState, env: Env<Message>, certificate: CommitCertificate): void {
  s.certificate = certificate;
  append(s, env, { type: 'certificate', certificate });
}

/** True if a certificate that begins after slot `base`, and whose signatures hold, proves what it covers. */
export function isCommitCertificate(s: ReplicaState, base: number, certificate: CommitCertificate): boolean {
  const { quorums, window } = s.config;
  const { digests, acknowledgements } = certificate;
  const last = Math.max(...acknowledgements.map(({ slot }) => slot));
  return (
    acknowledgements.length === quorums.certificate &&
    digests.length === last - base &&
    digests.length <= window &&
    acknowledgements.every(
      ({ sender, incarnation, slot }) =>
        isMember(s, sender) && slot > base && isCurrent(s, sender, incarnation, slot),
    )
  );
}

/** What is left of the own certificate above a new stable checkpoint; nothing if that is on another log. */
export function trimCertificate(s: ReplicaState, before: Stable): void {
  const { certificate, stable } = s;
  if (certificate === null) return;
  const covered = stable.slot - before.slot;
  const [history] = historiesAfter(s.keys.hash, before.history, certificate.digests.slice(0, covered)).slice(
    -1,
  );
  const isSameLog = history !== undefined && equalBytes(history, stable.history);
  const isSpent = certifiedEnd(certificate) <= stable.slot;
  s.certificate =
    isSpent || !isSameLog ? null : { ...certificate, digests: certificate.digests.slice(covered) };
}
