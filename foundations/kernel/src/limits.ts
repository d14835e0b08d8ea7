/**
 * Bounds that several packages must agree on. Each says why it is what it is; relations between them are asserted
 * here, where they are declared.
 */

import { assert } from './assert.ts';

/** Votes are kept in 32-bit masks. */
export const MAX_MEMBERS = 31;

/**
 * Nodes that learn the log and submit requests as domains of their own, without ordering anything, have ids from here on: above
 * those of all that may order, execute or filter.
 */
export const FIRST_ASSOCIATE = 96;

/** That a federation can ever have had: a session id of the keeper has room for the numbers of 126 domains. */
export const MAX_ASSOCIATES = 30;

/** ZooKeeper's own default for jute.maxbuffer: nobody expects larger nodes. */
export const MAX_OPERATION_BYTES = 1024 * 1024;

/** One client request may carry a turn's worth of operations, and always at least one of maximal size. */
export const MAX_REQUEST_BYTES = 2 * MAX_OPERATION_BYTES;

/** A frame holds at least one message of any kind: a request, a piece of a snapshot, or the list of what its pieces hash to. */
export const MAX_FRAME_BYTES = 16 * MAX_OPERATION_BYTES;

/** Snapshots travel and are journalled in parts of about this size. */
export const PART_BYTES = 64 * 1024;

assert(
  MAX_REQUEST_BYTES > MAX_OPERATION_BYTES + 1024,
  'a request has room for one maximal operation and its frame',
);
assert(MAX_FRAME_BYTES > MAX_REQUEST_BYTES + 1024, 'a frame has room for one maximal request and its frame');
