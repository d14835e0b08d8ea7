/** `concordat keeper backup` and `restore`: the tree as of one moment, kept, looked at, and made into a first state again. */

import { Command } from 'commander';
import { readFederation } from '../config/federation.ts';
import { CommandError } from '../errors.ts';
import { type MadeBackup, makeBackup } from '../keeper/backup.ts';
import { type Backup, backupAt, backupsIn, newestUntil, pointIn, verified } from '../keeper/backups.ts';
import { requireNew, writeNew } from '../keeper/new-file.ts';
import { natural } from './natural.ts';
import { createProgress } from './progress.ts';

interface BackingUp {
  readonly data: string;
  readonly out?: string;
  readonly keep?: number;
  readonly accepted?: boolean;
  readonly federation?: string;
  readonly list?: string;
  readonly verify?: string;
}

export const backupCommand = (): Command =>
  new Command('backup')
    .description('have a daemon write its tree, as of one moment, for a federation that would begin with it')
    .option('--data <directory>', "a daemon's directory, or the parent of several", 'data')
    .option('--out <directory>', 'where the backup goes, beside earlier ones of the same federation')
    .option('--keep <n>', 'remove all but the newest n once it is made', natural)
    .option('--federation <file>', 'check what members signed of the last checkpoint, and note it')
    .option(
      '--accepted',
      'also what it accepted and does not know to be final: of a survivor, to begin again',
    )
    .option('--list <directory>', 'tell what backups are there, instead of making one')
    .option('--verify <file>', 'read one whole, and tell whether it is what was backed up')
    .addHelpText(
      'after',
      '\nThe daemon goes on serving. Sessions and ephemeral nodes are left out. A backup is a .state file, as concordat\n' +
        'keeper import writes it, and a .json file that describes it. docs/operate/RECOVERY.md says how to begin again.\n\n' +
        'Examples:\n' +
        '  concordat keeper backup --data /var/lib/concordat --out /srv/backups --keep 48\n' +
        '  concordat keeper backup --list /srv/backups\n' +
        '  concordat keeper backup --verify /srv/backups/000000000001f4-20261127T063000Z.state\n',
    )
    .action(backup);

async function backup(options: BackingUp): Promise<void> {
  const { data, out, keep, accepted, federation, list, verify } = options;
  if ([out, list, verify].filter((one) => one !== undefined).length !== 1)
    throw new CommandError('bad-options', 'one of --out, --list and --verify is needed');
  if (list !== undefined) return listBackups(list);
  if (verify !== undefined) return verifyBackup(verify);
  if (keep === 0) throw new CommandError('bad-options', '--keep must be at least 1');
  const seen = { nodes: 0 };
  const progress = createProgress(() => `${seen.nodes} nodes written`);
  const made = await makeBackup({
    data,
    out: out ?? '',
    ...(keep !== undefined && { keep }),
    ...(accepted === true && { accepted }),
    ...(federation !== undefined && { federation: readFederation(federation) }),
    onProgress: ({ nodes }) => {
      seen.nodes = nodes;
      progress();
    },
  });
  process.stdout.write(`${backupWords(made).join('\n')}\n`);
}

function backupWords({ backup: { path, about }, pruned }: MadeBackup): string[] {
  const { nodes, bytes, containers, ttlNodes, quotas, leftOut, checkpoint } = about;
  const proof =
    checkpoint === null
      ? []
      : [
          `slot ${checkpoint.slot} was signed by ${checkpoint.signed.join(', ')}${checkpoint.isOwn === true ? '; this daemon had that state' : ''}`,
        ];
  return [
    `${path}.state is written, ${about.size} bytes`,
    `all up to ${about.zxid}, slot ${about.slot}, ${about.time}${about.isFinal ? '' : ', of which the last may not be final'}`,
    `${nodes} nodes with ${bytes} bytes of data; ${containers} containers, ${ttlNodes} with a TTL, ${quotas} quotas`,
    `left out: ${leftOut.ephemerals} ephemeral nodes, ${leftOut.sessions} sessions`,
    ...proof,
    `import: ${about.sha256}`,
    ...pruned.map((old) => `removed: ${old.path}.state`),
  ];
}

function listBackups(directory: string): void {
  const { whole, others } = backupsIn(directory);
  const lines = whole.map(
    ({ path, about }) =>
      `${about.zxid}\t${about.time}\tslot ${about.slot}\t${about.nodes} nodes\t${about.size} bytes\t${path}.state`,
  );
  process.stdout.write([...lines, ...others.map((line) => `NOT A BACKUP: ${line}`), ''].join('\n'));
  if (whole.length === 0) throw new CommandError('no-backup', `there is no backup in ${directory}`);
}

function verifyBackup(file: string): void {
  const found = backupAt(file);
  verified(found);
  process.stdout.write(`whole: ${sayWhich(found)}\nimport: ${found.about.sha256}\n`);
}

const sayWhich = ({ path, about }: Backup): string =>
  `${path}.state, all up to ${about.zxid}, slot ${about.slot}, ${about.time}`;

export const restoreCommand = (): Command =>
  new Command('restore')
    .description('take a backup as the state that a federation begins with, after checking it')
    .argument('<backup>', 'a directory of backups')
    .option('--at <zxid|time>', 'the newest backup with nothing later; the newest of all unless told')
    .requiredOption('--out <file>', 'where the state goes')
    .addHelpText(
      'after',
      '\nA federation begins with it as with one from ZooKeeper: see concordat keeper adopt, concordat init --import and\n' +
        'concordat up --ephemeral --import, which shows it beside the federation that runs.\n\n' +
        'Examples:\n  concordat keeper restore /srv/backups --out first.state\n' +
        '  concordat keeper restore /srv/backups --at 2026-11-27T06:30:00Z --out before.state\n',
    )
    .action((directory: string, { at, out }: { at?: string; out: string }) => {
      requireNew(out);
      const found = newestUntil(directory, at === undefined ? null : pointIn(at));
      writeNew(out, verified(found));
      process.stdout.write(
        `${sayWhich(found)}\n${out} is written. What came later is not in it. For federation.yaml:\n` +
          `import: ${found.about.sha256}\n`,
      );
    });
