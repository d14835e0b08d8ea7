/**
 * ZooKeeper's data tree and sessions as a replicated service. What it executes are the bodies of gateways (`orders.ts`);
 * what it may depend on is its state and the ordered time. Transactions are counted here, failed ones too, so a zxid
 * is a function of the ordered prefix (DESIGN section 9, rule 8).
 */

import type { Hash, Signatures } from '@concordat/crypto';
import { assert, type ExecuteContext, type Service } from '@concordat/kernel';
import { createState, MAX_ENTRY_BYTES, numberKey, type State, textKey } from '@concordat/state';
import { createReader, createWriter, utf8 } from '@concordat/wire';
import { encodeEvent } from './events.ts';
import { executeBody, type OrderListener } from './execution.ts';
import { type Emit, endSession, type Keeper, type KeeperConfig, type Meta, nextZxid } from './keeper.ts';
import type { KeeperGenesis } from './migration/state-file.ts';
import { decodeBody, encodeResults } from './orders.ts';
import { answerQuery } from './query.ts';
import { createSessions, expiredAt } from './sessions/sessions.ts';
import { sweep } from './sweep.ts';
import { OPEN_ACL } from './tree/acl.ts';
import { successor } from './tree/operations.ts';
import { CONFIG_PATH } from './tree/paths.ts';
import { createTree, plantTree, putNode } from './tree/tree.ts';
import { encodeZnode, readZnode } from './tree/znode.ts';

export interface KeeperOptions {
  readonly hash: Hash;
  readonly signatures: Signatures;
  readonly config: KeeperConfig;
  /** What it begins with instead of nothing, the same at every replica: as `decodeGenesis` gives it. */
  readonly genesis?: KeeperGenesis;
}

export interface KeeperService extends Service {
  readonly keeper: Keeper;
  /** Has `listener` told of each order as soon as it is executed, before the next one is. At most one listens. */
  listen(listener: OrderListener): void;
}

const VERSION = 1;

const writer = createWriter();
const NOTHING = new Uint8Array(0);

const znodeCodec = {
  ...textKey,
  encode: encodeZnode,
  decode: (bytes: Uint8Array) => {
    const reader = createReader(bytes);
    return reader.finish(readZnode(reader, MAX_ENTRY_BYTES));
  },
};

const metaCodec = {
  encode: (meta: Meta): Uint8Array => {
    writer.u53(meta.zxid);
    writer.u53(meta.sessions);
    writer.u53(meta.time);
    writer.u53(meta.lease);
    writer.u53(meta.sweptAt);
    return writer.view();
  },
  decode: (bytes: Uint8Array): Meta | null => {
    const reader = createReader(bytes);
    const next = () => reader.u53();
    return reader.finish({ zxid: next(), sessions: next(), time: next(), lease: next(), sweptAt: next() });
  },
};

const timeCodec = { encode: numberKey.encodeKey, decode: numberKey.decodeKey };

const START: Meta = { zxid: 0, sessions: 0, time: 0, lease: 0, sweptAt: 0 };

export function createKeeperService(options: KeeperOptions): KeeperService {
  const state = createState({ hash: options.hash, version: VERSION });
  const keeper: Keeper = {
    config: options.config,
    signatures: options.signatures,
    tree: createTree(state.map('znodes', znodeCodec), state.cell('recounts-paid', timeCodec, 0)),
    sessions: createSessions(state),
    meta: state.cell('meta', metaCodec, START),
  };
  let heard: OrderListener = () => {};
  plantTree(keeper.tree, utf8(options.config.membership));
  if (options.genesis !== undefined) begin(keeper, options.genesis);
  return {
    keeper,
    listen: (listener) => {
      heard = listener;
    },
    ...replicationOf(state),
    execute: (op, context) => execute(keeper, op, context, heard),
    query: (op) => answerQuery(keeper, op),
    reconfigured: (federation, emit) =>
      showMembership(keeper, options.config.membershipIn(federation), (event) => emit(encodeEvent(event))),
    advance: (time, emit) => advance(keeper, Math.floor(time), (event) => emit(encodeEvent(event))),
  };
}

/** Only now, because the indexes are made as nodes come: parents first, and with them what ends by itself. */
function begin({ tree, meta }: Keeper, { zxid, nodes }: KeeperGenesis): void {
  for (const [path, node] of nodes) tree.nodes.set(path, node);
  meta.set({ ...START, zxid });
}

/** As a transaction of nobody's: what clients find at /zookeeper/config from now on. */
function showMembership(keeper: Keeper, membership: string, emit: Emit): void {
  const node = keeper.tree.nodes.get(CONFIG_PATH);
  assert(node !== undefined, 'every tree has the node of the configuration');
  const zxid = nextZxid(keeper);
  const { time } = keeper.meta.get();
  const version = successor(node.version);
  putNode(keeper.tree, CONFIG_PATH, { ...node, data: utf8(membership), mzxid: zxid, mtime: time, version });
  emit({ type: 'data-changed', zxid, path: CONFIG_PATH, acl: node.acl, parentAcl: OPEN_ACL });
}

const replicationOf = (state: State): Omit<Service, 'execute' | 'query' | 'advance'> => ({
  version: state.version,
  versions: state.versions,
  switchTo: state.switchTo,
  digest: state.digest,
  mark: state.mark,
  rollback: state.rollback,
  release: state.release,
  snapshot: state.snapshot,
  restore: state.restore,
});

function execute(keeper: Keeper, op: Uint8Array, context: ExecuteContext, heard: OrderListener): Uint8Array {
  const body = decodeBody(op);
  if (body === null) return NOTHING;
  return encodeResults(executeBody(keeper, body, context, heard));
}

function advance(keeper: Keeper, time: number, emit: Emit): void {
  const meta = keeper.meta.get();
  const now = Math.max(time, meta.time);
  const { heartbeatMs, minTimeoutMs } = keeper.config;
  const lease = meta.lease + Math.min(now - meta.time, 2 * heartbeatMs);
  // Clients could not keep their TTL nodes alive: they are given a whole sweep's time for it, see `sweep.ts`.
  const isAfterOutage = now - meta.time > minTimeoutMs;
  keeper.meta.set({ ...meta, time: now, lease, sweptAt: isAfterOutage ? now : meta.sweptAt });
  for (const session of expiredAt(keeper.sessions, lease)) endSession(keeper, session, true, emit);
  sweep(keeper, emit);
}
