/**
 * The daemon of one organisation: identity, journal, links, client port and monitor around the domain process. One
 * operating-system process per organisation; everything it needs is in its directory and the federation file.
 */

import { createHash } from 'node:crypto';
import { userInfo } from 'node:os';
import { KEEPER_DEFAULTS, type KeeperConfig, type KeeperGenesis } from '@concordat/keeper';
import { assert, type NodeId, type Note, type Process } from '@concordat/kernel';
import { type Configuration, configurationOf, primaryOf, type ReplicaState } from '@concordat/replication';
import { decodeContact, hostAndPort } from '@concordat/replication/edge';
import {
  type Address,
  createHost,
  createKeys,
  createLogger,
  createMetrics,
  createSignatures,
  type Host,
  type Journal,
  type Logger,
  type Metrics,
  type NamedIdentity,
  openJournal,
  type PeerAddress,
} from '@concordat/runtime';
import { toHex } from '@concordat/wire';
import { type Federation, type Member, proxiesIn, publicKeysOf } from '../config/federation.ts';
import { type Places, placesIn, readIdentity } from '../config/organisation.ts';
import { createDomain, type DomainMessage, type DomainState, domainCodec } from '../domain/domain.ts';
import { CommandError } from '../errors.ts';
import { genesisOf, replicaConfigOf } from '../governance/genesis.ts';
import { shownCheckpoint } from '../keeper/checkpoint.ts';
import { exportHere } from '../keeper/export-file.ts';
import { firstState } from '../keeper/first-state.ts';
import { type AdminOptions, adminOptions, measuredHere, openAdmin } from './admin/admin.ts';
import { ADMIN_PATH } from './admin/pages.ts';
import { openAuditLog } from './audit-log.ts';
import { createChangesJob } from './changes/changes-job.ts';
import { openSpool } from './changes/spool.ts';
import { type ClientOptions, type Clients, openClients } from './clients/clients.ts';
import { watchClock } from './clock-watch.ts';
import { storeEvidence } from './evidence-files.ts';
import { createGatheringJob } from './gathering-job.ts';
import { createGoverning, governedIn, linkMembers } from './governing.ts';
import { handOver } from './hand-over.ts';
import { createNoteLog } from './note-log.ts';
import { type Desk, type Operations, openOperations } from './operations.ts';
import { openProposals, type ProposalDesk } from './proposals.ts';
import { createStartProgress, type StartProgress } from './start-progress.ts';
import { endpointOf, followStart, statusOf } from './status.ts';

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
  /** The folder where a client's `reconfig` leaves proposals; refused unless told. */
  readonly reconfig?: string;
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
  const clients = openClients(options);
  const logger = (options.logger ?? createLogger()).with({ domain: identity.name });
  const start = createStartProgress(logger, () => performance.now());
  const metrics = createMetrics();
  const opened: { desk: Desk | null; operations: Operations | null } = { desk: null, operations: null };
  const open = async (): Promise<void> => {
    opened.operations = await openOperations({
      places,
      monitor: options.monitor,
      metrics,
      pagesPath: ADMIN_PATH,
      start,
      about: { name: identity.name, pid: process.pid, endpoint: endpointOf(options.clients) },
      desk: () => opened.desk,
      more: (request) => options.control?.(request),
    });
  };
  try {
    // A domain that nobody can watch or ask must not start unnoticed; but the control socket belongs to whom the journal does.
    const journal = await openJournal(places.journal, {
      onLocked: open,
      onReading: (progress) => start.report('reading the journal', progress),
    });
    const setting = { self, identity, places, logger, metrics, start, clients, first, journal };
    const domain = await startDomain(options, setting).catch(async (error: unknown) => {
      await journal.abandon();
      throw error;
    });
    opened.desk = domain.desk;
    const close = async (): Promise<void> => {
      await handOver(domain.host);
      await opened.operations?.close();
      await domain.close();
      opened.operations?.forget();
    };
    return { host: domain.host, reload: domain.reload, halted: domain.host.halted, close };
  } catch (error) {
    await opened.operations?.close();
    opened.operations?.forget();
    throw error;
  }
}

interface Setting {
  readonly self: number;
  readonly identity: NamedIdentity;
  readonly places: Places;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly start: StartProgress;
  readonly clients: Clients;
  readonly first: KeeperGenesis | null;
  readonly journal: Journal;
}

interface Domain {
  readonly host: Daemon['host'];
  readonly desk: Desk;
  reload(): void;
  close(): Promise<void>;
}

/** The domain process on its host, from its journal on. */
async function startDomain(options: DaemonOptions, setting: Setting): Promise<Domain> {
  const { directory, federation } = options;
  const { self, identity, places, logger, metrics, start, clients, first, journal } = setting;
  const started: { host: Daemon['host'] | null } = { host: null };
  const proposals = await takeProposals(options, started, logger);
  const audit = options.auditLog === undefined ? null : await openAuditLog(options.auditLog, logger);
  const keys = createKeys({ self, seed: identity.seed, publicKeys: publicKeysOf(federation) });
  const replica = replicaConfigOf(federation, self);
  const genesis = genesisOf(federation, replica);
  const spool = await openSpool(places.changes, toHex(replica.cluster));
  const governing = createGoverning();
  const admin = adminOptions({ federation, clients: options.clients, journal: places.journal });
  const honest = createDomain({
    replica,
    keys,
    ...(genesis !== null && { governed: governedIn(directory, identity.name, self, genesis) }),
    signatures: createSignatures(),
    sha1,
    ...(first !== null && { genesis: first }),
    ...(spool.end !== null && { kept: spool.end }),
    keeper: keeperConfigOf(federation, replica.heartbeatMs),
    gateway: {
      ...clients.gateway,
      ...gatewayOptions(options),
      ...(proposals !== null && { reconfig: proposals }),
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
    onStarting: (progress) => start.report('restoring the state', progress),
    logger,
    metrics,
  });
  started.host = host;
  audit?.write(`user=${userInfo().username}\toperation=serverStart\tresult=success`);
  link();
  const gathering = createGatheringJob(host.state, identity.name, places);
  const changes = createChangesJob(host, spool, logger);
  const endFollowing = followStart(start, host);
  const watch = watchClock(host, () => host.state.replica.execution.core.time.get());
  const close = async (): Promise<void> => {
    watch.close();
    endFollowing();
    await gathering.close();
    await host.close();
    await changes.close();
    await proposals?.close();
    audit?.write(`user=${userInfo().username}\toperation=serverStop\tresult=success`);
    await audit?.close();
  };
  const desk = {
    status: () => statusOf(host, federation, self, options.clients, places.evidence, start.status),
    answer: (request: string): unknown => {
      if (request === 'checkpoint') return shownCheckpoint(host.state.replica);
      if (request === 'export') return exportHere(host.state, places);
      return gathering.answer(request) ?? changes.answer(request) ?? governing.answer(host, request);
    },
    pages: openAdmin(host, metrics, admin),
  };
  return { host, desk, reload: () => clients.reload(logger), close };
}

/** What takes `reconfig` of clients, if anything does. */
async function takeProposals(
  { reconfig: directory }: DaemonOptions,
  started: { readonly host: Daemon['host'] | null },
  logger: Logger,
): Promise<ProposalDesk | null> {
  if (directory === undefined) return null;
  const present = (): Configuration => {
    assert(started.host !== null, 'clients come when all is started');
    return configurationOf(started.host.state.replica);
  };
  return openProposals({ directory, present, logger });
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
  ...(federation.sweepMs !== undefined && { sweepMs: federation.sweepMs }),
  membership: membershipOf(0, federation.members.entries()),
  membershipIn: ({ epoch, members }) =>
    membershipOf(
      epoch,
      members.map(({ id, contact }) => [id, { address: decodeContact(contact)?.address ?? '' }] as const),
    ),
});

/**
 * As ZooKeeper shows a configuration, with the addresses that there are here: those of links between members. Elections have no
 * port, which is told as 0: clients that follow it (Curator) refuse one port alone, and two that are equal. Where clients
 * connect is each domain's own business, so that part is left out: they then stay with the addresses that they have.
 */
const membershipOf = (
  epoch: number,
  members: Iterable<readonly [id: NodeId, member: Pick<Member, 'address'>]>,
): string =>
  [
    ...Array.from(members, ([id, { address }]) => `server.${id}=${address}:0:participant`),
    `version=${epoch.toString(16)}`,
  ].join('\n');

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
