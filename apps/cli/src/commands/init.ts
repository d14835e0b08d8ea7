/** `concordat init`: an organisation's identity and journal, and the card that the others need. */

import { toHex } from '@concordat/wire';
import { Command } from 'commander';
import { initialise } from '../config/organisation.ts';
import { adopt, stateDigest } from '../keeper/first-state.ts';

interface InitOptions {
  readonly data: string;
  readonly address: string;
  readonly import?: string;
}

export const initCommand = (): Command =>
  new Command('init')
    .description("make this organisation's identity and journal, and print its card for the federation file")
    .argument('<name>', 'name of the organisation: lower-case letters, digits and dashes')
    .requiredOption('--data <directory>', 'where its identity and journal live; secret, and to be kept')
    .requiredOption('--address <host:port>', 'where the other members reach it')
    .option('--import <file>', 'what the federation begins with, as concordat keeper import wrote it')
    .addHelpText(
      'after',
      '\nExample:\n  concordat init acme --data /var/lib/concordat --address concordat.acme.example:7000\n',
    )
    .action(async (name: string, options: InitOptions) => {
      // Before anything is made: a wrong file must not leave half an organisation.
      const digest = options.import === undefined ? null : stateDigest(options.import);
      const { publicKey, pin, admin } = await initialise(options.data, name);
      if (options.import !== undefined) adopt(options.import, options.data);
      process.stdout.write(
        [
          `# ${name} is initialised in ${options.data}. Its card, for the members list of federation.yaml:`,
          `  - name: ${name}`,
          `    address: ${options.address}`,
          `    key: ${toHex(publicKey)}`,
          `    pin: ${pin}`,
          `    admin: ${toHex(admin)}`,
          ...(digest === null
            ? []
            : ['# And the state that the federation begins with:', `import: ${digest}`]),
          '',
        ].join('\n'),
      );
    });
