/** A federation of one member with a real daemon, on ports of this machine: what most tests of daemons need. */

import { setTimeout as sleep } from 'node:timers/promises';
import { connectLive, type LiveClient } from '@concordat/keeper/edge';
import { createLogger, freePort } from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { type Federation, formatFederation, type Member, parseFederation } from '../config/federation.ts';
import { initialise } from '../config/organisation.ts';
import { type Daemon, type DaemonOptions, startDaemon } from '../daemon/daemon.ts';

export const HERE = '127.0.0.1';
const ANYWHERE = { host: HERE, port: 0 };
const DEADLINE_MS = 30_000;

/** Makes its directory. */
export async function makeMember(directory: string, name = 'alpha'): Promise<Member> {
  const { publicKey, pin } = await initialise(directory, name);
  return { name, address: `${HERE}:${await freePort()}`, key: toHex(publicKey), pin };
}

/** @param first digest of the state that it begins with */
export const federationOf = (member: Member, first?: string): Federation =>
  parseFederation(formatFederation(0, 0, [member], { import: first }), 'federation.yaml');

export const startAlone = (
  directory: string,
  federation: Federation,
  more: Partial<DaemonOptions> = {},
): Promise<Daemon> =>
  startDaemon({
    ...{ directory, federation, clients: ANYWHERE, monitor: ANYWHERE, superDigest: null },
    logger: createLogger({ level: 'error' }),
    ...more,
  });

export const clientPortOf = ({ host }: Daemon): number => host.addresses.get('clients')?.port ?? 0;

/** A session, as soon as the daemon serves. */
export async function clientOf(daemon: Daemon): Promise<LiveClient> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const client = await connectLive({ host: HERE, port: clientPortOf(daemon) }).catch(() => null);
    if (client !== null) return client;
    if (Date.now() >= end) throw new Error('the daemon serves nobody');
    await sleep(50);
  }
}
