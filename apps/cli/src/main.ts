#!/usr/bin/env node
/** The `concordat` command. One file per subcommand; this one only dispatches and reports failures. */

import { HaltError } from '@concordat/kernel';
import { Command } from 'commander';
import { CommandError } from './errors.ts';

/** In the order of the help. PERF: a command loads what it needs and no more, 0.1 to 0.3 s instead of 0.45. */
const COMMANDS = new Map<string, () => Promise<Command>>([
  ['up', async () => (await import('./commands/up.ts')).upCommand()],
  ['init', async () => (await import('./commands/init.ts')).initCommand()],
  ['serve', async () => (await import('./commands/serve.ts')).serveCommand()],
  ['status', async () => (await import('./commands/status.ts')).statusCommand()],
  ['keeper', async () => (await import('./commands/keeper.ts')).keeperCommand()],
  ['stream', async () => (await import('./commands/stream.ts')).streamCommand()],
  ['sybil', async () => (await import('./commands/sybil.ts')).sybilCommand()],
  ['credit', async () => (await import('./commands/credit.ts')).creditCommand()],
  ['attack', async () => (await import('./commands/attack.ts')).attackCommand()],
  ['member', async () => (await import('./commands/member.ts')).memberCommand()],
  ['federation', async () => (await import('./commands/federation.ts')).federationCommand()],
  ['evidence', async () => (await import('./commands/evidence.ts')).evidenceCommand()],
  ['sim', async () => (await import('./commands/sim.ts')).simCommand()],
  ['check', async () => (await import('./commands/check.ts')).checkCommand()],
  ['lab', async () => (await import('./commands/lab.ts')).labCommand()],
]);

const program = new Command('concordat')
  .description('Services that several organisations run together without fully trusting one another')
  .version('0.1.0')
  .showHelpAfterError('(--help explains)');

// Help, a wrong name and --version are answered by all of them.
const asked = COMMANDS.get(process.argv[2] ?? '');
for (const load of asked === undefined ? COMMANDS.values() : [asked]) program.addCommand(await load());

try {
  await program.parseAsync();
} catch (error) {
  // Failures with a code say what happened and what to do; anything else is a bug and shows where.
  const isExpected =
    error instanceof CommandError ||
    error instanceof HaltError ||
    (error instanceof Error && 'code' in error);
  process.stderr.write(`concordat: ${isExpected ? (error as Error).message : (error as Error).stack}\n`);
  if (error instanceof CommandError && error.advice !== '') process.stderr.write(`${error.advice}\n`);
  process.exitCode = 1;
}
