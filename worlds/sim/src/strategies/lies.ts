/** Adversaries that say what they should not: old messages, too many, different ones to different peers, damaged ones. */

import type { Env, MessageCodec, Millis, NodeId, Prng, Strategy } from '@concordat/kernel';
import { onSend, strategyOf, type Twist, twistEnv } from './twist.ts';

/** Messages remembered by the strategies that repeat. */
const MEMORY = 256;

function remember<T>(memory: T[], item: T, random: Prng): void {
  if (memory.length < MEMORY) memory.push(item);
  else memory[random.below(MEMORY)] = item;
}

/** Sends an old message of its own beside each new one, with a probability, to anyone it ever wrote to. */
export const replaying =
  <M>(chance = 0.3) =>
  (env: Env<M>): Twist<M> => {
    const memory: { readonly to: NodeId; readonly message: M }[] = [];
    const emit = (to: NodeId, message: M): void => {
      env.send(to, message);
      remember(memory, { to, message }, env.random);
      if (env.random.chance(chance)) env.send(env.random.pick(memory).to, env.random.pick(memory).message);
    };
    return { env: twistEnv(env, { send: emit, sendEarly: emit }) };
  };

export const replay = <S, M>(chance?: number): Strategy<S, M> => strategyOf(replaying(chance));

const FLOOD = 'attack/flood';

/** Sends `perTick` of the messages it ever sent or received to everyone it knows, every `everyMs`. */
export const flooding =
  <M>(perTick = 20, everyMs: Millis = 10) =>
  (env: Env<M>): Twist<M> => {
    const memory: M[] = [];
    const peers = new Set<NodeId>();
    const learn = (peer: NodeId, message: M): void => {
      peers.add(peer);
      remember(memory, message, env.random);
    };
    env.setTimer(FLOOD, everyMs);
    const tick = (): void => {
      if (memory.length > 0)
        for (const peer of peers)
          for (let i = 0; i < perTick; i++) env.sendEarly(peer, env.random.pick(memory));
      env.setTimer(FLOOD, everyMs);
    };
    const emit = (to: NodeId, message: M): void => {
      learn(to, message);
      env.send(to, message);
    };
    return {
      env: twistEnv(env, { send: emit, sendEarly: emit }),
      receive: (from, message) => {
        learn(from, message);
        return true;
      },
      timeout: (timer) => {
        if (timer === FLOOD) tick();
        return timer === FLOOD;
      },
    };
  };

export const flood = <S, M>(perTick?: number, everyMs?: Millis): Strategy<S, M> =>
  strategyOf(flooding(perTick, everyMs));

/** A message that contradicts the given one, to be told to `to`; null to tell the truth. Given by the protocol. */
export type MessageTwist<M> = (message: M, to: NodeId, random: Prng) => M | null;

/** Tells different peers different things. */
export const equivocate = <S, M>(twist: MessageTwist<M>): Strategy<S, M> =>
  onSend((env, to, message, post) => post(to, twist(message, to, env.random) ?? message));

/** Flips bits of its messages, each with a probability. What no longer decodes is not sent: it would be dropped. */
export const corrupt = <S, M>(codec: MessageCodec<M>, chance = 0.1): Strategy<S, M> =>
  onSend((env, to, message, post) => {
    if (!env.random.chance(chance)) {
      post(to, message);
      return;
    }
    const bytes = codec.encode(message).slice();
    for (let flips = 1 + env.random.below(3); flips > 0 && bytes.length > 0; flips--) {
      const at = env.random.below(bytes.length);
      bytes[at] = bytes[at]! ^ (1 << env.random.below(8));
    }
    const damaged = codec.decode(bytes);
    if (damaged === null) env.note({ kind: 'adversary-undecodable', to });
    else post(to, damaged);
  });
