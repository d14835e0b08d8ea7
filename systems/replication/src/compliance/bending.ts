/** How variants of a replica are made: what an honest one never touches is bent at its start, or at the end of each turn. */

import type { Env } from '@concordat/kernel';
import type { Message } from '../replica/messages.ts';
import type { ReplicaState } from '../replica/state.ts';
import type { ReplicaProcess } from './cluster.ts';

export type Variant = (honest: ReplicaProcess) => ReplicaProcess;

/** What a variant may bend that an honest replica never touches. */
type Bent<T> = { -readonly [key in keyof T]: Bent<T[key]> };

export const bend = <T>(value: T): Bent<T> => value as Bent<T>;

export const atStart =
  (act: (s: ReplicaState) => void): Variant =>
  (honest) => ({
    ...honest,
    start: (env, recovered) => {
      const s = honest.start(env, recovered);
      act(s);
      return s;
    },
  });

export const atSettle =
  (act: (s: ReplicaState, env: Env<Message>) => void): Variant =>
  (honest) => ({
    ...honest,
    settle: (s, env) => {
      honest.settle(s, env);
      act(s, env);
    },
  });
