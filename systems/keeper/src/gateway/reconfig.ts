/**
 * reconfig (opcode 16), where the member's operator has allowed it. A client cannot change who is in the federation: what it
 * asks for becomes a proposal that lies with this member, for administrators to approve or not (DESIGN section 9, rule
 * 12). So nothing of it is ordered here, and it is ReconfigInProgress until the configuration is the one asked for: whoever
 * asks again until it is OK knows when it is in force. Syntax, checks and their order are those of ZooKeeper's
 * PrepRequestProcessor and QuorumPeer.
 */

import { type Env, MAX_MEMBERS } from '@concordat/kernel';
import { ErrorCode, OpCode, Perms } from '../jute/protocol.ts';
import { createJuteReader, type JuteReader, type Long } from '../jute/reader.ts';
import { writeReplyHeader } from '../jute/responses.ts';
import { isPermitted } from '../tree/acl.ts';
import { CONFIG_PATH } from '../tree/paths.ts';
import { answerPath } from '../tree/reads.ts';
import { auditOfRequest } from './audit.ts';
import { answers, principalOf, sendFrame, sendHeader } from './connection.ts';
import type { GatewayMessage } from './message.ts';
import type { Connection, GatewayState, QueuedRequest } from './state.ts';

/** `server.ID=HOST:PORT:ELECTION-PORT[:ROLE][;[CLIENT-HOST:]CLIENT-PORT]`, of which members have one address. */
export interface NamedServer {
  readonly id: number;
  /** `HOST:PORT`. */
  readonly address: string;
  readonly isObserver: boolean;
}

/** joins and leaves are changes; with `members` these are all that there are to be, and the others mean nothing. */
export interface WishedServers {
  readonly joins: readonly NamedServer[];
  readonly leaves: readonly number[];
  readonly members: readonly NamedServer[] | null;
}

/** Who keeps proposals. Called within a turn: what has to be read was read before, and what is written is written after it. */
export interface Proposals {
  /** The number of the present configuration. */
  epoch(): number;
  /** Whether a proposal for the next one waits already. */
  isOpen(): boolean;
  /** `ok` if that is how it is; `reconfigInProgress` if it is a proposal from now on; otherwise why it cannot be one. */
  file(wished: WishedServers): number;
}

const HEADER_BYTES = 8;
const PLACE = /^(\[[^\]]+\]|[^:|[\]]+):(\d{1,5}):(\d{1,5})(?::(participant|observer))?$/i;
const CLIENT_PLACE = /^(?:(?:\[[^\]]+\]|[^:[\]]+):)?(\d{1,5})$/;
const MAX_PORT = 65_535;
const reader = createJuteReader();

interface ReconfigRequest {
  readonly joining: string | null;
  readonly leaving: string | null;
  readonly members: string | null;
  readonly fromConfig: Long;
}

function readReconfig(from: JuteReader): ReconfigRequest | null {
  const [joining, leaving, members] = [from.string(), from.string(), from.string()];
  const fromConfig = from.long();
  return from.failed ? null : { joining, leaving, members, fromConfig };
}

export function answerReconfig(
  state: GatewayState,
  env: Env<GatewayMessage>,
  connection: Connection,
  request: QueuedRequest,
  proposals: Proposals,
): void {
  const { tree, meta } = state.config.service.keeper;
  const { zxid } = meta.get();
  const err = outcomeOf(state, connection, request, proposals);
  const principal = principalOf(state, connection);
  writeReplyHeader(answers, request.xid, zxid, ErrorCode.ok);
  const read = { kind: 'path', op: OpCode.getData, path: CONFIG_PATH, watch: false } as const;
  const shown = answerPath(tree, { session: connection.session, principal }, read, answers);
  const bytes = answers.finish();
  env.note({ kind: 'keeper-reconfig', err });
  tellAudit(state, env, connection, request, err);
  if (err === ErrorCode.ok && shown === ErrorCode.ok) sendFrame(state, env, connection, bytes);
  else sendHeader(state, env, connection, request.xid, zxid, err === ErrorCode.ok ? shown : err);
}

function tellAudit(
  state: GatewayState,
  env: Env<GatewayMessage>,
  { session, identities }: Connection,
  { op, bytes: payload }: QueuedRequest,
  err: number,
): void {
  if (state.config.audit === undefined) return;
  const order = { kind: 'request', session, identities: 0, op, payload } as const;
  for (const line of auditOfRequest(order, identities, { err, zxid: 0, payload }))
    env.note({ kind: 'audit', line });
}

function outcomeOf(
  state: GatewayState,
  connection: Connection,
  { bytes }: QueuedRequest,
  proposals: Proposals,
): number {
  reader.reset(bytes, HEADER_BYTES);
  const request = readReconfig(reader);
  if (request === null) return ErrorCode.marshallingError;
  if (proposals.isOpen()) return ErrorCode.reconfigInProgress;
  if (!isMeant(request.fromConfig, proposals.epoch())) return ErrorCode.badVersion;
  const wished = wishedIn(request);
  if (typeof wished === 'number') return wished;
  return mayPropose(state, connection) ? proposals.file(wished) : ErrorCode.noAuth;
}

/** -1 means whichever there is. */
const isMeant = ({ high, low }: Long, epoch: number): boolean =>
  (high === -1 && low === 0xffff_ffff) || (high >= 0 && high * 0x1_0000_0000 + low === epoch);

/**
 * Whoever may write `/zookeeper/config`, and the domain's super user: elsewhere its rights end with the domain's own subtree,
 * and a proposal of the domain is its own.
 */
function mayPropose(state: GatewayState, connection: Connection): boolean {
  const principal = principalOf(state, connection);
  const node = state.config.service.keeper.tree.nodes.get(CONFIG_PATH);
  if (principal.identities.some(({ scheme }) => scheme === 'super')) return true;
  return node !== undefined && isPermitted(node.acl, Perms.write, principal, CONFIG_PATH);
}

/** What is wished for, or the error where it cannot be read, or is nothing. */
export function wishedIn({
  joining,
  leaving,
  members,
}: Omit<ReconfigRequest, 'fromConfig'>): WishedServers | number {
  if (members !== null) {
    const all = serversIn(members);
    if (typeof all === 'number') return all;
    return all.length === 0 ? ErrorCode.badArguments : { joins: [], leaves: [], members: all };
  }
  const leaves = itemsIn(leaving ?? '');
  const joins = serversIn(joining ?? '');
  if (!leaves.every(isNumber)) return ErrorCode.marshallingError;
  if (typeof joins === 'number') return joins;
  const isNothing = joins.length + leaves.length === 0 || leaves.length > MAX_MEMBERS;
  return isNothing ? ErrorCode.badArguments : { joins, leaves: leaves.map(Number), members: null };
}

const isNumber = (text: string): boolean => /^\d{1,9}$/.test(text);

/** Between commas, one more than can be meant at most. */
const itemsIn = (text: string): readonly string[] =>
  text
    .split(',', MAX_MEMBERS + 1)
    .map((item) => item.trim())
    .filter((item) => item !== '');

function serversIn(text: string): NamedServer[] | number {
  const items = itemsIn(text);
  if (items.length > MAX_MEMBERS) return ErrorCode.badArguments;
  const servers: NamedServer[] = [];
  for (const item of items) {
    const server = serverIn(item);
    if (typeof server === 'number') return server;
    if (servers.some(({ id }) => id === server.id)) return ErrorCode.badArguments;
    servers.push(server);
  }
  return servers;
}

/** A number that is none is what ZooKeeper cannot unmarshal; everything else is a bad argument. */
function serverIn(text: string): NamedServer | number {
  const [name = '', place, ...more] = text.split('=').map((part) => part.trim());
  if (place === undefined || more.length > 0) return ErrorCode.badArguments;
  const id = name.slice(name.lastIndexOf('.') + 1);
  if (!isNumber(id)) return ErrorCode.marshallingError;
  const [forServers = '', forClients, ...others] = place.split(';');
  const parts = PLACE.exec(forServers);
  if (parts === null || others.length > 0) return ErrorCode.badArguments;
  const [, host, port, election, role = 'participant'] = parts;
  const clientPort = forClients === undefined ? '0' : CLIENT_PLACE.exec(forClients)?.[1];
  const arePorts = [port, election, clientPort ?? 'none'].every((text) => Number(text) <= MAX_PORT);
  if (!arePorts) return ErrorCode.badArguments;
  return { id: Number(id), address: `${host}:${port}`, isObserver: role.toLowerCase() === 'observer' };
}
