/**
 * Where the keeper differs from ZooKeeper 3.8.0 on purpose. Each entry says why, and takes its own difference - never
 * more - out of what both servers sent; what remains must be equal. An entry that is never met is one to delete.
 */

import { ErrorCode, OpCode, WatcherType } from '@concordat/keeper';
import { ancestorsOf, isContested, type Ledger } from './ledger.ts';
import { type Field, fieldOf, isEvent, type Message } from './messages.ts';
import { resolvePath, type Step, type WatchCall } from './steps.ts';

/** What one connection saw of one step. */
export interface Sight {
  readonly step: Step;
  readonly session: number;
  readonly apache: readonly Message[];
  readonly ours: readonly Message[];
}

export interface Deviation {
  readonly name: string;
  /** Where replication makes it: against a keeper on its own it does not occur. */
  readonly isReplicated?: true;
  readonly reason: string;
  /** Both sides without this difference, or null where it does not apply. */
  reconcile(
    sight: Sight,
    ledger: Ledger,
  ): readonly [apache: readonly Message[], ours: readonly Message[]] | null;
}

type Sides = readonly [apache: readonly Message[], ours: readonly Message[]];

const withFields = (message: Message, fields: readonly Field[]): Message => ({ ...message, fields });

const pathOf = (message: Message): string => String(fieldOf(message, 'path') ?? '');

/** Runs of fields of this name, each in ascending order. */
function sortRuns(message: Message, name: string): Message {
  const values = message.fields.filter((field) => field.name === name);
  if (values.length < 2) return message;
  const fields = [...message.fields];
  for (let from = 0; from < fields.length; from++) {
    let to = from;
    while (fields[to]?.name === name) to++;
    const run = fields.slice(from, to).sort((a, b) => (String(a.value) < String(b.value) ? -1 : 1));
    fields.splice(from, run.length, ...run);
    from = Math.max(from, to);
  }
  return withFields(message, fields);
}

/** The items of the list that a reply begins with, each of so many fields after the count; those alike in order. */
function sortGroups(message: Message, length: number, kindOf: (item: readonly Field[]) => string): Message {
  const at = message.fields.findIndex(({ name }) => name === 'count') + 1;
  const count = Number(message.fields[at - 1]?.value ?? 0);
  if (at === 0) return message;
  const groups = Array.from({ length: count }, (_, i) =>
    message.fields.slice(at + i * length, at + (i + 1) * length),
  );
  const key = (group: readonly Field[]): string => group.map(({ value }) => String(value)).join(' ');
  for (let from = 0; from < count; ) {
    let to = from + 1;
    while (to < count && kindOf(groups[to]!) === kindOf(groups[from]!)) to++;
    const run = groups.slice(from, to).sort((a, b) => (key(a) < key(b) ? -1 : 1));
    groups.splice(from, run.length, ...run);
    from = to;
  }
  const end = at + count * length;
  return withFields(message, [
    ...message.fields.slice(0, at),
    ...groups.flat(),
    ...message.fields.slice(end),
  ]);
}

/** What `auth` became: entries with the same permissions. Others are in the order that was asked for. */
const aclKind = ([perms, scheme, id]: readonly Field[]): string =>
  scheme?.value === 'digest' ? `digest ${perms?.value}` : `${scheme?.value} ${id?.value} ${perms?.value}`;

const isReplyTo = ({ step, session }: Sight, op: number): boolean =>
  session === step.session && 'op' in step.call && step.call.op === op;

/** True for what its session sees of a read, or of several, of the path as the script has it. */
function isReadOf({ step, session }: Sight, path: string): boolean {
  const { call } = step;
  const parts = call.call === 'multi-read' ? call.parts : [call];
  const isRead = parts.every(({ call: kind }) => kind === 'watched' || kind === 'path' || kind === 'watch');
  return isRead && session === step.session && parts.some((part) => 'path' in part && part.path === path);
}

const errOf = (messages: readonly Message[]): Field['value'] | undefined => {
  const reply = messages.find(({ kind }) => kind === 'reply');
  return reply === undefined ? undefined : fieldOf(reply, 'err');
};

const withoutDomain = (message: Message): Message => {
  const at = message.fields.findLastIndex(({ name, value }) => name === 'scheme' && value === 'domain');
  if (at < 0) return message;
  const rest = message.fields.filter((_, i) => i !== at && i !== at + 1);
  return withFields(
    message,
    rest.map((field) => (field.name === 'count' ? { ...field, value: Number(field.value) - 1 } : field)),
  );
};

const eventKey = (message: Message): string =>
  `${message.kind} ${pathOf(message)} ${fieldOf(message, 'type')}`;

const KNOWN = new Set<number>(Object.values(OpCode));
const isUnknown = (op: number): boolean => !KNOWN.has(op);

/** xid, zxid and err. */
const HEADER_FIELDS = 3;
const CONFIG_PATH = '/zookeeper/config';
const WATCH_TYPES_OF_39: readonly number[] = [WatcherType.persistent, WatcherType.persistentRecursive];

/** True if these two answers about watches come from what 3.8 takes for a watch of this kind and client. */
function isAboutOthers(
  ledger: Ledger,
  session: number,
  { op, path, type }: WatchCall,
  apache: Field['value'] | undefined,
  ours: Field['value'] | undefined,
): boolean {
  const resolved = resolvePath(path, ledger.root);
  if (WATCH_TYPES_OF_39.includes(type)) return apache === ErrorCode.marshallingError;
  if (isContested(ledger, session, resolved)) return true;
  // What is above a path without a slash, 3.8 cannot tell.
  const isBaseless = op === OpCode.checkWatches && path !== '' && !path.includes('/');
  if (isBaseless && apache === ErrorCode.marshallingError) return ours === ErrorCode.noWatcher;
  if (apache !== ErrorCode.ok || ours !== ErrorCode.noWatcher) return false;
  const own = ledger.watches.get(session);
  const kinds = own?.get(resolved);
  if (kinds?.has('persistent') === true || kinds?.has('recursive') === true) return true;
  if (op !== OpCode.checkWatches) return false;
  const isAnyones = [...ledger.watches.values()].some((paths) => paths.has(resolved));
  return isAnyones || ancestorsOf(resolved).some((at) => own?.get(at)?.has('recursive') === true);
}

export const DEVIATIONS: readonly Deviation[] = [
  {
    name: 'children-in-order',
    reason: 'children and ephemerals are listed in ascending order; ZooKeeper promises none',
    reconcile: ({ apache, ours }) => {
      const sorted = apache.map((message) => sortRuns(message, 'child'));
      const isMoved = sorted.some((message, i) =>
        message.fields.some((field, j) => field !== apache[i]?.fields[j]),
      );
      return isMoved ? [sorted, ours] : null;
    },
  },
  {
    name: 'whoami-tells-the-domain',
    reason: 'whoAmI also names the organisation whose client one is',
    reconcile: (sight) =>
      isReplyTo(sight, OpCode.whoAmI) ? [sight.apache, sight.ours.map(withoutDomain)] : null,
  },
  {
    name: 'identities-in-order',
    reason:
      'identities, and the list made of them for `auth`, are in the order in which they were claimed; ZooKeeper has none',
    reconcile: (sight) => {
      const isList = isReplyTo(sight, OpCode.getACL);
      if (!isList && !isReplyTo(sight, OpCode.whoAmI)) return null;
      const sorted = (messages: readonly Message[]): Message[] =>
        messages.map((message) =>
          isList ? sortGroups(message, 3, aclKind) : sortGroups(message, 2, () => ''),
        );
      return [sorted(sight.apache), sorted(sight.ours)];
    },
  },
  {
    name: 'config-is-the-membership',
    isReplicated: true,
    reason: '/zookeeper/config tells who the members are; a ZooKeeper on its own has nothing to tell there',
    reconcile: (sight) => {
      const told = (messages: readonly Message[]): Message[] =>
        messages.map((message) =>
          withFields(
            message,
            message.fields.filter(({ name }) => name !== 'data' && name !== 'dataLength'),
          ),
        );
      return isReadOf(sight, CONFIG_PATH) ? [told(sight.apache), told(sight.ours)] : null;
    },
  },
  {
    name: 'empty-path-is-none',
    reason: 'the empty path is no node; reads of ZooKeeper take it for the root, but no client lets it pass',
    reconcile: (sight) => {
      const { apache, ours } = sight;
      const isMany = sight.step.call.call === 'multi-read';
      const isRoots = errOf(apache) === ErrorCode.ok && (isMany || errOf(ours) === ErrorCode.noNode);
      return isRoots && isReadOf(sight, '') ? [apache.filter(isEvent), ours.filter(isEvent)] : null;
    },
  },
  {
    name: 'unknown-opcode-stays',
    reason: 'an unknown opcode gets Unimplemented and the connection stays; ZooKeeper closes it',
    reconcile: ({ step, apache, ours }) => {
      const { call } = step;
      if (call.call !== 'bare' || !isUnknown(call.op)) return null;
      if (errOf(apache) !== ErrorCode.unimplemented || apache.at(-1)?.kind !== 'closed') return null;
      // A connection that ends has no use for the zxid; ZooKeeper's says -1.
      const plain = (messages: readonly Message[]): Message[] =>
        messages.map((message) =>
          withFields(
            message,
            message.fields.filter(({ name }) => name !== 'zxid'),
          ),
        );
      return [plain(apache.slice(0, -1)), plain(ours)];
    },
  },
  {
    name: 'lone-check-is-answered',
    reason: 'a check on its own that succeeds gets an empty reply; ZooKeeper 3.8.0 never answers one',
    reconcile: (sight) => {
      const { apache, ours } = sight;
      const isEmpty = ours.some(({ kind, fields }) => kind === 'reply' && fields.length === HEADER_FIELDS);
      const isAnswered = errOf(ours) === ErrorCode.ok && isEmpty;
      const isLone = isReplyTo(sight, OpCode.check) && errOf(apache) === undefined && isAnswered;
      return isLone ? [apache, ours.filter(isEvent)] : null;
    },
  },
  {
    name: 'ephemerals-end-in-order',
    reason: 'the ephemerals of a session that ends go in ascending order; ZooKeeper has none',
    reconcile: ({ step, apache, ours }) => {
      if (step.call.call !== 'close') return null;
      const ordered = (messages: readonly Message[]): Message[] => {
        const events = messages.filter(isEvent).sort((a, b) => (eventKey(a) < eventKey(b) ? -1 : 1));
        return messages.map((message) => (isEvent(message) ? (events.shift() ?? message) : message));
      };
      return [ordered(apache), ordered(ours)];
    },
  },
  {
    name: 'watches-coexist',
    reason:
      'one-shot and persistent watches of one client on one path coexist (as in 3.9); in 3.8 one replaces the other',
    reconcile: ({ session, apache, ours }, ledger) => {
      const other = (message: Message): boolean =>
        !isEvent(message) || !isContested(ledger, session, pathOf(message));
      const sides: Sides = [apache.filter(other), ours.filter(other)];
      return sides[0].length < apache.length || sides[1].length < ours.length ? sides : null;
    },
  },
  {
    name: 'own-watches-only',
    reason:
      'checkWatches and removeWatches mean the watches of this client on this path, by the types of 3.9; 3.8 also finds those of others and above, and takes persistent ones for one-shot ones',
    reconcile: (sight, ledger) => {
      const { step, session, apache, ours } = sight;
      const { call } = step;
      if (call.call !== 'watch' || call.op === OpCode.addWatch || session !== step.session) return null;
      return isAboutOthers(ledger, session, call, errOf(apache), errOf(ours))
        ? [apache.filter(isEvent), ours.filter(isEvent)]
        : null;
    },
  },
];
