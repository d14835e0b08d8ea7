/** The client ports that keeper commands ask: those given, or those of the daemons below a directory. */

import { connectLive, type LiveClient } from '@concordat/keeper/edge';
import { hostAndPort } from '@concordat/replication/edge';
import { utf8 } from '@concordat/wire';
import { shownStart } from '../daemon/start-progress.ts';
import { federationStatus } from '../daemon/statuses.ts';
import { CommandError, messageOf } from '../errors.ts';

export interface Endpoint {
  /** The domain's name where it is known, else the address. */
  readonly name: string;
  readonly host: string;
  readonly port: number;
}

export async function endpointsFrom(given: readonly string[], data: string): Promise<Endpoint[]> {
  if (given.length > 0) return given.map((text) => ({ name: text, ...endpointIn(text) }));
  const { domains } = await federationStatus(data);
  return domains.map((domain) => {
    if ('down' in domain) throw new CommandError('not-running', `${domain.name} is down: ${domain.down}`);
    // Daemons of former versions do not say.
    if (domain.starting)
      throw new CommandError('starting', `${domain.name} is still starting: ${shownStart(domain.starting)}`);
    return { name: domain.name, ...endpointIn(domain.endpoint) };
  });
}

function endpointIn(text: string): { readonly host: string; readonly port: number } {
  const { host, port } = hostAndPort(text);
  if (host !== '' && Number.isInteger(port) && port > 0 && port < 65_536) return { host, port };
  throw new CommandError('bad-endpoint', `${text} is no HOST:PORT`);
}

/** Sessions at all of them, with the same credentials such as `digest:user:password`. */
export async function connectAll(
  endpoints: readonly Endpoint[],
  credentials: readonly string[],
): Promise<LiveClient[]> {
  const auth = credentials.map((text) => {
    const [scheme = '', ...rest] = text.split(':');
    return { scheme, credential: utf8(rest.join(':')) };
  });
  const opened = await Promise.allSettled(
    endpoints.map(({ host, port }) => connectLive({ host, port, auth })),
  );
  const clients = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed === undefined) return clients;
  await Promise.all(clients.map((client) => client.close()));
  throw new CommandError('no-session', messageOf(failed.reason));
}
