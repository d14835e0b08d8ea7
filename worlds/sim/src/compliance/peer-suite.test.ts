/** The simulator passes the suite of links between peers, and hosts spoiled in ways that matter do not. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Env, NodeId, Process } from '@concordat/kernel';
import { twistEnv } from '../strategies/twist.ts';
import { peerSuite } from './peer-suite.ts';
import { createSimPeers } from './sim-host.ts';

for (const seed of [1, 2, 3])
  for (const { name, run } of peerSuite(createSimPeers(seed)))
    test(`simulator, seed ${seed}: ${name}`, async () => assert.equal(await run(), 'passed'));

type Spoil = <S>(process: Process<S, string>) => Process<S, string>;

/** Twists what the process may do, at every event. */
const spoilSends =
  (send: (env: Env<string>, to: NodeId, message: string) => void): Spoil =>
  (process) => {
    const spoil = (env: Env<string>): Env<string> =>
      twistEnv(env, { send: (to, message) => send(env, to, message) });
    return {
      start: (env, recovered) => process.start(spoil(env), recovered),
      receive: (state, env, from, message) => process.receive(state, spoil(env), from, message),
      linked: (state, env, peer, isUp) => process.linked?.(state, spoil(env), peer, isUp),
      timeout: (state, env, timer) => process.timeout(state, spoil(env), timer),
      settle: (state, env) => process.settle(state, spoil(env)),
    };
  };

const broken: Readonly<Record<string, Spoil>> = {
  'tells nobody of breaks': (process) => ({ ...process, linked: () => {} }),
  'tells of every break twice': (process) => ({
    ...process,
    linked: (state, env, peer, isUp) => {
      process.linked?.(state, env, peer, isUp);
      process.linked?.(state, env, peer, isUp);
    },
  }),
  'tells of links that come up': (process) => {
    const known = new Set<NodeId>();
    return {
      ...process,
      receive: (state, env, from, message) => {
        if (!known.has(from)) process.linked?.(state, env, from, true);
        known.add(from);
        process.receive(state, env, from, message);
      },
    };
  },
  'loses every tenth message': (() => {
    let sent = 0;
    return spoilSends((env, to, message) => {
      if (++sent % 10 !== 0) env.send(to, message);
    });
  })(),
  'does not join peers that a call failed to': (process) => {
    const failed = new Set<NodeId>();
    const spoiled = spoilSends((env, to, message) => {
      if (!failed.has(to)) env.send(to, message);
    })(process);
    return {
      ...spoiled,
      linked: (state, env, peer, isUp) => {
        failed.add(peer);
        spoiled.linked?.(state, env, peer, isUp);
      },
    };
  },
};

for (const [flaw, spoil] of Object.entries(broken))
  test(`the suite rejects a host that ${flaw}`, async () => {
    let failures = 0;
    for (const { run } of peerSuite(createSimPeers(1, spoil)))
      await run().catch((error: unknown) => {
        assert.match(String(error), /AssertionError|ProcessFailure/);
        failures++;
      });
    assert.ok(failures > 0);
  });
