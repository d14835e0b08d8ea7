/**
 * What a peer may do instead of following the protocol. A deviation replaces decisions (`Conduct`) or twists a process's events, or both. The
 * peers of one group share what `make` makes, so that a coalition has a common memory; a lone deviator is a group of one.
 *
 * Never for a daemon: nothing but simulations, tests and the lab imports this folder.
 */

import type { Env, Process } from '@concordat/kernel';
import type { Evidence } from '../evidence/evidence.ts';
import type { StreamMessage } from '../messages/messages.ts';
import type { PeerState } from '../peer/state.ts';
import { type Conduct, OBEDIENT } from '../trade/conduct.ts';

/** A process of any protocol's peer, wrapped. */
export type Wrap = <X>(honest: Process<PeerState<X>, StreamMessage>) => Process<PeerState<X>, StreamMessage>;

export interface Deviant {
  readonly conduct: Conduct;
  readonly wrap: Wrap;
}

export interface Deviation {
  readonly name: string;
  /** One sentence. */
  readonly what: string;
  /** Rational: hopes to gain. Byzantine: does harm, whatever it costs. */
  readonly nature: 'rational' | 'byzantine';
  /** The rule under which it leaves evidence, or null if it leaves none. */
  readonly evidence: Evidence['rule'] | null;
  /** @param strength the chance of deviating each time there is an occasion, in [0, 1] */
  make(strength: number): Deviant;
}

const unchanged: Wrap = (honest) => honest;

/** A deviation that replaces decisions. */
export const byConduct =
  (replace: (happens: (env: Env<StreamMessage>) => boolean) => Partial<Conduct>) =>
  (strength: number): Deviant => ({
    conduct: { ...OBEDIENT, ...replace((env) => strength >= 1 || env.random.chance(strength)) },
    wrap: unchanged,
  });

/** A deviation that twists events. */
export const byWrap =
  (wrap: (strength: number) => Wrap, conduct: Partial<Conduct> = {}) =>
  (strength: number): Deviant => ({ conduct: { ...OBEDIENT, ...conduct }, wrap: wrap(strength) });

/** The same env, but what is sent passes through `emit`. */
export function withSend(
  env: Env<StreamMessage>,
  emit: (to: number, message: StreamMessage) => void,
): Env<StreamMessage> {
  const twisted: Env<StreamMessage> = Object.create(env);
  return Object.assign(twisted, { send: emit });
}
