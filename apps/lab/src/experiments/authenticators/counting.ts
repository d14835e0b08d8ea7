/**
 * What the authenticators of the papers would cost at one node for the messages that really went over its links: a MAC
 * for each receiver of what it sends, one check for each thing it receives. The paper's counts are of agreement alone,
 * so what keeps house (status, checkpoints, and what is sent again because a status made it look lost) is counted apart.
 */

import type { NodeId } from '@concordat/kernel';
import type { Message } from '@concordat/replication';
import type { Observer } from '@concordat/sim';

/** A proposal is what the primary alone sends for a slot; votes are what members tell each other about it. */
export type Kind = 'client' | 'proposal' | 'votes' | 'housekeeping';

export interface Count {
  readonly observer: Observer;
  /** MAC operations at the node since the last reset. */
  readonly operations: Readonly<Record<Kind, number>>;
  reset(): void;
}

const KINDS: Readonly<Partial<Record<string, Kind>>> = {
  request: 'client',
  reply: 'client',
  'spec-response': 'client',
  'pre-prepare': 'proposal',
  prepare: 'votes',
  acknowledge: 'votes',
  commit: 'votes',
} satisfies Partial<Record<Message['type'], Kind>>;

export function countAt(node: NodeId): Count {
  const operations: Record<Kind, number> = { client: 0, proposal: 0, votes: 0, housekeeping: 0 };
  const seen = new Set<string>();
  const add = (direction: string, peer: NodeId, message: unknown): void => {
    const { type, view, slot, history } = Object(message);
    let kind = KINDS[String(type)] ?? 'housekeeping';
    const key = `${direction} ${peer} ${type} ${view} ${slot} ${history}`;
    if ((kind === 'proposal' || kind === 'votes') && seen.has(key)) kind = 'housekeeping';
    seen.add(key);
    operations[kind] += 1;
  };
  return {
    operations,
    reset: () => {
      operations.client = operations.proposal = operations.votes = operations.housekeeping = 0;
    },
    observer: {
      // A vector for n receivers has n entries: one for each copy.
      sent: (_at, from, to, messages) => {
        if (from === node) for (const message of messages) add('to', to, message);
      },
      delivered: (_at, from, to, message) => {
        if (to === node) add('from', from, message);
      },
    },
  };
}
