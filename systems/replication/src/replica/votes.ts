/**
 * Counting votes. Every vote is for a history, so it stands for all slots up to its own: each peer has two marks in the
 * current view, how far it has accepted this replica's log and how far it has made sure of it.
 */

import type { Digest, Env, NodeId } from '@concordat/kernel';
import { equalBytes } from '@concordat/wire';
import { batchDigest, nextHistory } from '../batch.ts';
import { selectionEnd } from './acceptance.ts';
import { isCounted } from './incarnation.ts';
import type { Acknowledge, Commit, Message, Prepare } from './messages.ts';
import type { PeerState } from './peer.ts';
import type { Slot } from './slot.ts';
import { historyAt, isInWindow, isMember, type ReplicaState, slotAt } from './state.ts';

/** A peer's vote, vouched for by its link; an ACKNOWLEDGE is a PREPARE that can also be shown to others. */
export function onVote(
  s: ReplicaState,
  env: Env<Message>,
  from: NodeId,
  m: Prepare | Acknowledge | Commit,
): void {
  const peer = s.peers[from];
  if (peer === undefined || !isMember(s, from) || from === s.config.self) return;
  if (m.view > s.view) {
    if (m.type === 'commit') peer.earlyCommit = m;
    else peer.earlyPrepare = m;
    return;
  }
  if (m.view < s.view || !isInWindow(s, m.slot)) return;
  const slot = slotAt(s, m.slot);
  if (m.type === 'commit') slot.commits[from] = m.history;
  else slot.prepares[from] = m.history;
  // The first stays: a later one could replace what was found genuine by what is not.
  if (m.type === 'acknowledge') slot.acknowledgements[from] ??= m;
  countVotes(s, env, from, slot);
}

/** Raises a peer's marks if its votes for this slot match the accepted log. */
export function countVotes(s: ReplicaState, env: Env<Message>, from: NodeId, slot: Slot): void {
  const peer = s.peers[from];
  if (peer === undefined || slot.slot > s.accepted || slot.history === null || !isCounted(s, from)) return;
  const prepare = slot.prepares[from] ?? null;
  const commit = slot.commits[from] ?? null;
  const differs = [prepare, commit].some(
    (vote) => vote !== null && !equalBytes(vote, slot.history as Digest),
  );
  if (differs) {
    showProposal(s, env, from, slot);
    return;
  }
  if (prepare !== null) peer.prepared = Math.max(peer.prepared, slot.slot);
  const acknowledgement = slot.acknowledgements[from] ?? null;
  if (acknowledgement !== null && equalBytes(acknowledgement.history, slot.history))
    peer.acknowledged = Math.max(peer.acknowledged, slot.slot);
  // A commit is also the claim that its sender accepted as much.
  if (commit !== null) {
    peer.prepared = Math.max(peer.prepared, slot.slot);
    peer.committed = Math.max(peer.committed, slot.slot);
  }
}

/** A vote for another log. Both sides show each other the signed proposal behind theirs; whoever gets both has proof. */
function showProposal(s: ReplicaState, env: Env<Message>, from: NodeId, slot: Slot): void {
  env.note({ kind: 'conflicting-vote', peer: from, slot: slot.slot });
  const behind = slot.slot <= selectionEnd(s) ? s.newView : slot.proposal;
  if (behind !== null) env.send(from, behind);
}

/**
 * The last slot up to which a vouching quorum of peers has voted for the log as it is proposed here: one of them is
 * correct and has the requests from their submitters, or has checked their signatures.
 */
export function vouchedEnd(s: ReplicaState): number {
  const { hash } = s.keys;
  const voters: number[] = [];
  let history = historyAt(s, s.accepted);
  for (let number = s.accepted + 1; isInWindow(s, number); number++) {
    const { proposal, prepares, commits } = slotAt(s, number);
    if (proposal === null || proposal.view !== s.view) break;
    history = nextHistory(hash, history, batchDigest(hash, proposal.batch));
    const votesFor = (vote: Digest | null | undefined): boolean => vote != null && equalBytes(vote, history);
    let mask = 0;
    for (const id of s.config.members) if (votesFor(prepares[id]) || votesFor(commits[id])) mask |= 1 << id;
    voters.push(mask);
  }
  let all = 0;
  for (let i = voters.length - 1; i >= 0; i--) {
    all |= voters[i] ?? 0;
    if (s.config.members.filter((id) => (all & (1 << id)) !== 0).length >= s.config.quorums.vouching)
      return s.accepted + 1 + i;
  }
  return s.accepted;
}

/** The highest slot that at least `count` members have reached. PERF: asked six times a turn; sorting was 8 % of it. */
export function reachedBy(s: ReplicaState, count: number, mark: 'prepared' | 'committed'): number {
  let best = 0;
  const { members } = s.config;
  for (const candidate of members) {
    const slot = (s.peers[candidate] as PeerState)[mark];
    if (slot <= best) continue;
    let reached = 0;
    for (const id of members) if ((s.peers[id] as PeerState)[mark] >= slot) reached++;
    if (reached >= count) best = slot;
  }
  return best;
}
