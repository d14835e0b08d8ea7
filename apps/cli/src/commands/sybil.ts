/** `concordat sybil`: fake accounts, found by the shape of a social graph. */

import { Command } from 'commander';
import { evaluateCommand } from './sybil-evaluate.ts';
import { generateCommand } from './sybil-generate.ts';
import { rankCommand, whitelistCommand } from './sybil-rank.ts';

export const sybilCommand = (): Command =>
  new Command('sybil')
    .description('find fake accounts by the shape of a social graph, and say why')
    .addCommand(rankCommand())
    .addCommand(whitelistCommand())
    .addCommand(evaluateCommand())
    .addCommand(generateCommand())
    .addHelpText(
      'after',
      `
A five-minute try:
  concordat sybil generate --out try
  concordat sybil rank try/graph.txt --seeds try/seeds.txt --limit 20
  concordat sybil whitelist try/graph.txt --seeds try/seeds.txt --limit 20
`,
    );
