/** Goes through a tree as servers show it: level by level, some nodes at a time, in the same order every time. */

import { childPath } from '@concordat/keeper/edge';

/** Paths that are asked for at once. */
const AT_ONCE = 32;

/**
 * @param ask what is to be known of a path
 * @param visit takes that, one path after the other; gives the names of the children to go on with
 */
export async function walkTree<T>(
  root: string,
  ask: (path: string) => Promise<T>,
  visit: (path: string, found: T) => Iterable<string>,
): Promise<void> {
  let level = [root];
  while (level.length > 0) {
    const below: string[] = [];
    for (let at = 0; at < level.length; at += AT_ONCE) {
      const asked = level.slice(at, at + AT_ONCE).map(async (path) => ({ path, found: await ask(path) }));
      for (const { path, found } of await Promise.all(asked))
        for (const child of visit(path, found)) below.push(childPath(path, child));
    }
    level = below;
  }
}
