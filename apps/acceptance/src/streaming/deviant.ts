/**
 * A peer that does not follow the protocol, as a process of its own: `deviant.js INVITE NAME`. What it plays it throws away.
 * Daemons cannot be told to deviate; this program exists for trials alone.
 */

import { createLogger, createMetrics } from '@concordat/runtime';
import { deviationNamed } from '@concordat/streaming/deviations';
import { decodeInvite, makeIdentity, startPeer } from '@concordat/streaming/edge';

const [line = '', name = ''] = process.argv.slice(2);
const invite = decodeInvite(line);
const deviation = deviationNamed(name);
if (typeof invite === 'string' || deviation === null) {
  process.stderr.write(`${typeof invite === 'string' ? invite : `no deviation ${name}`}\n`);
  process.exit(2);
}
const abort = new AbortController();
const peer = await startPeer({
  invite,
  self: makeIdentity(name),
  listen: { host: '127.0.0.1', port: 0 },
  conduct: deviation.make(1).conduct,
  play: () => {},
  onStep: () => {},
  logger: createLogger({ level: 'error' }),
  metrics: createMetrics(),
  signal: abort.signal,
});
process.stdout.write(`joined as ${peer.id}\n`);
process.once('SIGTERM', () => void peer.close().then(() => process.exit(0)));
await peer.gone;
