/** From what an operator wants, in names and files, to the next configuration. */

import { readFileSync } from 'node:fs';
import {
  associateIds,
  type Change,
  type Configuration,
  type Newcomer,
  nextConfiguration,
} from '@concordat/replication';
import { memberNamed, nameIn } from '@concordat/replication/edge';
import { parseCards, parseProxyCards } from '../config/federation.ts';
import { CommandError } from '../errors.ts';
import { associateFrom, newcomerFrom } from './genesis.ts';

export interface Wish extends Omit<Change, 'join' | 'leave' | 'admit' | 'dismiss'> {
  /** Files with the cards of those that join. */
  readonly join?: readonly string[];
  /** Names of those that leave. */
  readonly leave?: readonly string[];
  /** Files with the cards of proxies that are admitted, and names of those that are dismissed. */
  readonly admit?: readonly string[];
  readonly dismiss?: readonly string[];
}

/** The configuration that follows; throws a `CommandError` that says why there is none. */
export function configurationFor(
  present: Configuration,
  { join = [], leave = [], admit = [], dismiss = [], ...rest }: Wish,
): Configuration {
  const next = nextConfiguration(present, {
    ...rest,
    join: newcomers(join),
    leave: leave.map((name) => idOf(present, name)),
    admit: admit.flatMap(proxyCardsIn).map(associateFrom),
    dismiss: dismiss.map((name) => proxyIdOf(present, name)),
  });
  if (!('problem' in next)) return hostable(next);
  throw new CommandError('bad-change', `the federation cannot change so: ${next.problem}`);
}

/** What daemons can run: nobody may propose or approve anything else, or the federation would stand still. */
export function hostable(next: Configuration): Configuration {
  if (next.admission === 'signature') return next;
  throw new CommandError(
    'bad-change',
    'filter nodes are not hosted by daemons, so they cannot admit requests by a quorum of them',
    'Choose another preset; members of the library host filter nodes.',
  );
}

export function idOf(present: Configuration, name: string): number {
  const id = memberNamed(present, name);
  if (id !== null) return id;
  const names = present.members.map((member) => nameIn(present, member.id)).join(', ');
  throw new CommandError('no-member', `${name} is no member; members are ${names}`);
}

function proxyIdOf(present: Configuration, name: string): number {
  const found = associateIds(present).find((id) => nameIn(present, id) === name);
  if (found !== undefined) return found;
  throw new CommandError('no-proxy', `no proxy of the name ${name} is admitted`);
}

function proxyCardsIn(file: string) {
  const cards = parseProxyCards(readFileSync(file, 'utf8'));
  if (cards !== null) return cards;
  throw new CommandError(
    'bad-card',
    `${file} holds no card of a proxy`,
    'concordat keeper proxy init prints them.',
  );
}

const newcomers = (files: readonly string[]): Newcomer[] =>
  files.flatMap(cardsIn).map((card) => {
    const newcomer = newcomerFrom(card);
    if (newcomer === null) throw new CommandError('bad-card', `the card of ${card.name} has no admin key`);
    return newcomer;
  });

function cardsIn(file: string) {
  const cards = parseCards(readFileSync(file, 'utf8'));
  if (cards !== null) return cards;
  throw new CommandError('bad-card', `${file} holds no card`, 'Cards are what concordat init prints.');
}
