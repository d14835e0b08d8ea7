/**
 * A proxy beside an application: its identity and journal in a directory of its own, links to all organisations, the clients'
 * port. It calls members and listens for none; who it is they know by its certificate, if they have admitted it.
 */

import { rmSync, writeFileSync } from 'node:fs';
import { isServing } from '@concordat/keeper';
import type { NodeId, Note } from '@concordat/kernel';
import { configurationsNear, exposedEnd, type LearnerState, learnerConfig } from '@concordat/replication';
import { createMemoryKeyring, governedBy, hostAndPort, linkAll, nameIn } from '@concordat/replication/edge';
import {
  createHost,
  createKeys,
  createLogger,
  createMetrics,
  createSignatures,
  type Host,
  type Logger,
  type NamedIdentity,
  openJournal,
  type PeerAddress,
  startMonitor,
} from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { type Federation, proxiesIn, publicKeysOf } from '../config/federation.ts';
import { placesIn, readIdentity } from '../config/organisation.ts';
import { type ClientOptions, openClients } from '../daemon/clients/clients.ts';
import { watchClock } from '../daemon/clock-watch.ts';
import { startControl } from '../daemon/control.ts';
import { BUILT_ON, keeperConfigOf, sha1, VERSION } from '../daemon/daemon.ts';
import { handOver } from '../daemon/hand-over.ts';
import { createNoteLog } from '../daemon/note-log.ts';
import { type DomainMessage, domainCodec } from '../domain/domain.ts';
import { CommandError } from '../errors.ts';
import { genesisOf, replicaConfigOf } from '../governance/genesis.ts';
import { firstState } from '../keeper/first-state.ts';
import { createProxy, type ProxyState } from './proxy.ts';

export interface SidecarOptions extends ClientOptions {
  readonly directory: string;
  readonly federation: Federation;
  /** Its domain, where the federation admitted it while it ran; otherwise the file names it. */
  readonly admittedAs?: number;
  readonly monitor: { readonly host: string; readonly port: number };
  readonly words?: ReadonlySet<string>;
  readonly logger?: Logger;
}

type ProxyHost = Host<ProxyState, DomainMessage>;

export interface Sidecar {
  readonly host: ProxyHost;
  status(): SidecarStatus;
  reload(): void;
  /** Resolves with the error when it halts, or null after `close`. */
  readonly halted: Promise<Error | null>;
  close(): Promise<void>;
}

export interface SidecarStatus {
  readonly name: string;
  readonly domain: number;
  readonly pid: number;
  readonly endpoint: string;
  readonly epoch: number;
  readonly executed: number;
  /** Milliseconds since the ordered time of the last batch that it shows. */
  readonly behindMs: number;
  readonly isServing: boolean;
  readonly linked: readonly string[];
  /** So many organisations must say the same. */
  readonly needed: number;
  readonly connections: number;
}

/** Which domain this identity is. */
function domainOf({ federation, admittedAs, directory }: SidecarOptions, identity: NamedIdentity): NodeId {
  if (admittedAs !== undefined) return admittedAs;
  const key = toHex(identity.publicKey);
  for (const [id, card] of proxiesIn(federation)) if (card.key === key) return id;
  throw new CommandError(
    'not-admitted',
    `the proxy in ${directory} (${identity.name}) is not in the federation file`,
    'Have it admitted with concordat federation propose --admit, and start it with --admitted-as and the number of its domain.',
  );
}

export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { directory, federation } = options;
  const places = placesIn(directory);
  const identity = readIdentity(directory, 'concordat keeper proxy init');
  const self = domainOf(options, identity);
  const first = firstState(federation, directory);
  const logger = (options.logger ?? createLogger()).with({ proxy: identity.name });
  const metrics = createMetrics();
  const clients = openClients(options);
  const journal = await openJournal(places.journal);
  const order = replicaConfigOf(federation, 0);
  const genesis = genesisOf(federation, order);
  const governed = genesis && governedBy(genesis, self, createMemoryKeyring(identity));
  const keys = createKeys({ self, seed: identity.seed, publicKeys: publicKeysOf(federation) });
  const started: { host: ProxyHost | null } = { host: null };
  const noteLog = createNoteLog(logger, () => performance.now());
  const reach = createReach(logger);
  const look = (): void => void (started.host !== null && reach(started.host));
  const link = (): void => {
    if (started.host !== null) followFederation(started.host, federation, logger);
    look();
  };
  const onNote = (note: Note): void => {
    // Within a turn: links are for what follows it.
    if (note.kind === 'epoch') setImmediate(link);
    if (note.kind === 'link-up' || note.kind === 'link-down') setImmediate(look);
    noteLog(note);
  };
  const host = await createHost({
    self,
    process: createProxy({
      learner: learnerConfig(order, { self, domain: self, ...(governed && { governed }) }),
      keys,
      signatures: createSignatures(),
      sha1,
      ...(first !== null && { genesis: first }),
      keeper: keeperConfigOf(federation, order.heartbeatMs),
      gateway: {
        ...clients.gateway,
        superDigest: null,
        ...(options.words && { words: options.words }),
        info: (learner) => serverInfo(learner, options.clients.port),
      },
    }),
    codec: domainCodec,
    keys,
    journal,
    members: { self, listen: null, tls: identity.tls, peers: addressesIn(federation) },
    listeners: clients.listeners,
    onNote,
    logger,
    metrics,
  });
  started.host = host;
  if (genesis !== null) followFederation(host, federation, logger);
  const status = () => statusOf(host, federation, identity.name, options.clients);
  try {
    const monitor = await startMonitor({
      listen: options.monitor,
      metrics,
      unhealthy: () => null,
      unready: () => (status().isServing ? null : `${status().linked.length} organisations are linked`),
    });
    const control = await startControl(places.control, (request) =>
      request === 'status' ? status() : undefined,
    ).catch(async (error: unknown) => {
      await monitor.close();
      throw error;
    });
    writeFileSync(places.pid, `${process.pid}\n`, { mode: 0o600 });
    const watch = watchClock(host, () => host.state.learner.execution.core.time.get());
    const close = async (): Promise<void> => {
      await handOver(host);
      watch.close();
      started.host = null;
      await Promise.all([control.close(), monitor.close()]);
      await host.close();
      rmSync(places.pid, { force: true });
    };
    return { host, status, reload: () => clients.reload(logger), halted: host.halted, close };
  } catch (error) {
    await host.close();
    throw error;
  }
}

const addressesIn = (federation: Federation): Map<NodeId, PeerAddress> =>
  new Map(federation.members.map(({ address, pin }, id) => [id, { ...hostAndPort(address), pin }]));

/** Calls the members of the present configuration, and those of the ones before whose log it still needs. */
function followFederation(host: ProxyHost, federation: Federation, logger: Logger): void {
  const addresses = addressesIn(federation);
  linkAll(
    host,
    configurationsNear(host.state.learner),
    null,
    (id) => addresses.get(id) ?? null,
    (member, why) => logger.error('cannot-link', { member, why }),
  );
}

/** Says once when too few organisations are linked to vouch for anything, and once when that is over. */
function createReach(logger: Logger): (host: ProxyHost) => void {
  let isShort = false;
  return (host) => {
    const { members, quorums } = host.state.learner.config;
    const linked = host.linked.filter((id) => members.includes(id)).length;
    const needed = quorums.vouching;
    if (isShort === linked < needed) return;
    isShort = !isShort;
    if (isShort) logger.warn('too-few-organisations', { linked, needed });
    else logger.info('enough-organisations', { linked, needed });
  };
}

function serverInfo(learner: LearnerState, clientPort: number) {
  return {
    version: VERSION,
    builtOn: BUILT_ON,
    mode: 'observer',
    clientPort,
    metrics: { executed_slot: exposedEnd(learner), stable_slot: learner.certified.slot },
  };
}

function statusOf(
  { state, linked }: ProxyHost,
  federation: Federation,
  name: string,
  at: { readonly host: string; readonly port: number },
): SidecarStatus {
  const { learner, clients } = state;
  const { config, execution } = learner;
  const present = configurationsNear(learner).at(-1);
  const nameOf = (id: NodeId): string =>
    federation.members[id]?.name ?? (present === undefined ? `${id}` : nameIn(present, id));
  return {
    name,
    domain: config.self,
    pid: process.pid,
    endpoint: `${at.host}:${at.port}`,
    epoch: config.epoch,
    executed: exposedEnd(learner),
    behindMs: Math.max(0, Date.now() - execution.core.time.get()),
    isServing: isServing(clients, Date.now()),
    linked: linked.map(nameOf),
    needed: config.quorums.vouching,
    connections: clients.connections.size,
  };
}
