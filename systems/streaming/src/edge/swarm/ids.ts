/** Who is in a stream and no member: by ids that no member gets. */

import type { NodeId } from '@concordat/kernel';

export const BROADCASTER_ID: NodeId = 2 ** 32 - 1;
export const TRACKER_ID: NodeId = 2 ** 32 - 2;
