#!/usr/bin/env node
/** The `concordat` command. One file per subcommand; this one only dispatches and reports failures. */

import { HaltError } from '@concordat/kernel';
import { Command } from 'commander';
import { attackCommand } from './commands/attack.ts';
import { checkCommand } from './commands/check.ts';
import { creditCommand } from './commands/credit.ts';
import { evidenceCommand } from './commands/evidence.ts';
import { federationCommand } from './commands/federation.ts';
import { initCommand } from './commands/init.ts';
import { keeperCommand } from './commands/keeper.ts';
import { labCommand } from './commands/lab.ts';
import { memberCommand } from './commands/member.ts';
import { serveCommand } from './commands/serve.ts';
import { simCommand } from './commands/sim.ts';
import { statusCommand } from './commands/status.ts';
import { streamCommand } from './commands/stream.ts';
import { sybilCommand } from './commands/sybil.ts';
import { upCommand } from './commands/up.ts';
import { CommandError } from './errors.ts';

const program = new Command('concordat')
  .description('Services that several organisations run together without fully trusting one another')
  .version('0.1.0')
  .showHelpAfterError('(--help explains)')
  .addCommand(upCommand())
  .addCommand(initCommand())
  .addCommand(serveCommand())
  .addCommand(statusCommand())
  .addCommand(keeperCommand())
  .addCommand(streamCommand())
  .addCommand(sybilCommand())
  .addCommand(creditCommand())
  .addCommand(attackCommand())
  .addCommand(memberCommand())
  .addCommand(federationCommand())
  .addCommand(evidenceCommand())
  .addCommand(simCommand())
  .addCommand(checkCommand())
  .addCommand(labCommand());

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
