/**
 * What a client's `reconfig` comes to at a daemon: a proposal as `concordat member` writes one, in a folder of the operator's,
 * for administrators to approve. It is worth nothing without their approvals, so nobody signs it here. A client says where
 * a newcomer is and not which keys it has: these are on its card, which the operator has put into the same folder. Files are
 * read and written between turns, never within one.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ErrorCode, type NamedServer, type Proposals, type WishedServers } from '@concordat/keeper';
import { type Configuration, changesIn, type Newcomer, nextConfiguration } from '@concordat/replication';
import { contactIn, nameIn } from '@concordat/replication/edge';
import type { Logger } from '@concordat/runtime';
import { type Member, parseCards } from '../config/federation.ts';
import { CommandError, messageOf } from '../errors.ts';
import { newcomerFrom } from '../governance/genesis.ts';
import { writeProposal } from '../governance/proposal.ts';

const CARD = /\.ya?ml$/;
/** No card comes near it. */
const MAX_CARD_BYTES = 64 * 1024;
/** How long after a card was put in or a proposal taken away it counts. */
const LOOK_MS = 1000;

export interface Folder {
  readonly directory: string;
  /** Within a turn there is a configuration. */
  present(): Configuration;
  readonly logger: Logger;
}

export interface ProposalDesk extends Proposals {
  /** Resolves when what was filed is written. */
  close(): Promise<void>;
}

const fileFor = (epoch: number): string => `proposal-${epoch}.json`;

/** What a folder held when it was last looked at. */
interface Contents {
  readonly files: ReadonlySet<string>;
  readonly cards: readonly Member[];
}

/** Rejects with a `CommandError` if there is no such folder. */
export async function openProposals({ directory, present, logger }: Folder): Promise<ProposalDesk> {
  let contents = await look(directory).catch((error: unknown) => {
    throw new CommandError(
      'no-folder',
      `--reconfig: cannot read ${directory}: ${messageOf(error)}`,
      'Make it, and put cards into it.',
    );
  });
  /** Filed, and not written yet. */
  let filed: Configuration | null = null;
  // One after the other: what is written is then seen by the next look.
  let work = Promise.resolve();
  const then = (step: () => Promise<void>): void => {
    work = work
      .then(step)
      .catch((error: unknown) => logger.error('reconfig-failed', { why: messageOf(error) }));
  };
  const lookAgain = async (): Promise<void> => {
    contents = await look(directory);
  };
  const write = (now: Configuration, next: Configuration): void => {
    filed = next;
    then(async () => {
      try {
        const file = join(directory, fileFor(next.epoch));
        const changes = changesIn(now, next, nameIn);
        writeProposal(file, { next, approvals: [], proof: new Uint8Array(0) }, changes);
        logger.info('reconfig-proposed', { file, changes: changes.join('; ') });
        await lookAgain();
      } finally {
        filed = null;
      }
    });
  };
  let isLooking = false;
  const timer = setInterval(() => {
    // A folder that answers late is not asked ever more often.
    if (isLooking) return;
    isLooking = true;
    then(() =>
      lookAgain().finally(() => {
        isLooking = false;
      }),
    );
  }, LOOK_MS);
  return {
    epoch: () => present().epoch,
    isOpen: () => filed !== null || contents.files.has(fileFor(present().epoch + 1)),
    file: (wished) => {
      const now = present();
      const next = configurationFor(now, wished, contents.cards);
      if (next === null) return ErrorCode.ok;
      if ('err' in next) {
        logger.warn('reconfig-refused', { why: next.why });
        return next.err;
      }
      write(now, next);
      return ErrorCode.reconfigInProgress;
    },
    close: () => {
      clearInterval(timer);
      return work;
    },
  };
}

interface Refusal {
  readonly err: number;
  readonly why: string;
}

const bad = (why: string): Refusal => ({ err: ErrorCode.badArguments, why });

/** The configuration that is wished for, null if it is the present one; its fault model stays: no client can name another. */
export function configurationFor(
  present: Configuration,
  wished: WishedServers,
  cards: readonly Member[],
): Configuration | Refusal | null {
  const { joins, leaves } = differenceOf(present, wished);
  if (joins.length + leaves.length === 0) return null;
  const isMember = (id: number): boolean => present.members.some((member) => member.id === id);
  const unknown = leaves.find((id) => !isMember(id));
  if (unknown !== undefined) return bad(`server ${unknown} is no member`);
  const moved = joins.find(({ id }) => isMember(id));
  if (moved !== undefined) return bad(`server ${moved.id} is a member, whose address does not change`);
  const observer = joins.find(({ isObserver }) => isObserver);
  if (observer !== undefined) return bad(`server ${observer.id} is to observe, and there are no observers`);
  const join: Newcomer[] = [];
  for (const { id, address } of joins) {
    const card = cards.find((one) => one.address === address);
    const newcomer = card === undefined ? null : newcomerFrom(card);
    if (newcomer === null) return bad(`there is no card with an admin key for server ${id} at ${address}`);
    join.push(newcomer);
  }
  const next = nextConfiguration(present, { join, leave: leaves });
  if ('problem' in next) return { err: ErrorCode.newConfigNoQuorum, why: next.problem };
  const misnamed = joins.find(({ id, address }) => contactIn(next, id)?.address !== address);
  return misnamed === undefined ? next : bad(`the number of ${misnamed.address} would not be ${misnamed.id}`);
}

/** What has to change: who is there need not join, and who has left need not leave. */
function differenceOf(present: Configuration, { joins, leaves, members }: WishedServers) {
  const isThere = ({ id, address }: NamedServer): boolean => contactIn(present, id)?.address === address;
  const isWanted = (id: number): boolean => members?.some((server) => server.id === id) !== false;
  return {
    joins: (members ?? joins).filter((server) => !isThere(server)),
    leaves: [
      ...leaves.filter((id) => !present.retired.includes(id)),
      ...present.members.map(({ id }) => id).filter((id) => !isWanted(id)),
    ],
  };
}

/** What is no card is passed over. */
async function look(directory: string): Promise<Contents> {
  const files = await readdir(directory);
  const cards: Member[] = [];
  for (const name of files.filter((name) => CARD.test(name)))
    cards.push(...(await cardsIn(join(directory, name))));
  return { files: new Set(files), cards };
}

async function cardsIn(file: string): Promise<Member[]> {
  try {
    if ((await stat(file)).size > MAX_CARD_BYTES) return [];
    return parseCards(await readFile(file, 'utf8')) ?? [];
  } catch {
    // Not YAML, gone, or not for this daemon to read: then its newcomer has no card, which the refusal says.
    return [];
  }
}
