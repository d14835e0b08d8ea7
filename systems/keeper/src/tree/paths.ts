/**
 * Paths of znodes: validity exactly as ZooKeeper's PathUtils judges it, parents, and the nodes that every tree has and
 * nobody may delete.
 */

export const CONFIG_PATH = '/zookeeper/config';

/** Present from the start, parents first; `delete` refuses them as bad arguments. */
export const SPECIAL_PATHS: readonly string[] = ['/', '/zookeeper', '/zookeeper/quota', CONFIG_PATH];

const QUOTA_PATH = '/zookeeper/quota';
const BELOW_QUOTA = '/zookeeper/quota/';
const LIMITS = '/zookeeper_limits';
const STATS = '/zookeeper_stats';

export const limitsPath = (path: string): string => QUOTA_PATH + path + LIMITS;
export const statsPath = (path: string): string => QUOTA_PATH + path + STATS;
export const isBelowQuota = (path: string): boolean => path.startsWith(BELOW_QUOTA);

/** Which of a quota's two nodes it is that a path below `/zookeeper/quota` names, and of which path; null for any other. */
export function quotaNode(path: string): { readonly kind: 'limits' | 'stats'; readonly of: string } | null {
  if (path.endsWith(LIMITS)) return { kind: 'limits', of: path.slice(QUOTA_PATH.length, -LIMITS.length) };
  if (path.endsWith(STATS)) return { kind: 'stats', of: path.slice(QUOTA_PATH.length, -STATS.length) };
  return null;
}

/** PERF: what is asked next often has the same parent; the same string again is neither made nor hashed anew. */
let lastParent = '/';

/** The parent's path; '/' for children of the root and for the root itself. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  if (slash <= 0) return '/';
  if (slash !== lastParent.length || !path.startsWith(lastParent)) lastParent = path.slice(0, slash);
  return lastParent;
}

export const nameOf = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** True if `path` is `root` or lies below it. */
export const isWithin = (path: string, root: string): boolean =>
  path === root || path.startsWith(root === '/' ? '/' : `${root}/`);

function isForbiddenUnit(unit: number): boolean {
  return (
    unit <= 0x1f || (unit >= 0x7f && unit <= 0x9f) || (unit >= 0xd800 && unit <= 0xf8ff) || unit >= 0xfff0
  );
}

/** An absolute path without empty, `.` or `..` components, a trailing slash or forbidden UTF-16 units. */
export function isValidPath(path: string): boolean {
  if (path === '/') return true;
  if (path.charCodeAt(0) !== 0x2f) return false;
  let start = 1;
  for (let i = 1; i <= path.length; i++) {
    const unit = i === path.length ? 0x2f : path.charCodeAt(i);
    if (unit !== 0x2f) {
      if (isForbiddenUnit(unit)) return false;
      continue;
    }
    const length = i - start;
    if (length === 0) return false;
    if (
      path.charCodeAt(start) === 0x2e &&
      (length === 1 || (length === 2 && path.charCodeAt(start + 1) === 0x2e))
    )
      return false;
    start = i + 1;
  }
  return true;
}
