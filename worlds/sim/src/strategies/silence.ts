/** Adversaries that say less than they should, or later: the faults that cannot be proved. */

import type { Millis, NodeId, Strategy } from '@concordat/kernel';
import { onSend, strategyOf, twistEnv } from './twist.ts';

/** Does everything but speak, from `afterMs` of its clock on. */
export const mute = <S, M>(afterMs: Millis = Number.NEGATIVE_INFINITY): Strategy<S, M> =>
  onSend((env, to, message, post) => {
    if (env.now < afterMs) post(to, message);
  });

/** Says nothing to some peers. */
export const selectiveSilence = <S, M>(to: ReadonlySet<NodeId>): Strategy<S, M> =>
  onSend((_env, peer, message, post) => {
    if (!to.has(peer)) post(peer, message);
  });

/** Hears nothing from some peers. */
export const deaf = <S, M>(from: ReadonlySet<NodeId>): Strategy<S, M> =>
  strategyOf((env) => ({ env, receive: (peer) => !from.has(peer) }));

/** Does as if some messages had never come: a primary ignores a client so. */
export const ignore = <S, M>(isIgnored: (message: M, from: NodeId) => boolean): Strategy<S, M> =>
  strategyOf((env) => ({ env, receive: (from, message) => !isIgnored(message, from) }));

/** Withholds each message with a probability. */
export const forgetful = <S, M>(chance: number): Strategy<S, M> =>
  onSend((env, to, message, post) => {
    if (!env.random.chance(chance)) post(to, message);
  });

const DELAYED = 'adversary: delayed';

/** Sends everything `byMs` late: just below a timeout, this is the cheapest attack on throughput. */
export const delay = <S, M>(byMs: Millis): Strategy<S, M> =>
  strategyOf((env) => {
    const waiting: { readonly dueAt: Millis; readonly to: NodeId; readonly message: M }[] = [];
    const hold = (to: NodeId, message: M): void => {
      if (waiting.length === 0) env.setTimer(DELAYED, byMs);
      waiting.push({ dueAt: env.now + byMs, to, message });
    };
    const flush = (): void => {
      let due = 0;
      while (due < waiting.length && waiting[due]!.dueAt <= env.now) due++;
      for (const { to, message } of waiting.splice(0, due)) env.send(to, message);
      if (waiting.length > 0) env.setTimer(DELAYED, Math.max(0, waiting[0]!.dueAt - env.now));
    };
    return {
      env: twistEnv(env, { send: hold, sendEarly: hold }),
      timeout: (timer) => {
        if (timer === DELAYED) flush();
        return timer === DELAYED;
      },
    };
  });
