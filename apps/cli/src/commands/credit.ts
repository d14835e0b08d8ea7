/** `concordat credit`: limits that more accounts do not lift. */

import { Command } from 'commander';
import { serveCreditCommand } from './credit-serve.ts';
import { simulateCommand } from './credit-simulate.ts';

export const creditCommand = (): Command =>
  new Command('credit')
    .description('limits over who knows whom, which more accounts do not lift')
    .addCommand(simulateCommand())
    .addCommand(serveCreditCommand())
    .addHelpText(
      'after',
      `
Examples:
  concordat credit simulate --out figures
  concordat credit serve --data /var/lib/concordat-credit --links friends.txt --dry-run
`,
    );
