/** `concordat keeper backup` and `restore`: the tree, and what changes it, kept, looked at, and made into a first state again. */

import type { Point } from '@concordat/keeper';
import { Command } from 'commander';
import { readFederation } from '../config/federation.ts';
import { organisationsIn } from '../daemon/statuses.ts';
import { CommandError } from '../errors.ts';
import { type MadeBackup, makeBackup } from '../keeper/backup.ts';
import { type Backup, backupAt, backupsIn, directoryFor, pointIn, zxidOf } from '../keeper/backups.ts';
import { archiveIn, type Span, spansOf, wholeChanges } from '../keeper/changes/archive.ts';
import { type CopiedChanges, copyChanges } from '../keeper/changes/copying.ts';
import { followedFrom, type RestoredState, stateAt } from '../keeper/changes/restoring.ts';
import { sha256Hex } from '../keeper/first-state.ts';
import { requireNew, writeNew } from '../keeper/new-file.ts';
import { natural } from './natural.ts';
import { createProgress } from './progress.ts';

interface BackingUp {
  readonly data: string;
  readonly out?: string;
  readonly keep?: number;
  readonly accepted?: boolean;
  /** False for the tree alone. */
  readonly changes: boolean;
  readonly changesOnly?: boolean;
  readonly federation?: string;
  readonly list?: string;
  readonly verify?: string;
}

export const backupCommand = (): Command =>
  new Command('backup')
    .description(
      'have a daemon write its tree, for a federation that would begin with it, and what has changed it since',
    )
    .option('--data <directory>', "a daemon's directory, or the parent of several", 'data')
    .option('--out <directory>', 'where the backup goes, beside earlier ones of the same federation')
    .option('--keep <n>', 'remove all but the newest n once it is made', natural)
    .option('--federation <file>', 'check what members signed of the last checkpoint, and note it')
    .option(
      '--accepted',
      'also what it accepted and does not know to be final: of a survivor, to begin again',
    )
    .option(
      '--changes-only',
      'no tree, only what transactions did since: to be restored, too, at little cost',
    )
    .option('--no-changes', 'only the tree: nothing between two backups can be restored')
    .option(
      '--list <directory>',
      'tell what is there, and which moments can be restored, instead of making one',
    )
    .option(
      '--verify <file>',
      'read a .state or .changes file whole, and tell whether it is what was backed up',
    )
    .addHelpText(
      'after',
      '\nThe daemon goes on serving. Sessions and ephemeral nodes are left out. A backup is a .state file, as concordat\n' +
        'keeper import writes it, and a .json file that describes it. From the first one on the daemon keeps what transactions\n' +
        'do, the last 512 MiB of it, and each backup adds what is new as a .changes file, so that every transaction in between\n' +
        'can be restored. docs/operate/RECOVERY.md says how to begin again.\n\n' +
        'Examples:\n' +
        '  concordat keeper backup --data /var/lib/concordat --out /srv/backups --keep 48\n' +
        '  concordat keeper backup --data /var/lib/concordat --out /srv/backups --changes-only\n' +
        '  concordat keeper backup --list /srv/backups\n' +
        '  concordat keeper backup --verify /srv/backups/000000000001f4-20261127T063000Z.state\n',
    )
    .action(backup);

async function backup(options: BackingUp): Promise<void> {
  const { data, out, keep, accepted, federation, list, verify, changes, changesOnly } = options;
  if ([out, list, verify].filter((one) => one !== undefined).length !== 1)
    throw new CommandError('bad-options', 'one of --out, --list and --verify is needed');
  if (list !== undefined) return listBackups(list);
  if (verify !== undefined) return verifyFile(verify);
  if (keep === 0) throw new CommandError('bad-options', '--keep must be at least 1');
  if (changesOnly === true) return backUpChanges(options, out ?? '');
  const seen = { nodes: 0 };
  const progress = createProgress(() => `${seen.nodes} nodes written`);
  const made = await makeBackup({
    data,
    out: out ?? '',
    changes,
    ...(keep !== undefined && { keep }),
    ...(accepted === true && { accepted }),
    ...(federation !== undefined && { federation: readFederation(federation) }),
    onProgress: ({ nodes }) => {
      seen.nodes = nodes;
      progress();
    },
  });
  process.stdout.write(`${backupWords(made).join('\n')}\n`);
  if (made.changes instanceof CommandError) throw made.changes;
}

async function backUpChanges({ data, keep, accepted, changes }: BackingUp, out: string): Promise<void> {
  if (keep !== undefined || accepted === true || !changes)
    throw new CommandError('bad-options', '--changes-only goes with --data and --out alone');
  const [place = data] = organisationsIn(data);
  const copied = await copyChanges(place, out, (federation) => directoryFor(out, federation));
  const words = changesWords(copied);
  process.stdout.write(`${(words.length === 0 ? ['no transaction since'] : words).join('\n')}\n`);
}

const at = ({ zxid, time }: Point): string => `0x${zxid.toString(16)} (${new Date(time).toISOString()})`;

const changesWords = ({ files, gaps }: CopiedChanges): string[] => [
  ...files.map(
    ({ path, from, end, size }) =>
      `${path} is written, ${size} bytes: every transaction after ${at(from)} up to ${at(end)}`,
  ),
  ...gaps.map(
    ({ from, until }) =>
      `GAP: the daemon does not have what was executed between ${at(from)} and ${at(until)}`,
  ),
];

function backupWords({ backup: { path, about }, pruned, changes }: MadeBackup): string[] {
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
    ...(changes === null || changes instanceof CommandError ? [] : changesWords(changes)),
    ...pruned.map((old) => `removed: ${old.path}.state`),
  ];
}

function listBackups(directory: string): void {
  const { whole, others } = backupsIn(directory);
  const archive = archiveIn(directory);
  const lines = whole.map(
    ({ path, about }) =>
      `${about.zxid}\t${about.time}\tslot ${about.slot}\t${about.nodes} nodes\t${about.size} bytes\t${path}.state`,
  );
  const bad = [
    ...others.map((line) => `NOT A BACKUP: ${line}`),
    ...archive.others.map((line) => `NOT USED: ${line}`),
  ];
  process.stdout.write([...lines, ...spanWords(spansOf(whole, archive.files)), ...bad, ''].join('\n'));
  if (whole.length === 0) throw new CommandError('no-backup', `there is no backup in ${directory}`);
}

/** From which moment to which everything can be restored, and what is missing in between. */
const spanWords = (spans: readonly Span[]): string[] =>
  spans.flatMap(({ from, until }, index) => {
    const before = spans[index - 1];
    const gap =
      before === undefined
        ? []
        : [`GAP: nothing between ${at(before.until)} and ${at(from)} can be restored`];
    return from.zxid === until.zxid ? gap : [...gap, `every transaction from ${at(from)} to ${at(until)}`];
  });

function verifyFile(file: string): void {
  if (file.endsWith('.changes')) return verifyChanges(file);
  const found = backupAt(file);
  const { reach, next } = followedFrom(found);
  const words = [`whole: ${sayWhich(found)}`, `import: ${found.about.sha256}`];
  if (next !== null) words.push(`the changes lead from it to ${next.path}.state, the same tree`);
  if (reach.zxid > zxidOf(found)) words.push(`every transaction up to ${at(reach)} can be restored from it`);
  process.stdout.write(`${words.join('\n')}\n`);
}

function verifyChanges(path: string): void {
  const { from, end, transactions } = wholeChanges(path);
  process.stdout.write(
    `whole: ${path}, ${transactions} transactions, every one after ${at(from)} up to ${at(end)}\n`,
  );
}

const sayWhich = ({ path, about }: Backup): string =>
  `${path}.state, all up to ${about.zxid}, slot ${about.slot}, ${about.time}`;

export const restoreCommand = (): Command =>
  new Command('restore')
    .description('take the tree as of a moment as the state that a federation begins with, after checking it')
    .argument('<backup>', 'a directory of backups')
    .option(
      '--at <zxid|time>',
      'the last transaction, or ordered time, that is in it; all that there is unless told',
    )
    .requiredOption('--out <file>', 'where the state goes')
    .addHelpText(
      'after',
      '\nThe newest backup before is moved on by the changes since. Where these do not lead to that moment, what is missing is\n' +
        'told. A federation begins with it as with one from ZooKeeper: see concordat keeper adopt, concordat init --import and\n' +
        'concordat up --ephemeral --import, which shows it beside the federation that runs.\n\n' +
        'Examples:\n  concordat keeper restore /srv/backups --out first.state\n' +
        '  concordat keeper restore /srv/backups --at 2026-11-27T06:30:00Z --out before.state\n',
    )
    .action((directory: string, { at: moment, out }: { at?: string; out: string }) => {
      requireNew(out);
      const found = stateAt(directory, moment === undefined ? null : pointIn(moment));
      writeNew(out, found.bytes);
      process.stdout.write(`${restoredWords(found, out).join('\n')}\n`);
    });

function restoredWords(
  { bytes, base, point, isExact, next, unchecked }: RestoredState,
  out: string,
): string[] {
  const isMoved = point.zxid > zxidOf(base);
  return [
    isMoved ? `from ${sayWhich(base)}` : sayWhich(base),
    ...(isMoved ? [`moved on by the changes up to ${at(point)}`] : []),
    ...(next === null ? [] : [`which lead on to ${next.path}.state, the same tree`]),
    ...(unchecked === null ? [] : [`NOTE: whether they lead to the next backup is not known: ${unchecked}`]),
    ...(isExact
      ? []
      : [`NOTE: what was executed after ${at(point)} is not there, so it may be short of that moment`]),
    `${out} is written. What came later is not in it. For federation.yaml:`,
    `import: ${sha256Hex(bytes)}`,
  ];
}
