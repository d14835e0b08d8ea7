/** From what an operator wants, in names and files, to the next configuration. */

import { readFileSync } from 'node:fs';
import { type Change, type Configuration, type Newcomer, nextConfiguration } from '@concordat/replication';
import { memberNamed, nameIn } from '@concordat/replication/edge';
import { parseCards } from '../config/federation.ts';
import { CommandError } from '../errors.ts';
import { newcomerFrom } from './genesis.ts';

export interface Wish extends Omit<Change, 'join' | 'leave'> {
  /** Files with the cards of those that join. */
  readonly join?: readonly string[];
  /** Names of those that leave. */
  readonly leave?: readonly string[];
}

/** The configuration that follows; throws a `CommandError` that says why there is none. */
export function configurationFor(
  present: Configuration,
  { join = [], leave = [], ...rest }: Wish,
): Configuration {
  const next = nextConfiguration(present, {
    ...rest,
    join: newcomers(join),
    leave: leave.map((name) => idOf(present, name)),
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
