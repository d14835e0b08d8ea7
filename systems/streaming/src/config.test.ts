/** Configs travel in one form; unsound ones are refused with the inequality that fails. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPrng } from '@concordat/kernel';
import { fromHex, toHex } from '@concordat/wire';
import { flightPreset, gossipPreset, type StreamConfig, withoutKeyPenalty } from './config.ts';
import { decodeConfig, encodeConfig } from './config-codec.ts';
import { configProblems, requireSound } from './soundness.ts';
import { IDENTITY } from './testing/samples.ts';
import { BROADCASTER, createSwarm } from './testing/swarm.ts';

const PRESETS = [gossipPreset(IDENTITY), flightPreset(IDENTITY)];
const GOLDEN =
  '0107070707070707070707070707070707' +
  `${'01'.repeat(32)}${'02'.repeat(32)}` +
  '000003e8000a000a000004e20a000c000400000060000000044028000000000000' +
  '3ff00000000000003fd00000000000003fd66666666666663fb999999999999a' +
  '00000203073ff63d70a3d70a3d';

test('presets are sound, and the same after a journey', () => {
  for (const preset of PRESETS) {
    assert.deepEqual(configProblems(preset), []);
    assert.deepEqual(decodeConfig(encodeConfig(preset)), preset);
  }
});

test('an invite has these bytes, for good', () => {
  assert.equal(toHex(encodeConfig(gossipPreset(IDENTITY))), GOLDEN);
  assert.deepEqual(decodeConfig(fromHex(GOLDEN) ?? new Uint8Array(0)), gossipPreset(IDENTITY));
});

test('bytes that are not what the encoder makes are none', () => {
  const random = createPrng(5, 'configs');
  for (const preset of PRESETS) {
    const bytes = encodeConfig(preset);
    for (let size = 0; size < bytes.length; size++) assert.equal(decodeConfig(bytes.subarray(0, size)), null);
    for (let i = 0; i < 2000; i++) {
      const changed = bytes.slice();
      changed[random.below(bytes.length)] = random.below(256);
      const config = decodeConfig(changed);
      if (config !== null) assert.deepEqual(encodeConfig(config), changed);
    }
  }
});

const refused = (changes: Partial<StreamConfig>, because: RegExp): void => {
  const problems = configProblems(gossipPreset(IDENTITY, changes));
  assert.equal(problems.length, 1, problems.join('\n'));
  assert.match(problems[0] ?? '', because);
};

test('each inequality refuses a config under which it fails, and names itself', () => {
  const { utility, keys, protocol } = gossipPreset(IDENTITY);
  refused(
    { utility: { ...utility, downCost: 0 } },
    /^key-release: sending an answer of 23 bytes \(23\) must be less than/,
  );
  refused(
    { keys: { ...keys, asks: 1, askBytes: 23 } },
    /^key-release: .*receiving 1 more requests of 23 bytes at 0.25/,
  );
  refused({ keys: { ...keys, asks: 1000 } }, /^key-request: /);
  refused({ keys: { ...keys, servesDebtors: true } }, /must not be served/);
  refused({ utility: { ...utility, oldTradeValue: 0.5 } }, /^push-junk: .*\(1875\) must be less than junk/);
  refused(
    { utility: { ...utility, pushUsefulChance: 0.05 } },
    /^push: 1250 bytes given \(1250\) must be less than 0.05 of a worth of 15000/,
  );
  refused({ utility: { ...utility, benefit: 1.8, pushUsefulChance: 1 } }, /^taking-part: /);
  if (protocol.kind === 'gossip')
    refused({ protocol: { ...protocol, youngRounds: 4 } }, /no round is young and old/);
});

test('without pushes, what they would cost does not matter', () => {
  const { utility } = gossipPreset(IDENTITY);
  const protocol = { kind: 'gossip', pushSize: 0, youngRounds: 3, oldRounds: 7, junkFactor: 1 } as const;
  assert.deepEqual(
    configProblems(gossipPreset(IDENTITY, { protocol, utility: { ...utility, pushUsefulChance: 0 } })),
    [],
  );
});

test('the variant that is broken on purpose is refused for each of its faults', () => {
  const problems = configProblems(withoutKeyPenalty(gossipPreset(IDENTITY)));
  assert.equal(problems.length, 3);
  assert.match(problems.join('\n'), /must not be served/);
  assert.match(problems.join('\n'), /as large as what is listed/);
  assert.match(problems.join('\n'), /key-release/);
});

test('sizes that nobody could hold or prove are refused', () => {
  for (const changes of [
    { packetsPerRound: 0, neededPackets: 0 },
    { packetsPerRound: 300, neededPackets: 299 },
    { packetsPerRound: 1024, neededPackets: 1024 },
    { lifetimeRounds: 33 },
    { roundMs: 100 },
    { session: new Uint8Array(15) },
    { packetBytes: 70_000 },
  ])
    assert.notEqual(configProblems(gossipPreset(IDENTITY, changes)).length, 0, JSON.stringify(changes));
});

test('nothing starts under an unsound config, and says why', () => {
  const { keys, utility } = gossipPreset(IDENTITY);
  const changes = { keys: { ...keys, asks: 1 }, utility: { ...utility, downCost: 0.1 } };
  assert.throws(
    () => requireSound(gossipPreset(IDENTITY, changes), false),
    /unsound, and nothing was started. key-release: .*receiving 1 more requests of 96 bytes at 0.1/,
  );
  requireSound(gossipPreset(IDENTITY, changes), true);
  requireSound(gossipPreset(IDENTITY), false);
  const swarm = createSwarm({ seed: 1, peers: 2, config: changes });
  assert.deepEqual(
    [BROADCASTER, ...swarm.ids].filter((id) => swarm.world.isUp(id)),
    [],
  );
});
