/**
 * The commands of ZooKeeper's AdminServer (3.8.0 for names and types of fields, 3.9 for the list): one table, with what each
 * answers and who may ask. Serving them is for whoever has a port.
 */

import type { Env } from '@concordat/kernel';
import type { GatewayMessage } from '../gateway/message.ts';
import { isReadOnlyNow } from '../gateway/read-only.ts';
import type { GatewayState } from '../gateway/state.ts';
import { type Change, resetConnectionStats, resetStats, shedConnections } from './changes.ts';
import { connectionsOf, dumpOf, watchesByPathOf, watchesOf } from './clients.ts';
import type { AdminContext } from './context.ts';
import type { Json } from './json.ts';
import {
  configurationOf,
  dirsOf,
  environmentOf,
  initialConfigurationOf,
  leaderOf,
  monitorOf,
  serverStatsOf,
  votingViewOf,
  watchSummaryOf,
  zabStateOf,
} from './server.ts';

type Fields = Readonly<Record<string, Json>>;

/**
 * figures: for whoever may read metrics. details: about clients, their paths, and the machine. changes: need a POST.
 * refused: exists in ZooKeeper and has no meaning here.
 */
export type Access = 'figures' | 'details' | 'changes' | 'refused';

interface Named {
  /** The primary name, then ZooKeeper's short ones. */
  readonly names: readonly [string, ...string[]];
  /** Whether it is answered only while clients are served. */
  readonly needsServer: boolean;
}

export type AdminCommand = Named &
  (
    | { readonly access: 'figures' | 'details'; readonly tell: (context: AdminContext) => Fields }
    | { readonly access: 'changes'; readonly change: Change }
    | { readonly access: 'refused'; readonly why: string }
  );

type Tell = (context: AdminContext) => Fields;

const figures = (names: Named['names'], tell: Tell, needsServer = true): AdminCommand => ({
  names,
  access: 'figures',
  tell,
  needsServer,
});
const details = (names: Named['names'], tell: Tell, needsServer = true): AdminCommand => ({
  names,
  access: 'details',
  tell,
  needsServer,
});
const changes = (names: Named['names'], change: Change): AdminCommand => ({
  names,
  access: 'changes',
  change,
  needsServer: true,
});
const refused = (names: Named['names'], why: string): AdminCommand => ({
  names,
  access: 'refused',
  why,
  needsServer: false,
});

export const COMMANDS: readonly AdminCommand[] = [
  details(['configuration', 'conf', 'config'], configurationOf),
  changes(['connection_stat_reset', 'crst'], resetConnectionStats),
  details(['connections', 'cons'], (context) => connectionsOf(context, false)),
  figures(['dirs'], dirsOf),
  details(['dump'], dumpOf),
  details(['environment', 'env', 'envi'], environmentOf, false),
  // No request is ever traced: that is what a mask of 0 says.
  figures(['get_trace_mask', 'gtmk'], () => ({ tracemask: 0 }), false),
  refused(
    ['hash'],
    'There are no digests of transactions: members vote on digests of checkpoints, and what differs is noted as diverged.',
  ),
  figures(['initial_configuration', 'icfg'], initialConfigurationOf),
  figures(['is_read_only', 'isro'], ({ state, now }) => ({ read_only: isReadOnlyNow(state, now) })),
  refused(
    ['last_snapshot', 'lsnp'],
    'There are no files of snapshots: they are records of the journal, and stable_slot of monitor tells the last checkpoint.',
  ),
  figures(['leader', 'lead'], leaderOf),
  figures(['monitor', 'mntr'], monitorOf, false),
  refused(['observer_connection_stat_reset', 'orst'], 'There are no observers.'),
  figures(['observers', 'obsr'], () => ({ synced_observers: 0, observers: [] })),
  refused(
    ['restore', 'rest'],
    'One member cannot replace the state that all have agreed on: a member that lost its own fetches it from the others.',
  ),
  figures(['ruok'], () => ({})),
  figures(['server_stats', 'srvr'], serverStatsOf),
  refused(['set_trace_mask', 'stmk'], 'Requests are not traced: /metrics counts what happens.'),
  changes(['shed_connections', 'shed'], shedConnections),
  refused(
    ['snapshot', 'snap'],
    'The state does not leave through this port: it is in the journal, and any client may read what it is permitted to.',
  ),
  changes(['stat_reset', 'srst'], resetStats),
  details(['stats', 'stat'], (context) => ({ ...serverStatsOf(context), ...connectionsOf(context, true) })),
  details(['system_properties', 'sysp'], ({ facts }) => facts.properties, false),
  figures(['voting_view'], votingViewOf),
  figures(['watch_summary', 'wchs'], watchSummaryOf),
  details(['watches', 'wchc'], watchesOf),
  details(['watches_by_path', 'wchp'], watchesByPathOf),
  figures(['zabstate'], zabStateOf, false),
];

const BY_NAME = new Map(COMMANDS.flatMap((command) => command.names.map((name) => [name, command] as const)));

export const findCommand = (name: string): AdminCommand | null => BY_NAME.get(name) ?? null;

/** Fields in ZooKeeper's order: its own last, and an error null unless there is one. */
export const answerOf = (command: string, fields: Fields): Fields => ({
  ...fields,
  command,
  error: fields['error'] ?? null,
});

export const refuse = (command: string, error: string): Fields => ({ command, error });

/** Answers a command that changes nothing. */
export function tell(command: AdminCommand, context: AdminContext): Fields {
  const [name] = command.names;
  const isServing = context.facts.isServing || isReadOnlyNow(context.state, context.now);
  if (command.needsServer && !isServing) return refuse(name, NOT_SERVING);
  if (command.access === 'refused') return refuse(name, command.why);
  if (command.access === 'changes') return refuse(name, NEEDS_POST);
  return answerOf(name, command.tell(context));
}

/** Carries out a command that changes something, within a turn. */
export function carryOut(
  command: AdminCommand & { readonly access: 'changes' },
  state: GatewayState,
  env: Env<GatewayMessage>,
  body: string,
): Fields {
  const [name] = command.names;
  env.note({ kind: 'keeper-admin', command: name });
  return answerOf(name, command.change(state, env, body));
}

const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';
const NEEDS_POST = 'This command changes something: it needs a POST';

/** The page at `/commands`, as ZooKeeper's: a link for each. */
export const listCommands = (): string =>
  COMMANDS.map(({ names: [name] }) => `<a href="/commands/${name}">${name}</a>\n<br/>\n`).join('');
