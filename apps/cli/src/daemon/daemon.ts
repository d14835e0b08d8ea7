/**
 * The daemon of one organisation: identity, journal, links, client port and monitor around the domain process. One
 * operating-system process per organisation; everything it needs is in its directory and the federation file.
 */

import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { KEEPER_DEFAULTS, type KeeperConfig } from '@concordat/keeper';
import type { NodeId, Note, Process } from '@concordat/kernel';
import { primaryOf, type ReplicaState } from '@concordat/replication';
import { hostAndPort } from '@concordat/replication/edge';
import {
  type Address,
  createHost,
  createKeys,
  createLogger,
  createMetrics,
  createSignatures,
  type Host,
  type Logger,
  type Metrics,
  type NamedIdentity,
  openJournal,
  type Pages,
  type PeerAddress,
  startMonitor,
} from '@concordat/runtime';
import { type Federation, proxiesIn, publicKeysOf } from '../config/federation.ts';
import { placesIn, readIdentity } from '../config/organisation.ts';
import { createDomain, type DomainMessage, type DomainState, domainCodec } from '../domain/domain.ts';
import { CommandError } from '../errors.ts';
import { genesisOf, replicaConfigOf } from '../governance/genesis.ts';
import { shownCheckpoint } from '../keeper/checkpoint.ts';
import { exportHere } from '../keeper/export-file.ts';
import { firstState } from '../keeper/first-state.ts';
import { type AdminOptions, adminOptions, measuredHere, openAdmin } from './admin/admin.ts';
import { openAuditLog } from './audit-log.ts';
import { type ClientOptions, openClients } from './clients/clients.ts';
import { watchClock } from './clock-watch.ts';
import { startControl } from './control.ts';
import { storeEvidence } from './evidence-files.ts';
import { createGatheringJob } from './gathering-job.ts';
import { createGoverning, governedIn, linkMembers } from './governing.ts';
import { createNoteLog } from './note-log.ts';
import { type DomainStatus, statusOf } from './status.ts';

export interface DaemonOptions extends ClientOptions {
  readonly directory: string;
  readonly federation: Federation;
  /** Where operators read metrics and health. */
  readonly monitor: { readonly host: string; readonly port: number };
  /** `user:base64(sha1(user:password))` of the domain's super user, or null. */
  readonly superDigest: string | null;
  /** The four-letter words that clients may use; all unless told. */
  readonly words?: ReadonlySet<string>;
  /** Serve clients that ask for old data while the others cannot be reached; not unless told. */
  readonly readOnlyMode?: boolean;
  /** Where the audit log goes; there is none unless told. */
  readonly auditLog?: string;
  readonly logger?: Logger;
  /** The place of a daemon that is to join a federation whose file does not name it. */
  readonly joins?: { readonly id: NodeId; readonly address: string };
  /** Wraps the process: only demonstrations do, to attack. */
  readonly wrap?: (honest: Process<DomainState, DomainMessage>) => Process<DomainState, DomainMessage>;
  /** Answers control requests that the daemon itself does not know. */
  readonly control?: (request: string) => unknown;
}

export interface Daemon {
  readonly host: Host<DomainState, DomainMessage>;
  /** Reads certificates, keys and users again, and says in the log whether they are in force now. */
  reload(): void;
  /** Resolves with the error when it halts, or null after `close`. */
  readonly halted: Promise<Error | null>;
  close(): Promise<void>;
}

export const VERSION = '3.8.0-concordat';
export const BUILT_ON = '11/20/2026 00:00 UTC';

export const sha1 = (bytes: Uint8Array): Uint8Array =>
  new Uint8Array(createHash('sha1').update(bytes).digest());

/** What the operator has a say in. */
const gatewayOptions = ({ superDigest, words, auditLog, readOnlyMode = false }: DaemonOptions) => ({
  superDigest,
  readOnlyMode,
  ...(words && { words }),
  ...(auditLog !== undefined && { audit: { user: userInfo().username } }),
});

/** Which member of the federation this identity is. */
function memberIndex({ federation, directory, joins }: DaemonOptions, identity: NamedIdentity): number {
  const self = federation.members.findIndex(({ pin }) => pin === identity.pin);
  if (self >= 0) return self;
  if (joins !== undefined && federation.members[joins.id] === undefined) return joins.id;
  const names = federation.members.map(({ name }) => name).join(', ');
  throw new CommandError(
    'not-a-member',
    `the identity in ${directory} (${identity.name}) is not in the federation of ${names}`,
    'Add its card, as printed by concordat init, to the federation file of every member; to one that is running already, use concordat serve --joins-as.',
  );
}

export async function startDaemon(options: DaemonOptions): Promise<Daemon> {
  const { directory, federation } = options;
  const places = placesIn(directory);
  const identity = readIdentity(directory);
  const self = memberIndex(options, identity);
  const first = firstState(federation, directory);
  const logger = (options.logger ?? createLogger()).with({ domain: identity.name });
  const metrics = createMetrics();
  const clients = openClients(options);
  const journal = await openJournal(places.journal);
  const audit = options.auditLog === undefined ? null : await openAuditLog(options.auditLog, logger);
  const keys = createKeys({ self, seed: identity.seed, publicKeys: publicKeysOf(federation) });
  const replica = replicaConfigOf(federation, self);
  const genesis = genesisOf(federation, replica);
  const governing = createGoverning();
  const started: { host: Daemon['host'] | null } = { host: null };
  const admin = adminOptions({ federation, clients: options.clients, journal: places.journal });
  const honest = createDomain({
    replica,
    keys,
    ...(genesis !== null && { governed: governedIn(directory, identity.name, self, genesis) }),
    signatures: createSignatures(),
    sha1,
    ...(first !== null && { genesis: first }),
    keeper: keeperConfigOf(federation, replica.heartbeatMs),
    gateway: {
      ...clients.gateway,
      ...gatewayOptions(options),
      info: (replica) => serverInfo(replica, started.host, admin),
    },
  });
  const peers = peersOf(federation, self);
  const link = (): void => {
    if (started.host !== null && genesis !== null)
      linkMembers(started.host, (id) => peers.get(id) ?? null, logger);
  };
  const noteLog = createNoteLog(logger, () => performance.now());
  const onNote = (note: Note): void => {
    if (note.kind === 'audit') return audit?.write(`${note['line']}`);
    governing.onNote(note);
    // Within a turn: the links are for what follows it.
    if (note.kind === 'epoch') setImmediate(link);
    if (note.kind === 'evidence') storeEvidence(places.evidence, note, logger);
    else noteLog(note);
  };
  const host = await createHost({
    self,
    process: options.wrap?.(honest) ?? honest,
    codec: domainCodec,
    keys,
    journal,
    members: { self, listen: listenAddress(options, self), tls: identity.tls, peers },
    listeners: clients.listeners,
    onNote,
    logger,
    metrics,
  });
  started.host = host;
  audit?.write(`user=${userInfo().username}\toperation=serverStart\tresult=success`);
  link();
  const status = () => statusOf(host, federation, self, options.clients, places.evidence);
  const gathering = createGatheringJob(host.state, identity.name, places);
  const answer = (request: string): unknown => {
    if (request === 'checkpoint') return shownCheckpoint(host.state.replica);
    if (request === 'export') return exportHere(host.state, places);
    return gathering.answer(request) ?? governing.answer(host, request);
  };
  try {
    const operations = { metrics, pages: openAdmin(host, metrics, admin), status };
    const closeOperations = await openOperations(options, operations, answer);
    const watch = watchClock(host, () => host.state.replica.execution.core.time.get());
    const close = async (): Promise<void> => {
      watch.close();
      await closeOperations();
      await gathering.close();
      await host.close();
      audit?.write(`user=${userInfo().username}\toperation=serverStop\tresult=success`);
      await audit?.close();
      rmSync(places.pid, { force: true });
    };
    return { host, reload: () => clients.reload(logger), halted: host.halted, close };
  } catch (error) {
    // A domain that nobody can watch or ask must not serve on unnoticed.
    await host.close();
    throw error;
  }
}

interface Operations {
  readonly metrics: Metrics;
  readonly pages: Pages;
  readonly status: () => DomainStatus;
}

/** Opens what operators use: monitor, control socket, pid file; resolves with what closes the first two. */
async function openOperations(
  { directory, monitor: listen, control: more }: DaemonOptions,
  { metrics, pages, status }: Operations,
  answer: (request: string) => unknown,
): Promise<() => Promise<void>> {
  const places = placesIn(directory);
  const monitor = await startMonitor({
    listen,
    metrics,
    pages,
    unhealthy: () => null,
    unready: () => (status().isServing ? null : 'no recent ordered batch'),
  });
  try {
    const control = await startControl(places.control, (request) =>
      request === 'status' ? status() : (answer(request) ?? more?.(request)),
    );
    writeFileSync(places.pid, `${process.pid}\n`, { mode: 0o600 });
    return async () => void (await Promise.all([control.close(), monitor.close()]));
  } catch (error) {
    await monitor.close();
    throw error;
  }
}

/** Members listen where the others call them. */
const listenAddress = ({ federation, joins }: DaemonOptions, self: number): Address =>
  hostAndPort(federation.members[self]?.address ?? joins?.address ?? '');

function peersOf(federation: Federation, self: number): Map<NodeId, PeerAddress> {
  const peers = new Map<NodeId, PeerAddress>();
  for (const [id, { address, pin }] of federation.members.entries()) {
    if (id !== self) peers.set(id, { ...hostAndPort(address), pin });
  }
  // They call: nobody knows where they are.
  for (const [id, { pin }] of proxiesIn(federation)) peers.set(id, { host: '', port: 0, pin });
  return peers;
}

/** What all who execute agree on. */
export const keeperConfigOf = (federation: Federation, heartbeatMs: number): KeeperConfig => ({
  ...KEEPER_DEFAULTS,
  names: federation.members.map(({ name }) => name),
  heartbeatMs,
  membership: federation.members.map(({ address }, i) => `server.${i}=${address}`).join('\n'),
});

function serverInfo(replica: ReplicaState, host: Daemon['host'] | null, admin: AdminOptions) {
  const isPrimary = primaryOf(replica.config.members, replica.view) === replica.config.self;
  return {
    version: VERSION,
    builtOn: BUILT_ON,
    mode: isPrimary ? 'leader' : 'follower',
    clientPort: admin.clients.port,
    ...measuredHere(replica, host, admin),
    metrics: {
      view: replica.view,
      executed_slot: replica.execution.executed,
      stable_slot: replica.stable.slot,
    },
  };
}
