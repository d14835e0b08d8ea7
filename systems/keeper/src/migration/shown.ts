/**
 * Nodes as clients are shown them (`seen.ts`), made into what a federation begins with. Nothing is said there of sessions,
 * and ephemeral nodes are passed over by whoever reads.
 */

import type { Znode } from '../tree/znode.ts';
import type { Flaw } from './flaw.ts';
import { genesisFrom, type Migrated } from './genesis.ts';
import { attach, createImage, cut } from './image.ts';

/**
 * @param nodes parents first; what is below one that is missing went while it was read
 * @param zxid of the last transaction
 */
export function genesisFromNodes(
  nodes: readonly (readonly [path: string, node: Znode])[],
  zxid: number,
): Migrated | Flaw {
  const image = createImage();
  for (const [path, node] of nodes) {
    const copy = { ...node, session: '', children: null };
    const parent = image.nodes.get(cut(path).parent);
    if (path === '/') image.nodes.set(path, copy);
    else if (parent !== undefined) attach(image, path, parent, copy);
  }
  return genesisFrom(image, zxid);
}
