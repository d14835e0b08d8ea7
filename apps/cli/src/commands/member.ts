/** `concordat member`: who is in the federation, and proposals for others. A proposal changes nothing before it is approved. */

import { keyringIn } from '@concordat/replication/edge';
import { Command } from 'commander';
import { readIdentity } from '../config/organisation.ts';
import { governanceAt, presentAt, propose } from '../governance/asking.ts';
import { idOf } from '../governance/changes.ts';

interface Options {
  readonly data: string;
  readonly out: string;
  readonly evidence?: string;
}

const proposing = (name: string): Command =>
  new Command(name)
    .requiredOption('--data <directory>', 'of a daemon that runs')
    .option('--out <file>', 'where the proposal goes', 'proposal.json');

export const memberCommand = (): Command =>
  new Command('member')
    .description('list the members of a running federation, or propose others')
    .addCommand(listCommand())
    .addCommand(joinCommand())
    .addCommand(leaveCommand())
    .addCommand(replaceCommand())
    .addCommand(rotateCommand())
    .addHelpText(
      'after',
      '\nA proposal is approved and submitted with "concordat federation". Example:\n' +
        '  concordat member replace delta echo.yaml --data /var/lib/concordat --out proposal.json\n',
    );

const listCommand = (): Command =>
  new Command('list')
    .description('who orders now, and which versions of the service their binaries can run')
    .requiredOption('--data <directory>', 'of a daemon that runs')
    .action(async ({ data }: { data: string }) => {
      const { epoch, members } = await governanceAt(data);
      const lines = members.map(({ id, name, versions }) => `${id}\t${name}\t${versions.join(' ')}`);
      process.stdout.write(`epoch ${epoch}\n${lines.join('\n')}\n`);
    });

const joinCommand = (): Command =>
  proposing('join')
    .description('propose that others join; as many as the next fault model needs')
    .argument('<cards...>', 'files with cards as concordat init prints them')
    .requiredOption('--u <n>', 'failures of any kind to survive then', Number)
    .requiredOption('--r <n>', 'of these, lies', Number)
    .action((join: string[], { data, out, u, r }: Options & { u: number; r: number }) =>
      propose(data, out, () => ({ join, faults: { u, r } })),
    );

const leaveCommand = (): Command =>
  proposing('leave')
    .description('propose that members leave, and what the others then bear')
    .argument('<names...>')
    .requiredOption('--u <n>', 'failures of any kind to survive then', Number)
    .requiredOption('--r <n>', 'of these, lies', Number)
    .option('--evidence <file>', 'proof of misbehaviour of one that leaves: it is not asked')
    .action((leave: string[], { data, out, evidence, u, r }: Options & { u: number; r: number }) =>
      propose(data, out, () => ({ leave, faults: { u, r } }), evidence),
    );

const replaceCommand = (): Command =>
  proposing('replace')
    .description('propose another member in the place of one')
    .argument('<name>', 'of the one that leaves')
    .argument('<card>', 'file with the card of the one that joins')
    .option('--evidence <file>', 'proof of misbehaviour of the one that leaves: it is not asked')
    .action((name: string, card: string, { data, out, evidence }: Options) =>
      propose(data, out, () => ({ leave: [name], join: [card] }), evidence),
    );

const rotateCommand = (): Command =>
  proposing('rotate-keys')
    .description("make a new signing key for this daemon's member, and propose it")
    .action(async ({ data, out }: Options) => {
      const present = await presentAt(data);
      const { name } = readIdentity(data);
      const id = idOf(present, name);
      // Kept before it is proposed: a member must never be without the key that others expect of it.
      const fresh = keyringIn(data, name).prepare(present.epoch + 1);
      await propose(data, out, () => ({ keys: new Map([[id, fresh]]) }));
      process.stdout.write(
        'Keep the daemon running, or start it again: it takes the new key when the epoch begins.\n',
      );
    });
