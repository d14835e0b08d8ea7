/** What is known of a run's requests so far: who has asked to watch what, by which known deviations tell where they apply. */

import { OpCode, WatcherType } from '@concordat/keeper';
import { type RequestCall, resolvePath } from './steps.ts';

/** `apart`: the one-shot or the persistent half of what one watches was removed, where there is such a thing. */
type Watching = 'data' | 'child' | 'persistent' | 'recursive' | 'apart';

/** What is known of the requests so far, by which a deviation tells whether it applies. */
export interface Ledger {
  readonly root: string;
  /** Kinds of watches that each session has asked for since it connected, by path. */
  readonly watches: Map<number, Map<string, Set<Watching>>>;
}

export const createLedger = (root: string): Ledger => ({ root, watches: new Map() });

/** Writes down what a request asks for; null for a new connection, which has no watches. */
export function note(ledger: Ledger, session: number, call: RequestCall | null): void {
  if (call === null) {
    ledger.watches.delete(session);
    return;
  }
  if (call.call === 'watched' && call.watch) {
    const isData = call.op === OpCode.exists || call.op === OpCode.getData;
    watch(ledger, session, call.path, isData ? 'data' : 'child');
  }
  if (call.call === 'watch' && call.op === OpCode.addWatch)
    watch(ledger, session, call.path, call.type === 0 ? 'persistent' : 'recursive');
  if (call.call === 'watch' && call.op === OpCode.removeWatches) {
    if (call.type === WatcherType.any)
      ledger.watches.get(session)?.delete(resolvePath(call.path, ledger.root));
    else if (call.type > 0) watch(ledger, session, call.path, 'apart');
  }
  if (call.call === 'set-watches') {
    const kinds: readonly Watching[] = ['data', 'data', 'child', 'persistent', 'recursive'];
    for (const [i, paths] of call.lists.entries())
      for (const path of paths) watch(ledger, session, path, kinds[i] ?? 'data');
  }
}

function watch(ledger: Ledger, session: number, path: string, kind: Watching): void {
  const paths = ledger.watches.get(session) ?? new Map<string, Set<Watching>>();
  ledger.watches.set(session, paths);
  const resolved = resolvePath(path, ledger.root);
  paths.set(resolved, (paths.get(resolved) ?? new Set()).add(kind));
}

/** The path itself, and those above it up to the root. */
export function ancestorsOf(path: string): string[] {
  const paths = [path];
  for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1))
    paths.push(path.slice(0, slash));
  return [...paths, '/'];
}

/** True if the session has asked for both kinds of watches where an event at `path` may come from. */
export function isContested(ledger: Ledger, session: number, path: string): boolean {
  const watches = ledger.watches.get(session);
  return ancestorsOf(path).some((at) => {
    const kinds = watches?.get(at) ?? new Set();
    const isRelevant = at === path || kinds.has('recursive');
    const persistent = kinds.has('persistent') || kinds.has('recursive');
    return isRelevant && kinds.size > 1 && persistent;
  });
}
