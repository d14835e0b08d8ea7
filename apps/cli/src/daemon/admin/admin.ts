/** ZooKeeper's interface for operators, put together: figures for its words and metrics, facts for its commands. */

import { type AdminFacts, figuresOf, type ServerInfo } from '@concordat/keeper';
import type { ReplicaState } from '@concordat/replication';
import type { Host, Metrics, Pages } from '@concordat/runtime';
import type { Federation } from '../../config/federation.ts';
import type { DomainMessage, DomainState } from '../../domain/domain.ts';
import { isServing } from '../status.ts';
import { ensembleOf, federationFigures } from './ensemble.ts';
import { processMetrics, zookeeperMetrics } from './exports.ts';
import { bytesIn, environment, fileDescriptors, properties } from './machine.ts';
import { adminPages } from './pages.ts';

type DomainHost = Host<DomainState, DomainMessage>;

export interface AdminOptions {
  readonly federation: Federation;
  readonly clients: { readonly host: string; readonly port: number };
  readonly journal: string;
  readonly files: typeof fileDescriptors;
  readonly diskBytes: () => number;
}

/** Once per daemon: any client may ask for these figures by a word, as often as it likes. */
export const adminOptions = (
  options: Pick<AdminOptions, 'federation' | 'clients' | 'journal'>,
): AdminOptions => ({
  ...options,
  files: remembered(fileDescriptors),
  diskBytes: remembered(() => bytesIn(options.journal)),
});

const REMEMBERED_MS = 1000;

/** What costs system calls is read at most once a second. */
export function remembered<T>(read: () => T, now: () => number = () => performance.now()): () => T {
  let last: { readonly value: T; readonly at: number } | null = null;
  return () => {
    if (last === null || now() - last.at >= REMEMBERED_MS) last = { value: read(), at: now() };
    return last.value;
  };
}

/** What words and metrics tell beyond the gateway's own; `host` is null before there is one. */
export function measuredHere(
  replica: ReplicaState,
  host: DomainHost | null,
  { federation, files, diskBytes }: AdminOptions,
): Required<Pick<ServerInfo, 'figures' | 'diskBytes'>> {
  const ensemble = () => ensembleOf(replica, federation, host !== null && isServing(host));
  return {
    figures: () => {
      const counts = files();
      return {
        ...federationFigures(replica, ensemble(), host?.linked.length ?? 0),
        ...(counts && { open_file_descriptor_count: counts.open, max_file_descriptor_count: counts.max }),
      };
    },
    diskBytes,
  };
}

/** Adds ZooKeeper's names to the metrics, and returns the pages of its commands. */
export function openAdmin(host: DomainHost, metrics: Metrics, options: AdminOptions): Pages {
  // The same families that the host records in.
  const syncs = metrics.histogram('concordat_sync_seconds', 'Duration of journal syncs.', 1e-6);
  const noted = (kind: string) => metrics.counter('concordat_notes_total', 'Notes, by kind.', { kind });
  const slow = noted('slow-sync');
  const failedHandshakes = noted('handshake-failed');
  metrics.measured(() => [
    ...zookeeperMetrics(figuresOf(host.state.clients, Date.now()), syncs, failedHandshakes.value),
    ...processMetrics(),
  ]);
  const facts = (): AdminFacts => ({
    environment: environment(),
    properties: properties(),
    clientAddress: `${options.clients.host}:${options.clients.port}`,
    dataDirectory: options.journal,
    slowSyncs: slow.value,
    isServing: isServing(host),
    ensemble: ensembleOf(host.state.replica, options.federation, isServing(host)),
  });
  return adminPages(host, facts);
}
