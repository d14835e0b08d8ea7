/** Whom the lotus-eater attack satiates. */

import type { NodeId } from '@concordat/kernel';

/** Which members a lotus-eater feeds: two of three. The others are to starve. */
export const isFed = (id: NodeId): boolean => id % 3 !== 0;
