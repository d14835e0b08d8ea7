/**
 * What arrived and waits for a turn. Every peer and every connection is a source with a bounded queue of its own;
 * a turn visits ready sources in rotation, a quantum each, so that a flood delays its sender and nobody else. Members
 * and connections have separate rotations and budgets: no number of clients can crowd out the other replicas.
 */

import type { NodeId } from '@concordat/kernel';

/** Receives what a source delivers; returns nothing, keeps no bytes. */
export interface Sink<M> {
  message(from: NodeId, message: M): void;
  linked(peer: NodeId, isUp: boolean): void;
}

export interface Source<M> {
  /** Delivers queued events, in order, of about `quantumBytes`; returns the bytes delivered. */
  deliver(sink: Sink<M>, quantumBytes: number): number;
  readonly isEmpty: boolean;
  /** Owned by the rotation. */
  isReady: boolean;
}

export interface Rotation<M> {
  /** Announces that `source` has something; cheap to repeat. */
  ready(source: Source<M>): void;
  /** Delivers in rotation until nothing is left or `budgetBytes` are spent. */
  drain(sink: Sink<M>, budgetBytes: number): void;
  readonly isEmpty: boolean;
}

/** Enough for several hundred small messages, so that rotating costs nothing beside handling them. */
const QUANTUM_BYTES = 64 * 1024;

export function createRotation<M>(): Rotation<M> {
  let sources: Source<M>[] = [];
  return {
    ready: (source) => {
      if (source.isReady) return;
      source.isReady = true;
      sources.push(source);
    },
    drain: (sink, budgetBytes) => {
      let left = budgetBytes;
      while (sources.length > 0 && left > 0) {
        const round = sources;
        sources = [];
        let visited = 0;
        for (const source of round) {
          if (left <= 0) break;
          visited++;
          left -= source.deliver(sink, QUANTUM_BYTES);
          source.isReady = !source.isEmpty;
          if (source.isReady) sources.push(source);
        }
        // Those not visited in this turn come first in the next.
        if (visited < round.length) sources = [...round.slice(visited), ...sources];
      }
    },
    get isEmpty() {
      return sources.length === 0;
    },
  };
}
