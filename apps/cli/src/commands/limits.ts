/** `--limit` of `concordat serve`: limits of a gateway, by the names that ZooKeeper's operators know. */

import { GATEWAY_LIMITS, type GatewayLimits, problemOf } from '@concordat/keeper';
import { CommandError } from '../errors.ts';

/** The first ones are ZooKeeper's, whose meaning they have; the others are ours. */
export const LIMIT_NAMES: Readonly<Record<string, keyof GatewayLimits>> = {
  maxClientCnxns: 'maxPerAddress',
  maxCnxns: 'maxConnections',
  'nio.sessionlessCnxnTimeout': 'handshakeMs',
  'jute.maxbuffer': 'maxFrameBytes',
  largeRequestThreshold: 'largeRequestBytes',
  largeRequestMaxBytes: 'maxLargeBytes',
  globalOutstandingLimit: 'globalRequests',
  requestThrottleLimit: 'orderedRequests',
  throttledOpWaitTime: 'throttledOpMs',
  globalOutstandingBytes: 'globalBytes',
  sessionOutstandingLimit: 'sessionRequests',
  sessionOutstandingBytes: 'sessionBytes',
  maxHandshakes: 'maxHandshakes',
  maxAttaching: 'maxAttaching',
  maxReplyBytes: 'maxReplyBytes',
  unreadBytes: 'unreadBytes',
  maxUnreadBytes: 'maxUnreadBytes',
  maxAllUnreadBytes: 'maxAllUnreadBytes',
  maxWatches: 'maxWatches',
};

/** The defaults, but for those that `settings` of the form `name=number` name. */
export function limitsIn(settings: readonly string[]): GatewayLimits {
  const changed: Partial<Record<keyof GatewayLimits, number>> = {};
  for (const setting of settings) {
    const [, name = '', value = ''] = /^([\w.]+)=(-1|\d{1,15})$/.exec(setting) ?? [];
    const limit = Object.hasOwn(LIMIT_NAMES, name) ? LIMIT_NAMES[name] : undefined;
    // Of ZooKeeper's numbers one may be -1, which means that there is no such limit.
    if (limit === undefined || (value === '-1' && limit !== 'largeRequestBytes'))
      throw new CommandError(
        'bad-limit',
        `--limit: ${setting} is no limit`,
        `There are ${Object.keys(LIMIT_NAMES).join(', ')}, each with a natural number.`,
      );
    changed[limit] = Number(value);
  }
  const limits = { ...GATEWAY_LIMITS, ...changed };
  const problem = problemOf(limits);
  if (problem !== null) throw new CommandError('bad-limit', `--limit: ${problem}`);
  return limits;
}
