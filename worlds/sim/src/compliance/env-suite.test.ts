/** The simulator passes the suite of `Env`, and hosts spoiled in ways that matter do not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Env, Process } from '@concordat/kernel';
import { twistEnv } from '../strategies/twist.ts';
import { envSuite } from './env-suite.ts';
import { createSimHost } from './sim-host.ts';

for (const seed of [1, 2, 3])
  for (const { name, run } of envSuite(createSimHost(seed)))
    test(`simulator, seed ${seed}: ${name}`, async () => assert.equal(await run(), 'passed'));

type Spoil = <S>(process: Process<S, string>) => Process<S, string>;

/** Gives the process another `Env` at every event. */
const spoilEnv =
  (spoil: (env: Env<string>) => Env<string>): Spoil =>
  (process) => ({
    start: (env, recovered) => process.start(spoil(env), recovered),
    receive: (state, env, from, message) => process.receive(state, spoil(env), from, message),
    linked: (state, env, peer, isUp) => process.linked?.(state, spoil(env), peer, isUp),
    timeout: (state, env, timer) => process.timeout(state, spoil(env), timer),
    completed: (state, env, ticket, holds) => process.completed?.(state, spoil(env), ticket, holds),
    settle: (state, env) => process.settle(state, spoil(env)),
  });

const broken: Readonly<Record<string, Spoil>> = {
  'sends before the disk has it': spoilEnv((env) =>
    twistEnv(env, { send: (to, message) => env.sendEarly(to, message) }),
  ),
  'early sends wait for the disk': spoilEnv((env) =>
    twistEnv(env, { sendEarly: (to, message) => env.send(to, message) }),
  ),
  'appends nothing': spoilEnv((env) => twistEnv(env, { append: () => 0 })),
  'sends last things first': (process) => {
    const held: [number, string][] = [];
    const spoil = (env: Env<string>): Env<string> =>
      twistEnv(env, { send: (to, message) => void held.push([to, message]) });
    return {
      ...spoilEnv(spoil)(process),
      settle: (state, env) => {
        process.settle(state, spoil(env));
        for (const [to, message] of held.splice(0).reverse()) env.send(to, message);
      },
    };
  },
  'settles twice': (process) => ({
    ...process,
    settle: (state, env) => {
      process.settle(state, env);
      process.settle(state, env);
    },
  }),
  'fires timers at once': (process) => ({
    ...process,
    timeout: (state, env, timer) =>
      process.timeout(
        state,
        twistEnv(env, {
          setTimer: (name, after) =>
            after === 0 ? process.timeout(state, env, name) : env.setTimer(name, after),
        }),
        timer,
      ),
  }),
  'cannot cancel': spoilEnv((env) => twistEnv(env, { cancelTimer: () => {} })),
  'believes every signature': (process) => ({
    ...process,
    completed: (state, env, ticket) => process.completed?.(state, env, ticket, true),
  }),
  'hides breaks': (process) => ({
    ...process,
    linked: (state, env, peer, isUp) => {
      if (isUp) process.linked?.(state, env, peer, true);
    },
  }),
  'drops what is still needed': spoilEnv((env) =>
    twistEnv(env, { release: (position) => env.release(position + 9) }),
  ),
  'calls every journal whole': (process) => ({
    ...process,
    start: (env, recovered) => process.start(env, { ...recovered, whole: true }),
  }),
  'hears the muted': spoilEnv((env) => twistEnv(env, { mute: () => {} })),
  'closes nothing': spoilEnv((env) => twistEnv(env, { close: () => {} })),
  'shows a clock that runs within turns': (process) => {
    let reads = 0;
    const spoil = (env: Env<string>): Env<string> => ({ ...twistEnv(env, {}), now: env.now + ++reads });
    return spoilEnv(spoil)(process);
  },
};

for (const [flaw, spoil] of Object.entries(broken))
  test(`the suite rejects a host that ${flaw}`, async () => {
    let failures = 0;
    for (const { run } of envSuite(createSimHost(1, spoil)))
      await run().catch((error: unknown) => {
        assert.match(String(error), /AssertionError|ProcessFailure/);
        failures++;
      });
    assert.ok(failures > 0);
  });
