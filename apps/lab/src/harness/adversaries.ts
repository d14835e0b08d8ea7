/** Members that turned, as the experiments need them: each serves one node of one run. */

import type { Millis, Strategy } from '@concordat/kernel';
import type { Message, ReplicaState } from '@concordat/replication';
import { type AttackName, attackers } from '@concordat/replication/compliance';
import { delay, ignore, onSend } from '@concordat/sim';
import type { Adversary } from './federation.ts';

export const behaving = (make: () => Strategy<ReplicaState, Message>): Adversary => ({ strategy: make });

export const silent = (): Adversary => behaving(() => onSend(() => {}));

/** Says everything so much later; 0 is honest. */
export const late = (byMs: Millis): Adversary => (byMs === 0 ? {} : behaving(() => delay(byMs)));

/** Does as if nothing came of what this domain asks for. */
export const ignoring = (domain: number): Adversary =>
  behaving(() => ignore((message) => message.type === 'request' && message.request.domain === domain));

/** Follows an attack that knows the protocol. */
export const lying = (name: AttackName): Adversary => ({
  strategy: (liar) => {
    const attack = attackers[name](liar);
    return onSend((env, to, message, post) => {
      for (const told of attack(message, to, env.random)) post(to, told);
    });
  },
});
