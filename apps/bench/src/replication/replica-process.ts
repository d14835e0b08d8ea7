/**
 * One replica of the null service in a process of its own, as its parent asks over the channel between them: started by
 * the first message, it answers with its addresses, and ends when the parent does.
 */

import { createMemoryDisk, type MemberCard, type Membership, startMember } from '@concordat/replication/edge';
import { createLogger, type Identity, openJournal } from '@concordat/runtime';
import { nullService } from './null-service.ts';

export interface StartMessage {
  readonly membership: Membership;
  readonly identity: Identity;
  /** A journal's folder; null for one in memory. */
  readonly journal: string | null;
}

export interface StartedMessage extends Pick<MemberCard, 'port'> {
  readonly clientPort: number;
}

async function start({ membership, identity, journal }: StartMessage): Promise<StartedMessage> {
  const member = await startMember(nullService, {
    membership,
    identity,
    journal: journal === null ? createMemoryDisk().open() : await openJournal(journal),
    logger: createLogger({ level: 'warn' }),
  });
  void member.halted.then((error) => process.exit(error === null ? 0 : 1));
  const portOf = (name: string): number => member.addresses.get(name)?.port ?? 0;
  return { port: portOf('members'), clientPort: portOf('clients') };
}

const isStart = (message: unknown): message is StartMessage =>
  typeof message === 'object' && message !== null && 'membership' in message && 'identity' in message;

process.once('message', (message: unknown) => {
  if (isStart(message)) start(message).then((started) => process.send?.(started));
});
process.once('disconnect', () => process.exit());
