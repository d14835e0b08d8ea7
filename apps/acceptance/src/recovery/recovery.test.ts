/** The page of recoveries: its commands are found, and those for a lost disk do what it says. The trial does all of them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atSite, sectionsOf } from './document.ts';
import { beginStory, dump, loseDisk, tell, write } from './recovery.ts';
import { MEMBERS, NAMES } from './sites.ts';

test('blocks are found by section, and each says who types it', () => {
  const found = sectionsOf('# T\n\n## One\n\n```sh a b\nx 1\ny\n```\ntext\n## Two\n## Three\n```sh c\n```\n');
  assert.deepEqual(
    [...found],
    [
      ['One', [{ sites: ['a', 'b'], script: 'x 1\ny' }]],
      ['Two', []],
      ['Three', [{ sites: ['c'], script: '' }]],
    ],
  );
  assert.throws(() => sectionsOf('## One\n```sh\nx\n```\n'), /nobody types what follows ```sh/);
  assert.throws(() => sectionsOf('## One\n```\nx\n```\n'), /nobody types/);
  assert.throws(() => sectionsOf('## One\n```sh a\nx\n'), /does not end/);
});

test('files are those of a site; devices, nodes and remote files stay as they are', () => {
  const script = 'cp /a/b c/d > /dev/null; x --path /app "/e" y=/f $(cat /g) s.example:/h http://i/j';
  assert.equal(
    atSite(script, '/S'),
    'cp /S/a/b c/d > /dev/null; x --path /app "/S/e" y=/S/f $(cat /S/g) s.example:/h http://i/j',
  );
});

test('a member that lost its disk comes back by what the page says', { timeout: 170_000 }, async () => {
  const story = await beginStory();
  try {
    const { sites, sections } = story;
    const named = [...sections.values()].flat().flatMap((block) => block.sites);
    assert.deepEqual([...new Set(named)].sort(), [...NAMES]);
    await write(sites, '/app', 'app');
    const listed = await tell(story, 'Before');
    assert.match(listed, /^whole: .*\.state, all up to 0x[0-9a-f]+, slot \d+, /m);
    const kept = await dump(sites, 'alpha');
    await loseDisk(sites, 'charlie');
    assert.match(await tell(story, 'One member lost its disk'), /^equal: \d+ nodes .* at 3 servers$/m);
    for (const member of MEMBERS) assert.equal(await dump(sites, member), kept, member);
    // A command that fails is a failure of the page.
    await assert.rejects(
      sites.at('alpha', 'concordat keeper restore /srv/nothing --out /root/x\ntrue'),
      /cannot read/,
    );
  } finally {
    await story.sites.close();
  }
});
