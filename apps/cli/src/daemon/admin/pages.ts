/**
 * `/commands` of the monitor's port: ZooKeeper's AdminServer. The port authenticates nobody, so what is asked decides who may
 * ask. Figures are for whoever reads metrics. What tells of clients, paths and the machine, and what changes something, is
 * for programs on this machine alone, wherever the port listens; changes need a POST. A browser on this machine is no such
 * program: pages of strangers run in it, so that a request on behalf of a page, or for a name that is not this machine's own
 * (DNS can point any name here), gets neither.
 */

import {
  type AdminCommand,
  type AdminFacts,
  carryOut,
  findCommand,
  type Json,
  listCommands,
  refuse,
  renderJson,
  tell,
} from '@concordat/keeper';
import type { Host, Page, PageRequest, Pages } from '@concordat/runtime';
import type { DomainMessage, DomainState } from '../../domain/domain.ts';

type DomainHost = Pick<Host<DomainState, DomainMessage>, 'state' | 'inject'>;

/** A turn may take long; a process that takes longer is about to halt. */
const TURN_MS = 5000;
const MAX_NAME_LETTERS = 64;

export const ADMIN_PATH = '/commands';

export function adminPages(host: DomainHost, facts: () => AdminFacts): Pages {
  return {
    path: ADMIN_PATH,
    answer: (request) => (request.name === '' ? list(request) : answer(host, facts, request)),
  };
}

const page = (fields: Json, status = 200): Page => ({
  status,
  type: 'application/json',
  body: renderJson(fields),
});

const list = ({ method }: PageRequest): Page =>
  method === 'POST'
    ? { status: 405, type: 'text/plain; charset=utf-8', body: 'GET or HEAD only\n' }
    : { status: 200, type: 'text/html; charset=utf-8', body: listCommands() };

function answer(host: DomainHost, facts: () => AdminFacts, request: PageRequest): Page | Promise<Page> {
  const name = request.name.slice(0, MAX_NAME_LETTERS);
  const command = findCommand(name);
  // With status 200, as ZooKeeper: its users look at `error`.
  if (command === null) return page(refuse(name, `Unknown command: ${name}`));
  const [primary] = command.names;
  const isOpen = command.access === 'figures' || command.access === 'refused';
  if (!isOpen && !isFromHere(request)) return page(refuse(primary, NOT_FROM_HERE), 403);
  if (command.access === 'changes' && request.method === 'POST') return change(host, command, request.body);
  const fields = tell(command, { state: host.state.clients, now: Date.now(), facts: facts() });
  return page(fields, command.access === 'changes' ? 405 : 200);
}

const NOT_FROM_HERE =
  'Only programs on this machine may ask for this, at localhost or a loopback address and not on behalf of a web page';

/** Whether a program on this machine asks, and knows that it does. */
export const isFromHere = ({ peer, host, origin }: Pick<PageRequest, 'peer' | 'host' | 'origin'>): boolean =>
  isLoopback(peer.replace(/^::ffff:/, '')) && origin === null && isOwnName(host);

const isLoopback = (address: string): boolean => address === '::1' || /^127(\.\d{1,3}){3}$/.test(address);

function isOwnName(host: string): boolean {
  const name = host.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');
  return name.toLowerCase() === 'localhost' || isLoopback(name);
}

async function change(
  host: DomainHost,
  command: AdminCommand & { readonly access: 'changes' },
  body: string,
): Promise<Page> {
  const done = new Promise<Json>((resolve) => {
    host.inject((state, env) => resolve(carryOut(command, state.clients, env, body)));
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), TURN_MS);
  });
  const fields = await Promise.race([done, late]);
  clearTimeout(timer);
  if (fields === null)
    return page(refuse(command.names[0], 'It may yet be carried out: no turn came in time'), 503);
  return page(fields, isRefusal(fields) ? 400 : 200);
}

const isRefusal = (fields: Json): boolean =>
  typeof fields === 'object' && fields !== null && 'error' in fields && fields.error !== null;
