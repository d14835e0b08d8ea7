/** `concordat init`: an organisation's identity and journal, and the card that the others need. */

import { toHex } from '@concordat/wire';
import { Command } from 'commander';
import { initialise } from '../config/organisation.ts';

export const initCommand = (): Command =>
  new Command('init')
    .description("make this organisation's identity and journal, and print its card for the federation file")
    .argument('<name>', 'name of the organisation: lower-case letters, digits and dashes')
    .requiredOption('--data <directory>', 'where its identity and journal live; secret, and to be kept')
    .requiredOption('--address <host:port>', 'where the other members reach it')
    .addHelpText(
      'after',
      '\nExample:\n  concordat init acme --data /var/lib/concordat --address concordat.acme.example:7000\n',
    )
    .action(async (name: string, options: { data: string; address: string }) => {
      const { publicKey, pin, admin } = await initialise(options.data, name);
      process.stdout.write(
        [
          `# ${name} is initialised in ${options.data}. Its card, for the members list of federation.yaml:`,
          `  - name: ${name}`,
          `    address: ${options.address}`,
          `    key: ${toHex(publicKey)}`,
          `    pin: ${pin}`,
          `    admin: ${toHex(admin)}`,
          '',
        ].join('\n'),
      );
    });
