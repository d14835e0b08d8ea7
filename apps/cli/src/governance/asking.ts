/** What a running daemon says of the federation's governance, and proposals made from it. */

import { readFileSync } from 'node:fs';
import { decodeProof } from '@concordat/accountability';
import {
  type Configuration,
  changesIn,
  decodeChain,
  decodeConfiguration,
  type Link,
  type Reconfigure,
} from '@concordat/replication';
import { nameIn } from '@concordat/replication/edge';
import { fromHex } from '@concordat/wire';
import * as z from 'zod';
import { placesIn } from '../config/organisation.ts';
import { ask } from '../daemon/control.ts';
import type { GovernanceStatus } from '../daemon/governing.ts';
import { CommandError } from '../errors.ts';
import { configurationFor, type Wish } from './changes.ts';
import { writeProposal } from './proposal.ts';

const schema = z.object({
  epoch: z.int(),
  configuration: z.string(),
  isMember: z.boolean(),
  members: z.array(z.object({ id: z.int(), name: z.string(), versions: z.array(z.int()) })),
});

export async function governanceAt(directory: string): Promise<GovernanceStatus> {
  const result = schema.safeParse(await ask(placesIn(directory).control, 'governance'));
  if (result.success) return result.data;
  throw new CommandError(
    'old-daemon',
    'the daemon knows nothing of governance',
    'Start its present version.',
  );
}

/** The configuration that the daemon runs by. */
export const presentAt = async (directory: string): Promise<Configuration> =>
  configurationIn(await governanceAt(directory));

function configurationIn({ configuration }: GovernanceStatus): Configuration {
  const present = decodeConfiguration(fromHex(configuration) ?? new Uint8Array(0));
  if (present !== null) return present;
  throw new CommandError('old-daemon', 'the daemon has a configuration of another version');
}

const chainSchema = z.object({ links: z.string() });

/** All links that the daemon has: what proves every configuration after the first. */
export async function chainAt(directory: string): Promise<Link[]> {
  const links: Link[] = [];
  for (;;) {
    const epoch = links.at(-1)?.command.next.epoch ?? 0;
    const answer = chainSchema.safeParse(await ask(placesIn(directory).control, `chain ${epoch}`));
    const more = answer.success ? decodeChain(fromHex(answer.data.links) ?? new Uint8Array(0)) : null;
    if (more === null) throw new CommandError('old-daemon', 'the daemon has no chain to give');
    if (more.length === 0) return links;
    links.push(...more);
  }
}
/** Who has not announced yet that it can run the next version of the service: too many, and a switch is refused. */
const lateFor = ({ members }: GovernanceStatus, version: number): string[] =>
  members.filter(({ versions }) => !versions.includes(version)).map(({ name }) => name);

/** Writes a proposal for what is wished, and says what it changes and what comes next. */
export async function propose(
  directory: string,
  file: string,
  wish: (present: Configuration) => Wish,
  evidence?: string,
): Promise<void> {
  const status = await governanceAt(directory);
  const present = configurationIn(status);
  const next = configurationFor(present, wish(present));
  const proof = evidence === undefined ? new Uint8Array(0) : new Uint8Array(readFileSync(evidence));
  const changes = changesIn(present, next, nameIn);
  writeProposal(file, { next, approvals: [], proof }, changes);
  const late = next.version === present.version ? [] : lateFor(status, next.version);
  process.stdout.write(
    `${file}: epoch ${next.epoch}: ${changes.join('; ')}\n` +
      (late.length > 0 ? `Binaries that cannot run version ${next.version} yet: ${late.join(', ')}\n` : '') +
      `Next, each administrator: concordat federation approve ${file} --data DIRECTORY --federation FILE\n` +
      `Then anyone:              concordat federation submit ${file} --data DIRECTORY\n`,
  );
}

/** Whom the proof of a command accuses, or null if it has none. */
export const convictIn = ({ proof }: Reconfigure): number | null =>
  proof.length === 0 ? null : (decodeProof(proof)?.accused ?? null);
