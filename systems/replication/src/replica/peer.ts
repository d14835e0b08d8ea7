/** What a replica knows of another, and what it still does for it. */

import type { Millis } from '@concordat/kernel';
import type { Acknowledge, Commit, PrePrepare, Prepare } from './messages.ts';

export interface PeerState {
  /** Slots up to which this peer's votes in the current view match this replica's log. */
  prepared: number;
  committed: number;
  /** Its newest signed vote for this replica's log, the newest whose signature was checked, and found to hold. */
  acknowledged: number;
  checked: number;
  genuine: number;
  /** The newest vote for a higher view, applied if that view is entered. */
  earlyPrepare: Prepare | Acknowledge | null;
  earlyCommit: Commit | null;
  /** Proposals for a view that is not entered yet, which this peer will lead: they may share a frame with its NEW-VIEW. */
  earlyProposals: PrePrepare[];
  /** Checks of this peer's signed messages that are under way, and until when it gets none after a false one. */
  checks: number;
  distrustedUntil: Millis;
  /** The view whose primary it would rather not have; -1 for none. */
  wishesIn: number;
  /** How far it had committed when it last told. */
  reported: number;
  /** When something was last sent again to this peer, so that a lagging peer cannot make us flood it. */
  helpedAt: Millis;
  /** Since when it has asked for a higher view, or null. */
  waitingSince: Millis | null;
  /** Bytes it may still have us send it before the next tick: asking is cheaper than answering. */
  credit: number;
  isUp: boolean;
}

export const createPeer = (): PeerState => ({
  prepared: 0,
  committed: 0,
  acknowledged: 0,
  checked: 0,
  genuine: 0,
  reported: 0,
  wishesIn: -1,
  earlyPrepare: null,
  earlyCommit: null,
  earlyProposals: [],
  checks: 0,
  distrustedUntil: Number.NEGATIVE_INFINITY,
  helpedAt: Number.NEGATIVE_INFINITY,
  waitingSince: null,
  credit: 0,
  isUp: false,
});
