/** `concordat sybil`: fake accounts, found by the shape of a social graph. */

import { Command } from 'commander';
import { datasetsCommand, fetchCommand } from './sybil-data.ts';
import { evaluateCommand } from './sybil-evaluate.ts';
import { explainCommand } from './sybil-explain.ts';
import { generateCommand } from './sybil-generate.ts';
import { rankCommand } from './sybil-rank.ts';
import { whitelistCommand } from './sybil-whitelist.ts';

export const sybilCommand = (): Command =>
  new Command('sybil')
    .description('find fake accounts by the shape of a social graph, and say why')
    .addCommand(rankCommand())
    .addCommand(whitelistCommand())
    .addCommand(explainCommand())
    .addCommand(evaluateCommand())
    .addCommand(generateCommand())
    .addCommand(datasetsCommand())
    .addCommand(fetchCommand())
    .addHelpText(
      'after',
      `
A five-minute try:
  concordat sybil generate --out try
  concordat sybil rank try/graph.txt --seeds try/seeds.txt --limit 20
  concordat sybil whitelist try/graph.txt --seeds try/seeds.txt --limit 20
  concordat sybil explain try/graph.txt --seeds try/seeds.txt --account NAME --html picture.html
  concordat sybil evaluate try/graph.txt --labels try/labels.csv --out results
`,
    );
