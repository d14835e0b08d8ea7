/** `concordat attack`: turns one domain of a demonstration federation into an adversary, or back. */

import { join } from 'node:path';
import { Argument, Command } from 'commander';
import { ATTACKS } from '../attack/attacks.ts';
import { placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import { CommandError } from '../errors.ts';

export const attackCommand = (): Command =>
  new Command('attack')
    .description('make a domain of a demonstration federation misbehave; "stop" makes it honest again')
    .argument('<domain>', 'its name, as concordat status shows it')
    .addArgument(new Argument('<strategy>', 'how').choices([...Object.keys(ATTACKS), 'stop']))
    .option('--data <directory>', 'as given to concordat up', 'data')
    .addHelpText(
      'after',
      `\nStrategies:\n${Object.entries(ATTACKS)
        .map(([name, { summary }]) => `  ${name.padEnd(22)}${summary}`)
        .join('\n')}\n\nExample:\n  concordat attack alpha equivocate\n`,
    )
    .action(async (domain: string, strategy: string, options: { data: string }) => {
      const answer = (await ask(placesIn(join(options.data, domain)).control, `attack ${strategy}`)) as {
        readonly error?: string;
      };
      if (answer.error !== undefined) {
        const advice = 'Only domains that "concordat up" started can be made to attack.';
        throw new CommandError('no-demonstration', `${domain} refuses: ${answer.error}`, advice);
      }
      process.stdout.write(
        strategy === 'stop' ? `${domain} is honest again\n` : `${domain} now attacks: ${strategy}\n`,
      );
    });
