/** The peers in use, among all that are known: made when somebody sends or calls, forgotten when nothing would be lost. */

import type { NodeId } from '@concordat/kernel';
import type { Route } from '../host/departures.ts';
import type { Exit } from '../host/turns.ts';
import type { Book } from './book.ts';
import { createNeighbour, type Neighbour, type Neighbourhood } from './neighbour.ts';

export interface InUseLimits {
  readonly linksMax: number;
  readonly idleMs: number;
  readonly beatMs: number;
}

interface Used<M> {
  readonly neighbour: Neighbour;
  readonly exit: Exit<M>;
}

export interface InUse<M> {
  /** Undefined if nobody of this id is known. */
  use(id: NodeId): Used<M> | undefined;
  all(): Neighbour[];
  /** Room for one more link, if need be made by the one that was idle for longest, and at least for `restMs`. */
  hasRoom(restMs: number): boolean;
  /** Cuts one off. */
  drop(id: NodeId): void;
  beat(): void;
}

export function createInUse<M>(book: Book, around: Neighbourhood<M>, limits: InUseLimits): InUse<M> {
  const used = new Map<NodeId, Used<M>>();

  return {
    use,
    all,
    hasRoom: (restMs) => {
      const engaged = all().filter(({ isEngaged }) => isEngaged);
      if (engaged.length < limits.linksMax) return true;
      const before = performance.now() - restMs;
      const idle = engaged.filter(({ isIdle, usedAt }) => isIdle && usedAt <= before);
      const longest = idle.sort((a, b) => a.usedAt - b.usedAt)[0];
      if (longest === undefined) around.note({ kind: 'link-refused', why: 'too-many-links' });
      else longest.peer.part();
      return longest !== undefined;
    },
    drop: (id) => {
      used.get(id)?.neighbour.end('removed');
      used.delete(id);
    },
    beat: () => {
      const now = performance.now();
      for (const [id, { neighbour }] of used) {
        neighbour.beat(limits.beatMs);
        const unusedMs = now - neighbour.usedAt;
        if (neighbour.isIdle && unusedMs > limits.idleMs) neighbour.peer.part();
        if (neighbour.isForgettable && unusedMs > limits.beatMs) used.delete(id);
      }
    },
  };

  function all(): Neighbour[] {
    return [...used.values()].map(({ neighbour }) => neighbour);
  }

  function use(id: NodeId): Used<M> | undefined {
    const known = used.get(id);
    if (known !== undefined || book.get(id) === undefined) return known;
    const made: Used<M> = {
      neighbour: createNeighbour(id, around),
      exit: {
        route: routeTo(id),
        encoder: around.codec,
        mute: (forMs) => use(id)?.neighbour.peer.mute(forMs),
      },
    };
    used.set(id, made);
    return made;
  }

  /** By the id: a turn's sends may be held by the disk for longer than an idle peer is remembered. */
  function routeTo(id: NodeId): Route {
    return {
      queue: (bytes) => {
        const to = use(id);
        if (to === undefined) around.lost(1);
        else to.neighbour.peer.route.queue(bytes);
      },
      flush: () => used.get(id)?.neighbour.peer.route.flush(),
      end: () => {},
      isTouched: false,
    };
  }
}
