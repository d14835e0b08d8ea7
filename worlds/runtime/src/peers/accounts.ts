/**
 * What was uploaded to whom: what processes said (payload: frames with messages), and what it took to say it (overhead:
 * TLS records, handshakes, keep-alives; TCP and IP headers are not seen from here). Two numbers for each peer that was
 * ever written to, until it is removed.
 */

import type { NodeId } from '@concordat/kernel';

export interface Account {
  payloadBytes: number;
  overheadBytes: number;
}

export interface Accounts {
  readonly total: Readonly<Account>;
  /** Zeroes for one that was never written to. */
  of(id: NodeId): Readonly<Account>;
  add(id: NodeId, payloadBytes: number, overheadBytes: number): void;
  forget(id: NodeId): void;
}

export function createAccounts(): Accounts {
  const total: Account = { payloadBytes: 0, overheadBytes: 0 };
  const accounts = new Map<NodeId, Account>();
  return {
    total,
    of: (id) => accounts.get(id) ?? { payloadBytes: 0, overheadBytes: 0 },
    add: (id, payloadBytes, overheadBytes) => {
      let account = accounts.get(id);
      if (account === undefined) {
        account = { payloadBytes: 0, overheadBytes: 0 };
        accounts.set(id, account);
      }
      account.payloadBytes += payloadBytes;
      account.overheadBytes += overheadBytes;
      total.payloadBytes += payloadBytes;
      total.overheadBytes += overheadBytes;
    },
    forget: (id) => void accounts.delete(id),
  };
}
