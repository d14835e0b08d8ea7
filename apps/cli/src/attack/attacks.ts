/**
 * The attacks of demonstrations and simulations, by name: each is the honest domain behind a twisted `Env`. They know
 * the protocol and use the domain's own keys, as an operator who turned would.
 */

import type { GatewayMessage } from '@concordat/keeper';
import {
  type Env,
  FIRST_CONNECTION,
  type Millis,
  type NodeId,
  startInSteps,
  stepsOf,
} from '@concordat/kernel';
import {
  type Attacker,
  attackers,
  attackNames,
  attackSummaries,
  feedAttackers,
} from '@concordat/replication/compliance';
import { flooding, replaying, strategyOf, type Twist, twistEnv } from '@concordat/sim';
import type { DomainMessage, DomainState } from '../domain/domain.ts';
import { corruptMessage } from './corruption.ts';

export interface Attack {
  /** What it does, for people. */
  readonly summary: string;
  /** Begins to attack; `own` is the attacker's honest state. */
  begin(env: Env<DomainMessage>, own: () => DomainState): Twist<DomainMessage>;
}

type Emit = (to: NodeId, message: DomainMessage, post: (message: DomainMessage) => void) => void;

/** Members vote and order; everyone else is a client. */
const isMember = (id: NodeId): boolean => id < FIRST_CONNECTION;

/** A twist of everything that is sent, early or not. */
const twistSends = (env: Env<DomainMessage>, emit: Emit): Env<DomainMessage> =>
  twistEnv(env, {
    send: (to, message) => emit(to, message, (said) => env.send(to, said)),
    sendEarly: (to, message) => emit(to, message, (said) => env.sendEarly(to, said)),
  });

const isFrame = (message: DomainMessage): message is GatewayMessage =>
  message.type === 'client-frame' || message.type === 'client-word' || message.type === 'client-raw';

/** An attack on the order protocol, told to members only. */
export const lying = (summary: string, attacker: Attacker): Attack => ({
  summary,
  begin: (env, own) => {
    const { config, keys } = own().replica;
    const attack = attacker({ ...config, keys });
    return {
      env: twistSends(env, (to, message, post) => {
        if (isFrame(message)) post(message);
        else for (const told of attack(message, to, env.random)) post(told);
      }),
    };
  },
});

const mute: Attack = {
  summary: 'says nothing to the other members',
  begin: (env) => ({
    env: twistSends(env, (to, message, post) => {
      if (!isMember(to)) post(message);
    }),
  }),
};

const TIMER = 'attack/slow';
/**
 * Part of the view timeout: a request waits once for room in the pipeline and once for its own slot, and each time the
 * others notice at their next tick only that the leader's vote is late and that they need COMMITs.
 */
const DELAY = 1 / 3;

const slow: Attack = {
  summary: 'as the leader, is as slow as it can be without looking dead',
  begin: (env, own) => {
    const waiting: { readonly dueAt: Millis; readonly to: NodeId; readonly message: DomainMessage }[] = [];
    const flush = (): void => {
      let due = 0;
      while ((waiting[due]?.dueAt ?? Number.POSITIVE_INFINITY) <= env.now) due++;
      for (const { to, message } of waiting.splice(0, due)) env.send(to, message);
      const [next] = waiting;
      if (next !== undefined) env.setTimer(TIMER, Math.max(0, next.dueAt - env.now));
    };
    return {
      env: twistSends(env, (to, message, post) => {
        if (!isMember(to)) return post(message);
        const delayMs = DELAY * own().replica.config.viewTimeoutMs;
        if (waiting.length === 0) env.setTimer(TIMER, delayMs);
        waiting.push({ dueAt: env.now + delayMs, to, message });
      }),
      timeout: (timer) => {
        if (timer === TIMER) flush();
        return timer === TIMER;
      },
    };
  },
};

const corruptReplies: Attack = {
  summary: 'gives wrong data to its own clients, and wrong log contents and snapshots to other members',
  begin: (env) => ({ env: twistSends(env, (_to, message, post) => post(corruptMessage(message))) }),
};

/** An adversary of the simulator, against members only: clients would notice nothing but its noise. */
const noise = (summary: string, twist: (env: Env<DomainMessage>) => Twist<DomainMessage>): Attack => ({
  summary,
  begin: (env) => {
    const among = twist(env);
    return {
      ...among,
      env: twistSends(env, (to, message, post) => {
        if (isMember(to) && !isFrame(message)) among.env.send(to, message);
        else post(message);
      }),
      receive: (from, message) => !isMember(from) || among.receive?.(from, message) !== false,
    };
  },
});

const forgetting = (env: Env<DomainMessage>): Twist<DomainMessage> => ({
  env: twistSends(env, (_to, message, post) => {
    if (!env.random.chance(0.3)) post(message);
  }),
});

/** Those that know the order protocol, with the names that its own suites give them. */
const protocolAttacks = Object.fromEntries(
  attackNames.map((name) => [name, lying(attackSummaries[name], attackers[name])]),
);

/** What is told to those who learn the log without ordering it: proxies. */
const feedAttacks: Readonly<Record<string, Attack>> = {
  'false-feed': lying('tells proxies of batches that nobody proposed', feedAttackers['false-feed']),
  'hasty-feed': lying(
    'tells proxies that all is committed which is only accepted',
    feedAttackers['hasty-feed'],
  ),
  'false-contents': lying('sends other contents than those ordered', feedAttackers['false-contents']),
  'invented-batches': lying(
    'tells proxies that empty batches of its own making are committed, and sends them',
    feedAttackers['invented-batches'],
  ),
  'phantom-batches': lying(
    'tells proxies that batches of its own making are committed, and sends them',
    feedAttackers['phantom-batches'],
  ),
};

export const ATTACKS: Readonly<Record<string, Attack>> = {
  ...protocolAttacks,
  ...feedAttacks,
  mute,
  slow,
  'corrupt-replies': corruptReplies,
  flood: noise('sends members everything it ever heard, again and again', flooding()),
  replay: noise('sends members its old messages beside the new ones', replaying()),
  forgetful: noise('leaves out three in ten of its messages to members', forgetting),
};

/** The domain that follows an attack, chosen anew for every event: null is honesty. */
export function underAttack(
  chosen: () => Attack | null,
): ReturnType<typeof strategyOf<DomainState, DomainMessage>> {
  let state: DomainState | null = null;
  const own = (): DomainState => {
    if (state === null) throw new Error('an attack begins after the domain has started');
    return state;
  };
  const strategy = strategyOf<DomainState, DomainMessage>((env) => {
    let attack: Attack | null = null;
    let twist: Twist<DomainMessage> = { env };
    const current = (): Twist<DomainMessage> => {
      const wanted = state === null ? null : chosen();
      if (wanted !== attack) {
        attack = wanted;
        twist = wanted?.begin(env, own) ?? { env };
      }
      return twist;
    };
    return {
      env: twistEnv(env, {
        send: (to, message) => current().env.send(to, message),
        sendEarly: (to, message) => current().env.sendEarly(to, message),
      }),
      // A timer of an attack that is over is nobody's.
      timeout: (timer) => current().timeout?.(timer) === true || timer.startsWith('attack/'),
    };
  });
  return (honest) =>
    strategy({
      ...honest,
      start: startInSteps(function* (env, recovered) {
        state = null;
        state = yield* stepsOf(honest, env, recovered);
        return state;
      }),
    });
}
