/**
 * Domains whose log is slow, in the simulator: one client asks for far more than it takes, others for little or nothing.
 * No session expires whose client keeps it alive, and what is asked for in moderation is answered in time.
 */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FIRST_CONNECTION } from '@concordat/kernel';
import { createWorld, type World } from '@concordat/sim';
import { type ClientConfig, type ClientState, createKeeperClient } from '../client/client.ts';
import { createToyNode, requireAgreement, type ToyState } from '../testing/toy-federation.ts';
import { GATEWAY_LIMITS, type GatewayLimits } from './limits.ts';

const NODES = [0, 1, 2];
/** Clients with even numbers begin at the first, others at the second. */
const GATEWAYS = [1, 2];
/** The first one is heavy, the last ones only keep their sessions. */
const CLIENTS = [0, 1, 2, 3, 4, 5];
const HEAVY = 0;
const IDLE = [4, 5];
const RUN_MS = 12_000;
const SESSION_MS = 4000;

const pipelineOf = (number: number): number => (number === HEAVY ? 3000 : IDLE.includes(number) ? 0 : 1);

const next: ClientConfig['next'] = ({ config, history }) => ({
  kind: 'write',
  changes: [{ kind: 'create', path: `/${config.number}-${history.length}`, value: '' }],
});

interface Run {
  readonly world: World;
  client(number: number): ClientState;
  /** Sessions that expired. */
  expired(): number;
}

function play(seed: number, limits: Partial<GatewayLimits>): Run {
  const world = createWorld({ seed, keepNotes: true });
  const options = { limits: { ...GATEWAY_LIMITS, ...limits }, bytesPerBeat: 3000 };
  for (const id of NODES) world.add({ id, process: createToyNode(id, options) });
  for (const number of CLIENTS) {
    const process = createKeeperClient({
      gateways: GATEWAYS,
      timeoutMs: SESSION_MS,
      number,
      next,
      pipeline: pipelineOf(number),
      paceMs: 500,
      moveEveryMs: 0,
    });
    world.add({ id: FIRST_CONNECTION + number, process, link: 'connection' });
  }
  world.run(RUN_MS);
  requireAgreement(NODES.map((id) => world.stateOf<ToyState>(id)));
  return {
    world,
    client: (number) => world.stateOf(FIRST_CONNECTION + number),
    expired: () =>
      GATEWAYS.reduce((sum, id) => sum + world.stateOf<ToyState>(id).gatewayState.tally.expired, 0),
  };
}

test('no session expires whose client keeps it alive, and who asks for little gets it in time', () => {
  for (const seed of [1, 2]) {
    const { client, expired, world } = play(seed, { orderedRequests: 64, sessionRequests: 200 });
    assert.equal(expired(), 0);
    const { tally } = world.stateOf<ToyState>(1).gatewayState;
    assert.ok(tally.holds > 3 && tally.throttled === 0);
    for (const number of CLIENTS) {
      const { incarnation, violations, phase, history } = client(number);
      assert.deepEqual([incarnation, violations, phase], [0, [], 'live']);
      if (IDLE.includes(number)) continue;
      const answered = history.filter(({ outcome }) => outcome !== null);
      assert.ok(answered.length > 15, `${number} got ${answered.length} answers`);
      const longest = Math.max(...answered.map(({ invokedAt, outcome }) => (outcome?.at ?? 0) - invokedAt));
      if (number !== HEAVY) assert.ok(longest < SESSION_MS, `${number} waited for ${longest}`);
    }
  }
});

test('without the limits the same load costs others their sessions: the run can tell', () => {
  const none = 1_000_000;
  const { expired } = play(1, { orderedRequests: none, sessionRequests: none, globalRequests: none });
  assert.ok(expired() > 0);
});
