/**
 * The state of a filter node: the requests it vouches for, by client, what it keeps of them for those who execute, and how far
 * replicas and executors say they have come. A filter node vouches for one request under each number of a client, unless
 * enough replicas tell it that the others vouch for another.
 */

import { type Hash, MAC_KEY_BYTES, type MatrixShape } from '@concordat/crypto';
import {
  assert,
  type Digest,
  type Millis,
  type NodeId,
  type Position,
  type Submitter,
} from '@concordat/kernel';
import { memberIdsEnd, primaryOf } from '../../config.ts';
import type { Quorums } from '../../fault-model.ts';
import { clientKey, type Request, type RequestRef } from '../../request.ts';
import { type PairKeys, pairKey, pairKeys } from '../pair-keys.ts';
import { filterShape, identityOf } from '../request-quorum/filters.ts';

export interface FilterOptions {
  readonly cluster: Digest;
  readonly quorums: Quorums;
  /** Who orders. */
  readonly members: readonly NodeId[];
  /** Which filter node this is, from 0; it has the identity of the member in this place. */
  readonly filter: number;
  readonly hash: Hash;
  readonly pair: PairKeys;
  /** Requests of one client that are kept at a time: its window, and the next one while the former is being executed. */
  readonly clientWindow: number;
  /** Bytes of one domain's requests that are kept at a time. */
  readonly domainBytes: number;
  /** Whose word ends a request's stay where replicas order references: those who execute them. Otherwise none. */
  readonly executors: readonly NodeId[];
  /** Who follows the log beside them and needs bodies, too. */
  readonly learners: readonly NodeId[];
  /** Bytes of one domain's requests that are kept for executors although they are ordered: beyond that it waits. */
  readonly retainedBytes: number;
  /** Pause before an entry is sent again, to all replicas; doubles up to `maxRetransmitMs`. */
  readonly retransmitMs: Millis;
  readonly maxRetransmitMs: Millis;
}

/** Beside replicas with the default settings. */
export const filterSettings = {
  clientWindow: 128,
  domainBytes: 32 * 1024 * 1024,
  executors: [],
  learners: [],
  retainedBytes: 256 * 1024 * 1024,
  retransmitMs: 200,
  maxRetransmitMs: 1000,
} as const satisfies Partial<FilterOptions>;

/** A request on disk. */
export interface Held {
  readonly request: Request;
  readonly ref: RequestRef;
  position: Position;
  sentAt: Millis;
  waitMs: Millis;
  /** Kept, and not vouched for any more: it is ordered, or another has taken its place. */
  isRetained: boolean;
}

export interface FilterClient extends Submitter {
  /** What is vouched for, by number. */
  readonly held: Map<number, Held>;
  /** What is kept for those who execute, by number. */
  readonly retained: Map<number, Held[]>;
  /** By replica: the last request that it says is executed, or in the log where it does not execute. */
  readonly ordered: number[];
  /** By executor, in the order of the options. */
  readonly executed: number[];
}

export interface FilterState {
  readonly options: FilterOptions;
  readonly shape: MatrixShape;
  /** Shared with each replica, for rows; in the members' order. */
  readonly rowKeys: Uint8Array;
  /** Shared with each domain, for its clients' MACs; in the members' order. */
  readonly clientKeys: Uint8Array;
  /** In order of their last activity. */
  readonly clients: Map<string, FilterClient>;
  /** Of what is vouched for, and of what is kept beside that. */
  readonly domainBytes: number[];
  readonly retainedBytes: number[];
  /** In the order in which they were logged. */
  readonly log: Set<Held>;
  /** The position after the last record. */
  end: Position;
  released: Position;
  /** The view that each replica is in. */
  readonly views: number[];
  /** By replica: what it wants adopted, oldest first. */
  readonly wishes: Set<string>[];
  /** What replicas want adopted and only other filter nodes have, by digest, oldest first. */
  readonly adopting: Map<string, Adopting>;
  /** Bytes that each node may still have sent before the next tick. */
  readonly credit: Map<NodeId, number>;
  /** When executors were last asked for what is done. */
  askedAt: Millis;
}

/** A body that is asked for. */
export interface Adopting {
  readonly ref: RequestRef;
  asked: number;
  askedAt: Millis;
}

/** Clients remembered; of those with nothing on disk the one that was idle longest goes first. */
const MAX_CLIENTS = 65_536;

export function createFilterState(options: FilterOptions): FilterState {
  const { cluster, members, filter, hash, pair } = options;
  const self = identityOf(members, filter);
  const end = memberIdsEnd(members);
  const at = (place: number): NodeId => members[place] as NodeId;
  return {
    options,
    shape: filterShape(options.quorums),
    rowKeys: pairKeys(members.length, (to) =>
      pairKey(hash, cluster, pair.secrets, 'filter to replica', self, at(to), self),
    ),
    clientKeys: pairKeys(members.length, (from) =>
      pairKey(hash, cluster, pair.secrets, 'client to filter', at(from), self, self),
    ),
    clients: new Map(),
    domainBytes: new Array<number>(end).fill(0),
    retainedBytes: new Array<number>(end).fill(0),
    log: new Set(),
    end: 0,
    released: 0,
    views: new Array<number>(end).fill(0),
    wishes: Array.from({ length: end }, () => new Set<string>()),
    adopting: new Map(),
    credit: new Map(),
    askedAt: 0,
  };
}

/** The record of a client, made if there is none; it becomes the one last active. */
export function clientOf(s: FilterState, { domain, client }: Submitter): FilterClient {
  const key = clientKey({ domain, client });
  const known = s.clients.get(key) ?? {
    domain,
    client,
    held: new Map(),
    retained: new Map(),
    ordered: new Array<number>(memberIdsEnd(s.options.members)).fill(0),
    executed: new Array<number>(s.options.executors.length).fill(0),
  };
  s.clients.delete(key);
  s.clients.set(key, known);
  if (s.clients.size > MAX_CLIENTS) forgetIdle(s);
  return known;
}

function forgetIdle(s: FilterState): void {
  for (const [key, { held, retained }] of s.clients) {
    if (held.size + retained.size > 0) continue;
    s.clients.delete(key);
    return;
  }
}

/** What so many say at least. */
const saidBy = (values: readonly number[], count: number): number =>
  [...values].sort((a, b) => b - a)[count - 1] ?? 0;

/** The last request of a client that so many replicas say is done that one of them is correct. */
export const orderedBySome = ({ options }: FilterState, { ordered }: FilterClient): number =>
  saidBy(ordered, options.quorums.sound);

/** The last request of a client that nobody will ask for any more. */
export const doneBySome = (s: FilterState, client: FilterClient): number =>
  s.options.executors.length === 0
    ? orderedBySome(s, client)
    : saidBy(client.executed, s.options.quorums.execution);

/** Whom a new entry is sent to: the primary of the latest view in which a correct replica is. */
export function presumedPrimary({ options, views }: FilterState): NodeId {
  return primaryOf(options.members, saidBy(views, options.quorums.vouching));
}

/** About what a request occupies. */
export const costOf = ({ body }: Request): number => body.length + 160;

export function invariants(s: FilterState): void {
  let held = 0;
  for (const client of s.clients.values()) {
    held += client.held.size;
    for (const retained of client.retained.values()) held += retained.length;
    assert(client.held.size <= s.options.clientWindow, 'a client has no more vouched for than its window');
  }
  assert(held === s.log.size, 'what is kept is on disk');
  assert(s.rowKeys.length === s.options.quorums.members * MAC_KEY_BYTES, 'a row has a tag for each replica');
}
