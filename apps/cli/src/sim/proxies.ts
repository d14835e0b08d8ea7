/**
 * Proxies in the keeper's swarm: learners with gateways, fed by organisations of which some lie. They crash and come back
 * on top of all faults within the budget: a proxy is no member, and its failures are nobody's.
 */

import { createModelKeys, modelHash, modelSignatures } from '@concordat/crypto';
import { GATEWAY_LIMITS, sha1 } from '@concordat/keeper';
import { assert, FIRST_ASSOCIATE, type NodeId } from '@concordat/kernel';
import { type LearnerConfig, learnerConfig, replicaConfig } from '@concordat/replication';
import { randomClock, randomDisk, type SweepSetting, type World } from '@concordat/sim';
import { utf8 } from '@concordat/wire';
import { createProxy } from '../proxy/proxy.ts';
import { swarmCodec } from './codec.ts';
import type { KeeperSetting } from './configuration.ts';
import { type ExposedLog, watched } from './exposure.ts';

export const CLUSTER = modelHash(utf8('keeper swarm'));

const proxyIds = (count = 0): NodeId[] => Array.from({ length: count }, (_, i) => FIRST_ASSOCIATE + i);

/**
 * The same federation, which has admitted so many proxies. Two at least: a client tells its connections apart by whom they lead
 * to, and one that left its only gateway for the same would take the end of the old one for that of the new, for ever.
 */
export function withProxies(setting: KeeperSetting, proxies: number): KeeperSetting {
  if (proxies === 0) return setting;
  assert(proxies > 1, 'clients have another proxy to go to');
  return { ...setting, proxies, replica: { ...setting.replica, associates: proxyIds(proxies) } };
}

/** Keys of members, and of proxies where there are some. */
export const keysOf = ({ members, proxies = 0 }: KeeperSetting, seed: number) =>
  createModelKeys(proxies === 0 ? members : FIRST_ASSOCIATE + proxies, seed);

/** Adds the proxies of a setting. `spoil` takes a rule away from what they go by. */
export function addProxies(
  { seed, config, random, horizonMs }: SweepSetting<KeeperSetting>,
  world: World,
  log: ExposedLog,
  spoil: (config: LearnerConfig) => LearnerConfig,
): NodeId[] {
  const ids = proxyIds(config.proxies);
  const order = replicaConfig({ self: 0, cluster: CLUSTER, faults: config.faults, ...config.replica });
  for (const id of ids) {
    const keys = keysOf(config, seed)(id);
    const proxy = createProxy({
      learner: spoil(learnerConfig(order, { self: id, domain: id })),
      keys,
      signatures: modelSignatures,
      sha1,
      keeper: config.keeper,
      gateway: {
        limits: GATEWAY_LIMITS,
        superDigest: null,
        addressOf: () => '192.0.2.1',
        info: () => ({ version: 'swarm', builtOn: '', mode: 'observer', clientPort: 0, metrics: {} }),
      },
    });
    const drawn = random.fork(`proxy ${id}`);
    world.add({
      id,
      process: watched(proxy, log, id, () => world.now),
      codec: swarmCodec,
      verify: ({ signer, bytes, signature }) => keys.verify(signer, bytes, signature),
      disk: randomDisk(drawn),
      clock: randomClock(drawn),
    });
    const at = drawn.below(Math.max(1, horizonMs - 1000));
    world.schedule(at, () => world.crash(id));
    world.schedule(at + 200 + drawn.below(1500), () => world.restart(id));
  }
  return ids;
}
