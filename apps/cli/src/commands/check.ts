/** `concordat check`: what can be tried in every way there is, or one of each kind, rather than from random seeds. */

import { Command } from 'commander';
import { exploreCommand } from './explore.ts';
import { twinsCommand } from './twins.ts';

export const checkCommand = (): Command =>
  new Command('check')
    .description('explore protocols exhaustively, and the real code among twins')
    .addCommand(exploreCommand())
    .addCommand(twinsCommand());
