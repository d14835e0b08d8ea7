/**
 * A small ordered store with lagging endpoints, which writes down what its clients see: a source of histories that
 * are right, or wrong in one named way. It is its own model: nothing here is shared with the checker.
 */

import { assert, createPrng, type Prng } from '@concordat/kernel';
import type {
  Change,
  Refusal,
  SeenNode,
  Stat,
  ZnodeInput,
  ZnodeOperation,
  ZnodeOutput,
} from '../znode-history.ts';

export const FAULTS = [
  /** An answered write is not applied anywhere. */
  'lost-write',
  /** A session that changes its endpoint is not held back until the new one has caught up. */
  'stale-endpoint',
  /** A write is numbered before one that was answered earlier. */
  'reordered-writes',
  /** A set is applied twice. */
  'duplicated-write',
  /** Two halves of the endpoints order writes for themselves. */
  'split-brain',
  /** One endpoint forgets that a node was deleted. */
  'resurrected-delete',
  /** A sync answers without waiting. */
  'idle-sync',
  /** One endpoint applies only the first of several changes. */
  'torn-multi',
] as const;
export type Fault = (typeof FAULTS)[number];

export interface StoreOptions {
  readonly operations: number;
  readonly fault?: Fault;
  /** Probability that an answer is lost. */
  readonly loss?: number;
  /** Whether reads and syncs tell the zxid at which they were served. */
  readonly claimsReads?: boolean;
}

interface Transaction {
  readonly zxid: number;
  readonly changes: readonly Change[];
}

/** An order of writes, and the state after all of them. */
interface Log {
  readonly transactions: Transaction[];
  readonly nodes: Map<string, SeenNode>;
}

interface Endpoint {
  readonly nodes: Map<string, SeenNode>;
  readonly log: Log;
  applied: number;
  lastZxid: number;
  readonly isFaulty: boolean;
}

interface Client {
  session: number;
  endpoint: Endpoint;
  /** The highest zxid this session was shown. */
  seen: number;
  pending: { readonly index: number; output: ZnodeOutput | null } | null;
}

interface Store {
  readonly random: Prng;
  readonly options: StoreOptions;
  readonly endpoints: Endpoint[];
  readonly clients: Client[];
  readonly history: ZnodeOperation[];
  now: number;
  zxid: number;
  values: number;
  sessions: number;
}

const PATHS = ['/a', '/b', '/c'];
const ENDPOINTS = 3;
const CLIENTS = 5;

const strikes = (store: Store, fault: Fault, probability: number): boolean =>
  store.options.fault === fault && store.random.chance(probability);

function refusalOf(nodes: ReadonlyMap<string, SeenNode>, change: Change): Refusal | null {
  const node = nodes.get(change.path);
  if (change.kind === 'create') return node === undefined ? null : 'node-exists';
  if (node === undefined) return 'no-node';
  return change.expected === null || change.expected === node.stat.version ? null : 'bad-version';
}

function applyChange(nodes: Map<string, SeenNode>, change: Change, zxid: number): Stat | null {
  if (change.kind === 'delete') {
    nodes.delete(change.path);
    return null;
  }
  const former = nodes.get(change.path)?.stat;
  const isNew = change.kind === 'create' || former === undefined;
  const stat = isNew
    ? { czxid: zxid, mzxid: zxid, version: 0 }
    : { czxid: former.czxid, mzxid: zxid, version: former.version + 1 };
  nodes.set(change.path, { value: change.value, stat });
  return stat;
}

/** Applies the next transaction of an endpoint's log. */
function catchUp(store: Store, endpoint: Endpoint): void {
  const transaction = endpoint.log.transactions[endpoint.applied];
  if (transaction === undefined) return;
  endpoint.applied++;
  endpoint.lastZxid = Math.max(endpoint.lastZxid, transaction.zxid);
  for (const [index, change] of transaction.changes.entries()) {
    if (endpoint.isFaulty && index > 0 && strikes(store, 'torn-multi', 0.5)) continue;
    if (endpoint.isFaulty && change.kind === 'delete' && strikes(store, 'resurrected-delete', 0.5)) continue;
    applyChange(endpoint.nodes, change, transaction.zxid);
  }
}

const catchUpFully = (store: Store, endpoint: Endpoint): void => {
  while (endpoint.applied < endpoint.log.transactions.length) catchUp(store, endpoint);
};

/** Orders a write and returns its answer. */
function commit(store: Store, client: Client, changes: readonly Change[]): ZnodeOutput {
  const { transactions, nodes } = client.endpoint.log;
  const last = transactions.at(-1)?.zxid ?? 0;
  store.zxid = store.options.fault === 'split-brain' ? Math.max(last, client.seen) + 2 : store.zxid + 2;
  const zxid = strikes(store, 'reordered-writes', 0.05) ? Math.max(1, store.zxid - 7) : store.zxid;
  for (const [change, wanted] of changes.entries()) {
    const code = refusalOf(nodes, wanted);
    if (code === null) continue;
    // A refusal takes a zxid too, and endpoints pass it like any other.
    transactions.push({ zxid, changes: [] });
    return { kind: 'refused', zxid, code, change };
  }
  if (strikes(store, 'lost-write', 0.1)) {
    const lost = new Map(nodes);
    return { kind: 'written', zxid, stats: changes.map((change) => applyChange(lost, change, zxid)) };
  }
  const stats = changes.map((change) => applyChange(nodes, change, zxid));
  transactions.push({ zxid, changes });
  const [first] = changes;
  if (first?.kind === 'set' && strikes(store, 'duplicated-write', 0.1)) {
    store.zxid += 2;
    applyChange(nodes, first, store.zxid);
    transactions.push({ zxid: store.zxid, changes: [first] });
  }
  return { kind: 'written', zxid, stats };
}

/** Serves an operation at the client's endpoint: what it will be answered. */
function serve(store: Store, client: Client, input: ZnodeInput): ZnodeOutput {
  const { endpoint } = client;
  if (input.kind === 'write') return commit(store, client, input.changes);
  if (input.kind === 'sync') {
    if (store.options.fault !== 'idle-sync') catchUpFully(store, endpoint);
    return { kind: 'synced', zxid: store.options.claimsReads ? endpoint.lastZxid : null };
  }
  const node = endpoint.nodes.get(input.path) ?? null;
  return { kind: 'seen', zxid: store.options.claimsReads ? endpoint.lastZxid : null, node };
}

function drawChange(store: Store): Change {
  const { random } = store;
  const path = random.pick(PATHS);
  const expected = random.chance(0.2) ? random.below(3) : null;
  const kind = random.pick(['create', 'set', 'set', 'set', 'delete'] as const);
  return kind === 'delete' ? { kind, path, expected } : { kind, path, value: `v${store.values++}`, expected };
}

function drawInput(store: Store): ZnodeInput {
  const { random } = store;
  if (random.chance(0.1)) return { kind: 'sync' };
  if (random.chance(0.5)) return { kind: 'read', path: random.pick(PATHS) };
  const first = drawChange(store);
  const second = drawChange(store);
  const isMulti = random.chance(0.2) && first.path !== second.path;
  return { kind: 'write', changes: isMulti ? [first, second] : [first] };
}

function invoke(store: Store, client: Client): void {
  const { session } = client;
  const input = drawInput(store);
  client.pending = { index: store.history.length, output: null };
  store.history.push({ session, invokedAt: store.now, input, outcome: null });
}

/** An endpoint serves a session once it has caught up with what the session was shown. */
function tryServe(store: Store, client: Client): void {
  const { pending, endpoint } = client;
  if (pending === null) return;
  const input = store.history[pending.index]!.input;
  const mayServe = endpoint.lastZxid >= client.seen || store.options.fault === 'stale-endpoint';
  if (input.kind === 'write' || mayServe) pending.output = serve(store, client, input);
  else if (endpoint.applied < endpoint.log.transactions.length) catchUp(store, endpoint);
  // It will never catch up: the other half of a split brain, or the wait for a write that was lost.
  else client.endpoint = store.random.pick(store.endpoints);
}

/** A session whose answer is lost ends; its operation may have been served. */
function lose(store: Store, client: Client): void {
  if (store.random.chance(0.5)) tryServe(store, client);
  client.session = store.sessions++;
  client.seen = 0;
  client.pending = null;
}

function answer(store: Store, client: Client): void {
  const { pending, endpoint } = client;
  if (pending?.output == null) return;
  const { output } = pending;
  store.history[pending.index] = { ...store.history[pending.index]!, outcome: { at: store.now, output } };
  const shown = output.kind === 'written' || output.kind === 'refused' ? output.zxid : endpoint.lastZxid;
  client.seen = Math.max(client.seen, shown);
  client.pending = null;
}

function act(store: Store, client: Client): void {
  const { random, endpoints, options } = store;
  if (random.chance(0.3)) catchUp(store, random.pick(endpoints));
  if (client.pending === null) {
    if (random.chance(0.2)) client.endpoint = random.pick(endpoints);
    invoke(store, client);
  } else if (client.pending.output !== null) answer(store, client);
  else if (random.chance(options.loss ?? 0)) lose(store, client);
  else tryServe(store, client);
}

/** Runs the store until it has a history of the wanted length. */
export function simulateZnodes(seed: number, options: StoreOptions): ZnodeOperation[] {
  const random = createPrng(seed);
  const createLog = (): Log => ({ transactions: [], nodes: new Map() });
  const shared = createLog();
  const other = options.fault === 'split-brain' ? createLog() : shared;
  const endpoints = Array.from({ length: ENDPOINTS }, (_, index) => ({
    nodes: new Map<string, SeenNode>(),
    log: index === 0 ? other : shared,
    applied: 0,
    lastZxid: 0,
    isFaulty: index === 0,
  }));
  const clients = Array.from({ length: CLIENTS }, (_, session) => ({
    session,
    endpoint: random.pick(endpoints),
    seen: 0,
    pending: null,
  }));
  const store: Store = {
    random,
    options,
    endpoints,
    clients,
    history: [],
    now: 0,
    zxid: 0,
    values: 0,
    sessions: CLIENTS,
  };
  for (let turn = 0; store.history.length < options.operations; turn++) {
    assert(turn < 1000 * options.operations, 'sessions make progress');
    store.now += random.below(3);
    act(store, random.pick(store.clients));
  }
  return store.history;
}
