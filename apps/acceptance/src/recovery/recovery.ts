/**
 * What docs/operate/RECOVERY.md says is done, on daemons that have really lost what it says: its commands are taken from the
 * page and typed as they stand there, and afterwards the tree is what it was.
 */

import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CreateMode, OpCode } from '@concordat/keeper';
import type { LiveClient } from '@concordat/keeper/edge';
import { bodies } from '@concordat/keeper/frames';
import { utf8 } from '@concordat/wire';
import type { Acceptance, Trial } from '../trial.ts';
import { type Block, sectionsOf } from './document.ts';
import { createSites, found, NAMES, type SiteName, type Sites } from './sites.ts';

const PAGE = fileURLToPath(new URL('../../../../docs/operate/RECOVERY.md', import.meta.url));

/** So far must a moment be from what is ordered before and after it, on whichever machine. */
const APART_MS = 1000;

export interface Story {
  readonly sites: Sites;
  readonly sections: ReadonlyMap<string, readonly Block[]>;
  readonly told: Set<string>;
}

export async function beginStory(): Promise<Story> {
  const sections = sectionsOf(readFileSync(PAGE, 'utf8'));
  const sites = await createSites();
  try {
    await found(sites);
    return { sites, sections, told: new Set() };
  } catch (error) {
    await sites.close();
    throw error;
  }
}

/** Types a section's commands; rejects if one of them fails. */
export async function tell(
  { sites, sections, told }: Story,
  title: string,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const blocks = sections.get(title);
  if (blocks === undefined) throw new Error(`the page has no section ${title}`);
  told.add(title);
  let printed = '';
  for (const block of blocks) printed += await sites.type(block, environment);
  return printed;
}

async function withClient<T>(
  sites: Sites,
  site: SiteName,
  use: (client: LiveClient) => Promise<T>,
): Promise<T> {
  const client = await sites.client(site);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

export const write = (
  sites: Sites,
  path: string,
  data: string,
  mode: number = CreateMode.persistent,
): Promise<void> =>
  withClient(sites, 'alpha', async (client) => {
    const opcode = mode === CreateMode.container ? OpCode.createContainer : OpCode.create;
    const { err } = await client.request(opcode, bodies.create(path, utf8(data), { mode }));
    if (err !== 0) throw new Error(`create ${path}: ${err}`);
  });

/** What a site serves, a line for each node, without that which tells the members. */
export async function dump(sites: Sites, site: SiteName): Promise<string> {
  const text = await sites.at(site, `concordat keeper dump ${site}.example:2181`);
  return text
    .split('\n')
    .filter((line) => !line.includes('"/zookeeper/config"'))
    .join('\n');
}

/** As a disk that is gone; keys that were copied are elsewhere. */
export async function loseDisk(sites: Sites, site: SiteName): Promise<void> {
  await sites.kill(site);
  rmSync(sites.place(site, 'var/lib/concordat'), { recursive: true, force: true });
}

export const recovery: Acceptance = {
  name: 'recovery',
  summary:
    'everything that docs/operate/RECOVERY.md says, typed as it stands there, after disks and keys were lost',
  needs: [],
  deadlineMs: 900_000,
  run: async (trial) => {
    if (trial.target !== 'concordat') return trial.skip('the page is about Concordat');
    const story = await beginStory();
    try {
      await loseOneByOne(trial, story);
      await loseMost(trial, story);
      await loseAll(trial, story);
      await regret(trial, story);
      await tell(story, 'A clock is wrong, a disk is full');
      const untold = [...story.sections].filter(
        ([title, blocks]) => blocks.length > 0 && !story.told.has(title),
      );
      trial.check(
        untold.length === 0,
        `every section with commands has been done ${untold.map(([title]) => title)}`,
      );
    } finally {
      await story.sites.close();
    }
  },
};

async function loseOneByOne(trial: Trial, story: Story): Promise<void> {
  const { sites } = story;
  await write(sites, '/app', 'app');
  await write(sites, '/app/one', 'right');
  await write(sites, '/app/container', '', CreateMode.container);
  await tell(story, 'Before');
  const kept = await dump(sites, 'alpha');
  await loseDisk(sites, 'charlie');
  const compared = await tell(story, 'One member lost its disk');
  trial.check(
    /^equal: /m.test(compared),
    'a member that lost its disk serves the same tree as the others again',
  );
  trial.check((await dump(sites, 'charlie')) === kept, 'and it is the tree from before');
  rmSync(sites.place('charlie', 'var/lib/concordat/identity.json'));
  const replaced = await tell(story, 'One member lost its key');
  trial.check(
    /^equal: /m.test(replaced),
    'a member without its key is replaced by one that serves the same tree',
  );
  trial.check((await dump(sites, 'delta')) === kept, 'and it is the tree from before');
}

/** Alpha is left, and has everything: nobody else was told of anything that it had not executed. */
async function loseMost(trial: Trial, story: Story): Promise<void> {
  const { sites } = story;
  await write(sites, '/app/last', 'the last write');
  const kept = await dump(sites, 'alpha');
  for (const site of ['bravo', 'charlie', 'delta'] as const) await loseDisk(sites, site);
  await sites.kill('alpha');
  await sites.at('alpha', 'systemctl start concordat');
  await sites.at('alpha', 'until concordat status --data /var/lib/concordat; do sleep 1; done');
  await tell(story, 'More than u lost their disks');
  const begun = await tell(story, 'Begin again');
  trial.check(/^equal: /m.test(begun), 'a federation that begins again from a survivor serves one tree');
  trial.check((await dump(sites, 'bravo')) === kept, 'with the last write, and every Stat as it was');
}

async function loseAll(trial: Trial, story: Story): Promise<void> {
  const { sites } = story;
  rmSync(sites.place('alpha', 'srv'), { recursive: true });
  await tell(story, 'Before');
  const kept = await dump(sites, 'alpha');
  await write(sites, '/app/too-late', 'after the last backup');
  for (const site of NAMES) {
    await loseDisk(sites, site);
    for (const folder of ['root', 'etc/concordat'])
      rmSync(sites.place(site, folder), { recursive: true, force: true });
  }
  sites.renew();
  await tell(story, 'All sites are lost');
  const begun = await tell(story, 'Begin again');
  trial.check(/^equal: /m.test(begun), 'a federation that begins again from a backup serves one tree');
  trial.check((await dump(sites, 'charlie')) === kept, 'that of the backup, without what came later');
}

const setOne = (sites: Sites, data: string): Promise<unknown> =>
  withClient(sites, 'alpha', (client) =>
    client.request(OpCode.setData, bodies.setData('/app/one', utf8(data))),
  );

async function regret(trial: Trial, story: Story): Promise<void> {
  const { sites } = story;
  rmSync(sites.place('alpha', 'srv'), { recursive: true });
  await tell(story, 'Before');
  await setOne(sites, 'right again');
  await sleep(APART_MS);
  const AT = new Date().toISOString();
  await sleep(APART_MS);
  await setOne(sites, 'wrong');
  await sites.at('alpha', 'concordat keeper backup --data /var/lib/concordat --out /srv/backups');
  const told = await tell(story, 'Wrong data was written', { AT });
  trial.check(
    /^which lead on to .*\.state, the same tree$/m.test(told) && !told.includes('NOTE'),
    'a moment between two backups is restored, and the changes lead on to the later one',
  );
  const dataIn = (file: string): string | undefined => {
    for (const line of readFileSync(sites.place('alpha', file), 'utf8').split('\n')) {
      const node: { path?: string; data?: string } = JSON.parse(line || '{}');
      if (node.path === '/app/one') return Buffer.from(node.data ?? '', 'base64').toString();
    }
    return undefined;
  };
  trial.check(
    dataIn('root/app.jsonl') === 'right again',
    'what is restored shows what a node was, though no backup was made then',
  );
  trial.check(
    dataIn('root/app-now.jsonl') === 'wrong',
    'beside the federation, which runs on with what it is',
  );
}
