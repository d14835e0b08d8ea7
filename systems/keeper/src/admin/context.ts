/** What commands of operators know of the server besides its gateway's state: told by whoever runs it. */

import type { Millis } from '@concordat/kernel';
import type { GatewayState } from '../gateway/state.ts';

export interface Ensemble {
  readonly self: number;
  readonly leader: number;
  /** Where members reach each other, `HOST:PORT` by the number of the member. */
  readonly addresses: ReadonlyMap<number, string>;
  readonly isVoting: boolean;
  /** In ZooKeeper's words, which monitors compare: `broadcast` while the log is ordered, `election`, `discovery`. */
  readonly phase: string;
}

export interface AdminFacts {
  /** By ZooKeeper's names, such as `os.name`: what an operator may see of process and machine, nothing secret. */
  readonly environment: Readonly<Record<string, string>>;
  readonly properties: Readonly<Record<string, string>>;
  /** Where clients connect. */
  readonly clientAddress: string;
  readonly dataDirectory: string;
  /** Syncs of the journal that took too long. */
  readonly slowSyncs: number;
  /** Whether clients are being served. */
  readonly isServing: boolean;
  /** Null for a server alone. */
  readonly ensemble: Ensemble | null;
}

export interface AdminContext {
  readonly state: GatewayState;
  readonly now: Millis;
  readonly facts: AdminFacts;
}
