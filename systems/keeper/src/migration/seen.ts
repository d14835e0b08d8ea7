/** A node as a client was shown it, made into one of a tree again. */

import type { SeenStat } from '../client/responses.ts';
import { type Acl, OPEN_ACL } from '../tree/acl.ts';
import { NO_OWNER, type Znode } from '../tree/znode.ts';

/** What a server shows instead of a digest's hash to whoever may not administer the node. */
const MASKED = /:x$/;

export const isMasked = (acl: readonly Acl[]): boolean =>
  acl.some(({ scheme, id }) => scheme === 'digest' && MASKED.test(id));

export const isSeenEphemeral = ({ ephemeralOwner: { high, low } }: SeenStat): boolean =>
  high !== 0 || low !== 0;

/** Clients are not told which nodes are containers or have a TTL: all stay. A Stat counts removals of children, too. */
export const znodeSeen = (data: Uint8Array, acl: readonly Acl[], stat: SeenStat): Znode => ({
  data,
  acl: acl.length === 0 ? OPEN_ACL : acl,
  czxid: stat.czxid,
  mzxid: stat.mzxid,
  pzxid: stat.pzxid,
  ctime: stat.ctime,
  mtime: stat.mtime,
  version: stat.version,
  cversion: Math.floor((stat.cversion + stat.numChildren) / 2),
  aversion: stat.aversion,
  owner: NO_OWNER,
});
