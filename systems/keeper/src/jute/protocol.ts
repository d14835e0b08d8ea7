/**
 * Numbers of the ZooKeeper protocol (3.8): operation codes, error codes, special transaction ids, permissions, create
 * modes, and the types of watch events. Names are those of ZooKeeper's own sources (ZooDefs, KeeperException).
 */

export const OpCode = {
  notification: 0,
  create: 1,
  delete: 2,
  exists: 3,
  getData: 4,
  setData: 5,
  getACL: 6,
  setACL: 7,
  getChildren: 8,
  sync: 9,
  ping: 11,
  getChildren2: 12,
  check: 13,
  multi: 14,
  create2: 15,
  reconfig: 16,
  checkWatches: 17,
  removeWatches: 18,
  createContainer: 19,
  deleteContainer: 20,
  createTTL: 21,
  multiRead: 22,
  auth: 100,
  setWatches: 101,
  sasl: 102,
  getEphemerals: 103,
  getAllChildrenNumber: 104,
  setWatches2: 105,
  addWatch: 106,
  whoAmI: 107,
  createSession: -10,
  closeSession: -11,
  error: -1,
} as const;

export const ErrorCode = {
  ok: 0,
  systemError: -1,
  runtimeInconsistency: -2,
  marshallingError: -5,
  unimplemented: -6,
  badArguments: -8,
  unknownSession: -12,
  newConfigNoQuorum: -13,
  reconfigInProgress: -14,
  noNode: -101,
  noAuth: -102,
  badVersion: -103,
  noChildrenForEphemerals: -108,
  nodeExists: -110,
  notEmpty: -111,
  sessionExpired: -112,
  invalidACL: -114,
  authFailed: -115,
  sessionMoved: -118,
  notReadOnly: -119,
  noWatcher: -121,
  reconfigDisabled: -123,
  sessionClosedRequireAuth: -124,
  quotaExceeded: -125,
  throttledOp: -127,
} as const;

/** The `xid` of what no request of the client's own numbering asked for. */
export const Xid = { notification: -1, ping: -2, auth: -4, setWatches: -8 } as const;

export const Perms = { read: 1, write: 2, create: 4, delete: 8, admin: 16, all: 31 } as const;

export const CreateMode = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
  container: 4,
  persistentTtl: 5,
  persistentSequentialTtl: 6,
} as const;

export const isTtlMode = (mode: number): boolean =>
  mode === CreateMode.persistentTtl || mode === CreateMode.persistentSequentialTtl;

export const EventType = { created: 1, deleted: 2, dataChanged: 3, childrenChanged: 4 } as const;

/** KeeperState of a live session, as every watch event carries it. */
export const SYNC_CONNECTED = 3;

export const WatcherType = { children: 1, data: 2, any: 3, persistent: 4, persistentRecursive: 5 } as const;

export const AddWatchMode = { persistent: 0, persistentRecursive: 1 } as const;

export const PASSWORD_BYTES = 16;

/** jute.maxbuffer of an unconfigured ZooKeeper: frames beyond it close the connection. */
export const MAX_FRAME_PAYLOAD_BYTES = 0xfffff;
