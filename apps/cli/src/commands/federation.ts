/** `concordat federation`: how a running federation is changed - proposed, approved by administrators, submitted by anyone. */

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  approvalsNeeded,
  changesIn,
  encodeChain,
  encodeReconfigure,
  isPresetName,
  presets,
} from '@concordat/replication';
import { memberOfAdmin, nameIn, withApproval } from '@concordat/replication/edge';
import { toHex } from '@concordat/wire';
import { Command } from 'commander';
import { readFederation } from '../config/federation.ts';
import { placesIn, readAdmin } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import { CommandError } from '../errors.ts';
import { chainAt, convictIn, governanceAt, presentAt, propose } from '../governance/asking.ts';
import { hostable, type Wish } from '../governance/changes.ts';
import { readProposal, writeProposal } from '../governance/proposal.ts';
import { natural } from './natural.ts';

export const federationCommand = (): Command =>
  new Command('federation')
    .description('change a running federation: propose, approve, submit')
    .addHelpText(
      'after',
      '\nA new version of the service: install the new binary at one member after the other (status shows who can run what),\n' +
        'then switch all at once. Example:\n' +
        '  concordat federation status --data /var/lib/concordat\n' +
        '  concordat federation propose upgrade.json --service-version 2 --data /var/lib/concordat\n' +
        '  concordat federation approve upgrade.json --data /var/lib/concordat --federation federation.yaml\n' +
        '  concordat federation submit upgrade.json --data /var/lib/concordat\n',
    )
    .addCommand(statusCommand())
    .addCommand(proposeCommand())
    .addCommand(approveCommand())
    .addCommand(submitCommand())
    .addCommand(chainCommand());

const statusCommand = (): Command =>
  new Command('status')
    .description('the present epoch and configuration')
    .requiredOption('--data <directory>', 'of a daemon that runs')
    .action(async ({ data }: { data: string }) => {
      const { members } = await governanceAt(data);
      const present = await presentAt(data);
      const { u, r, spare } = present.faults;
      process.stdout.write(
        [
          `epoch ${present.epoch}: u = ${u}, r = ${r}${spare > 0 ? `, ${spare} spare` : ''}, ${present.order} ordering`,
          `members: ${members.map(({ name }) => name).join(', ')}`,
          `service: version ${present.version}; ${members.map(canRun).join(', ')}`,
          `a change needs the approvals of ${approvalsNeeded(present)} members' administrators`,
          '',
        ].join('\n'),
      );
    });

const canRun = ({
  name,
  versions,
}: {
  readonly name: string;
  readonly versions: readonly number[];
}): string => `${name} can run ${versions.join(' and ')}`;

interface ProposeOptions {
  readonly admit?: string[];
  readonly dismiss?: string[];
  readonly data: string;
  readonly preset?: string;
  readonly serviceVersion?: number;
}

/** Daemons run replicas that execute and check signatures, whatever they agree by. */
const HOSTED = Object.values(presets)
  .filter(({ settings }) => settings.executes !== false && settings.admission !== 'request-quorum')
  .map(({ name }) => name);

const proposeCommand = (): Command =>
  new Command('propose')
    .description(
      'propose another order protocol or version of the service, or which proxies are admitted; for other members see concordat member',
    )
    .argument('<file>', 'where the proposal goes')
    .requiredOption('--data <directory>', 'of a daemon that runs')
    .option('--preset <name>', `one of ${HOSTED.join(', ')}`)
    .option('--admit <card...>', 'files with cards of proxies, as concordat keeper proxy init prints them')
    .option('--dismiss <name...>', 'proxies that are admitted no longer')
    .option(
      '--service-version <n>',
      'of the service, once enough members can run it; there is no way back',
      natural,
    )
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  concordat federation propose protocol.json --preset zyzzyva --data /var/lib/concordat\n' +
        '  concordat federation propose upgrade.json --service-version 2 --data /var/lib/concordat\n',
    )
    .action((file: string, options: ProposeOptions) => propose(options.data, file, () => wishIn(options)));

function wishIn({ preset, serviceVersion, admit = [], dismiss = [] }: ProposeOptions): Wish {
  if (preset === undefined && serviceVersion === undefined && admit.length + dismiss.length === 0)
    throw new CommandError(
      'no-change',
      'nothing is to change',
      'Give --preset, --service-version, --admit or --dismiss.',
    );
  if (preset !== undefined && !isPresetName(preset))
    throw new CommandError('bad-preset', `${preset} is no preset`);
  return {
    admit,
    dismiss,
    ...(preset !== undefined && { preset: presets[preset] }),
    ...(serviceVersion !== undefined && { version: serviceVersion }),
  };
}

const approveCommand = (): Command =>
  new Command('approve')
    .description("approve a proposal with this organisation's admin key, once you have read what it changes")
    .argument('<file>', 'the proposal')
    .requiredOption('--data <directory>', 'with admin.json, of a daemon that runs')
    .requiredOption('--federation <file>', 'the federation file')
    .action(approve);

async function approve(
  file: string,
  { data, federation }: { data: string; federation: string },
): Promise<void> {
  const present = await presentAt(data);
  const command = readProposal(file);
  hostable(command.next);
  const admin = readAdmin(data);
  const member = memberOfAdmin(present, admin.publicKey);
  if (member === null) throw new CommandError('no-admin', `the admin key in ${data} is of no present member`);
  const approved = withApproval(command, readFederation(federation).id, member, admin);
  const changes = changesIn(present, command.next, nameIn);
  writeProposal(file, approved, changes);
  const needed = approvalsNeeded(present, convictIn(command));
  process.stdout.write(
    `${nameIn(present, member)} approves: ${changes.join('; ')}\n${approved.approvals.length} of ${needed} approvals\n`,
  );
}

const submitCommand = (): Command =>
  new Command('submit')
    .description('put an approved proposal into the ordered log, and wait for the verdict')
    .argument('<file>', 'the proposal')
    .requiredOption('--data <directory>', 'of a daemon that runs')
    .action(submit);

const chainCommand = (): Command =>
  new Command('chain')
    .description('write what proves every configuration so far, for courts: see concordat evidence verify')
    .argument('<file>', 'where it goes; it is public')
    .requiredOption('--data <directory>', 'of a daemon that runs')
    .action(async (file: string, { data }: { data: string }) => {
      const links = await chainAt(data);
      writeFileSync(file, encodeChain(links));
      process.stdout.write(`${file}: epochs 0 to ${links.at(-1)?.command.next.epoch ?? 0}\n`);
    });

/** A verdict comes with the next batches, or not while too few members are up. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 100;

async function submit(file: string, { data }: { data: string }): Promise<void> {
  const { control } = placesIn(data);
  const answer = await ask(control, `submit ${toHex(encodeReconfigure(readProposal(file)))}`);
  const ticket = fieldOf(answer, 'ticket');
  if (typeof ticket !== 'string') throw new CommandError('not-submitted', `${fieldOf(answer, 'error')}`);
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += PAUSE_MS) {
    const outcome = await ask(control, `verdict ${ticket}`);
    const refused = fieldOf(outcome, 'refused') ?? fieldOf(fieldOf(outcome, 'verdict'), 'reason');
    if (refused !== undefined) throw new CommandError('refused', `refused: ${refused}`);
    const verdict = fieldOf(outcome, 'verdict');
    if (fieldOf(verdict, 'accepted') === true) {
      const { epoch, afterSlot } = {
        epoch: fieldOf(verdict, 'epoch'),
        afterSlot: fieldOf(verdict, 'afterSlot'),
      };
      process.stdout.write(
        `accepted: epoch ${epoch} begins once the checkpoint of slot ${afterSlot} is stable\n`,
      );
      return;
    }
    await sleep(PAUSE_MS);
  }
  throw new CommandError('unknown', 'no verdict yet; it may still come', 'See: concordat federation status');
}

/** A field of an answer, or undefined. */
const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && name in value
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
