/** The one list of deviations: names, and the tables of the README that are about them. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { DEVIATIONS, deviationNamed, FLIGHT_DEVIATIONS, flightDeviant, GOSSIP_DEVIATIONS } from './index.ts';

const NAMES = DEVIATIONS.map(({ name }) => name);

test('every deviation has a name of its own, a sentence, a source and a protocol', () => {
  assert.equal(new Set(NAMES).size, NAMES.length);
  assert.ok(NAMES.length >= 38, `${NAMES.length}`);
  for (const { name, what, source, protocols } of DEVIATIONS) {
    assert.match(name, /^[a-z]+(-[a-z]+)+$|^[a-z]+$/);
    assert.ok(what.length > 10 && source.length > 5 && protocols.length > 0, name);
  }
  assert.deepEqual(new Set([...GOSSIP_DEVIATIONS, ...FLIGHT_DEVIATIONS]), new Set(DEVIATIONS));
  assert.equal(deviationNamed('obeys'), null);
  assert.equal(flightDeviant('skips-pushes'), undefined, 'there are no pushes in FlightPath');
});

/** Rows that begin with a name in code, of both tables. */
const namesIn = (document: string): string[] =>
  [...document.matchAll(/^\| `([a-z-]+)` \|/gm)].map(([, name]) => name ?? '');

test('the tables of the README have every deviation once, and no other', () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  assert.deepEqual(namesIn(readme).sort(), [...NAMES].sort());
});
