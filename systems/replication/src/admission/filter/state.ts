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
import { firstViewOf } from '../../governance/views.ts';
import { clientKey, type Request, type RequestRef } from '../../request.ts';
import { type PairKeys, pairKey, pairKeys } from '../pair-keys.ts';
import { filterShape, identityOf } from '../request-quorum/filters.ts';

export interface FilterOptions {
  readonly cluster: Digest;
  readonly quorums: Quorums;
  /** Who orders. */
  readonly members: readonly NodeId[];
  /** Domains whose clients may ask; those of the members unless told. */
  readonly submitters?: ReadonlySet<NodeId>;
  /** Whose keys and rows: those of another epoch never hold. 0 unless told. */
  readonly epoch?: number;
  /** True if a domain has the key that it had in an epoch, so that what was taken from it then is its own now; always unless told. */
  readonly isKept?: (domain: number, since: number) => boolean;
  /** Which filter node this is, from 0; beside a replica it has the identity of the member in this place. */
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
  /** When its client was believed. */
  readonly epoch: number;
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
  ordered: number[];
  /** By executor, in the order of the options. */
  readonly executed: number[];
}

/** What a filter node has of the epoch that it is in. */
interface EpochKeys {
  options: FilterOptions;
  shape: MatrixShape;
  /** Shared with each replica, for rows; in the members' order. */
  rowKeys: Uint8Array;
  /** Shared with each domain, for its clients' MACs: derived when it first asks, because they may be many. */
  clientKeys: Map<NodeId, Uint8Array>;
}

export interface FilterState extends EpochKeys {
  /** In order of their last activity. */
  readonly clients: Map<string, FilterClient>;
  /** Of what is vouched for, and of what is kept beside that. */
  domainBytes: number[];
  retainedBytes: number[];
  /** In the order in which they were logged. */
  readonly log: Set<Held>;
  /** The position after the last record. */
  end: Position;
  released: Position;
  /** The view that each replica is in. */
  views: number[];
  /** By replica: what it wants adopted, oldest first. */
  wishes: Set<string>[];
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

/** The keys and the shape of an epoch. */
function keysFor(options: FilterOptions): EpochKeys {
  const { cluster, members, hash, pair, epoch } = options;
  const self = identityIn(options);
  const at = (place: number): NodeId => members[place] as NodeId;
  return {
    options,
    shape: filterShape(options.quorums),
    rowKeys: pairKeys(members.length, (to) =>
      pairKey(hash, cluster, pair.secrets, 'filter to replica', self, at(to), self, epoch),
    ),
    clientKeys: new Map(),
  };
}

const identityIn = ({ members, filter, executors }: FilterOptions): NodeId =>
  identityOf(members, filter, executors.length > 0);

/** True if this domain's clients may ask. */
export const maySubmit = ({ members, submitters }: FilterOptions, domain: NodeId): boolean =>
  submitters?.has(domain) ?? members.includes(domain);

/** Shared with a domain whose clients may ask. */
export function clientKeyOf({ options, clientKeys }: FilterState, domain: NodeId): Uint8Array {
  const { cluster, hash, pair, epoch } = options;
  const self = identityIn(options);
  const key =
    clientKeys.get(domain) ??
    pairKey(hash, cluster, pair.secrets, 'client to filter', domain, self, self, epoch);
  clientKeys.set(domain, key);
  return key;
}

export function createFilterState(options: FilterOptions): FilterState {
  const end = memberIdsEnd(options.members);
  return {
    ...keysFor(options),
    clients: new Map(),
    domainBytes: new Array<number>(end).fill(0),
    retainedBytes: new Array<number>(end).fill(0),
    log: new Set(),
    end: 0,
    released: 0,
    views: new Array<number>(end).fill(firstViewOf(epochIn(options))),
    wishes: Array.from({ length: end }, () => new Set<string>()),
    adopting: new Map(),
    credit: new Map(),
    askedAt: 0,
  };
}

export const epochIn = ({ epoch = 0 }: FilterOptions): number => epoch;

/** True if what a domain's client asked in an epoch may be vouched for now. */
export function isKept(options: FilterOptions, domain: number, since: number): boolean {
  const { isKept = () => true } = options;
  return maySubmit(options, domain) && isKept(domain, since);
}

/**
 * The next epoch's place: keys, columns and replicas are others. What replicas said counts on where they are members
 * still; what is held stays, unless its client's key is no more.
 */
export function enterFilterEpoch(s: FilterState, options: FilterOptions): void {
  Object.assign(s, keysFor(options));
  const { members } = options;
  const end = memberIdsEnd(members);
  const moved = (values: readonly number[], missing: number): number[] =>
    Array.from({ length: end }, (_, id) => (members.includes(id) ? (values[id] ?? missing) : missing));
  for (const client of s.clients.values()) client.ordered = moved(client.ordered, 0);
  s.domainBytes = moved(s.domainBytes, 0);
  s.retainedBytes = moved(s.retainedBytes, 0);
  s.views = new Array<number>(end).fill(firstViewOf(epochIn(options)));
  s.wishes = Array.from({ length: end }, () => new Set<string>());
  s.adopting.clear();
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

/** The latest view in which a replica is that does not lie. */
export const presumedView = ({ options, views }: FilterState): number =>
  saidBy(views, options.quorums.vouching);

/** Whom a new entry is sent to. */
export const presumedPrimary = (s: FilterState): NodeId => primaryOf(s.options.members, presumedView(s));

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
