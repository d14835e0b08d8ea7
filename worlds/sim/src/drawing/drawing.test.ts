/** A drawing holds what happened, stays within its bound, and needs nothing but itself. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Env, Process } from '@concordat/kernel';
import { createDrawing, createWorld } from '../index.ts';

interface Said {
  readonly kind: string;
  readonly text: string;
}

const HOSTILE = '</script><script>alert(1)</script>';

/** Notes what it hears. */
const listener: Process<null, Said> = {
  start: () => null,
  receive: (_state, env, _from, { text }) => env.note({ kind: 'heard', text }),
  timeout: () => {},
  settle: () => {},
};

const say =
  (...texts: string[]) =>
  (_state: null, env: Env<Said>): void => {
    for (const text of texts) env.send(1, { kind: text === HOSTILE ? HOSTILE : 'word', text });
  };

function dataOf(page: string) {
  const json = page.match(/<script type="application\/json" id="data">(.*)<\/script>/)?.[1];
  return JSON.parse(json ?? assert.fail('the page holds its data'));
}

test('messages lead to where they arrived, or nowhere; notes and outages are there', () => {
  const drawing = createDrawing({ nameOf: (id) => `node ${id}` });
  const world = createWorld({ seed: 1, network: { latencyMs: 5 } });
  world.observe(drawing.observer);
  for (const id of [0, 1]) world.add({ id, process: listener });
  world.run(1);
  world.call(0, say('one', 'two'));
  world.run(20);
  world.call(0, say('lost'));
  world.run(1);
  world.crash(1);
  world.run(50);
  world.restart(1);
  world.run(10);
  const { lanes, texts, messages, notes, outages } = dataOf(drawing.page('a run', []));
  assert.deepEqual(lanes, ['node 0', 'node 1']);
  const arrived = messages.map(([at, from, to, target, kind, text]: number[]) => [
    from,
    target,
    texts[kind ?? 0],
    texts[text ?? 0],
    (to ?? 0) < 0 ? null : Math.round((to ?? 0) - (at ?? 0)),
  ]);
  const shown = (text: string): string => JSON.stringify({ kind: 'word', text });
  assert.deepEqual(arrived, [
    [0, 1, 'word', shown('one'), 5],
    [0, 1, 'word', shown('two'), 5],
    [0, 1, 'word', shown('lost'), null],
  ]);
  assert.deepEqual(
    notes.map(([, lane, kind]: number[]) => [lane, texts[kind ?? 0]]),
    [
      [1, 'heard'],
      [1, 'heard'],
    ],
  );
  assert.deepEqual(
    outages.map(([lane, from, to]: number[]) => [lane, Math.round((to ?? 0) - (from ?? 0))]),
    [[1, 50]],
  );
});

test('the page needs nothing else, and no message can break out of it', () => {
  const drawing = createDrawing();
  const world = createWorld({ seed: 1 });
  world.observe(drawing.observer);
  for (const id of [0, 1]) world.add({ id, process: listener });
  world.run(1);
  world.call(0, say(HOSTILE));
  world.run(20);
  const page = drawing.page(HOSTILE, [HOSTILE]);
  assert.equal(page.match(/<script/g)?.length, 2, 'its data and its own script');
  assert.doesNotMatch(page, /(src|href)=|https?:/);
  assert.ok(dataOf(page).texts.includes(HOSTILE));
});

test('of a long run the latest is kept, and only the span that is asked for', () => {
  const [bounded, spanned] = [createDrawing({ limit: 10 }), createDrawing({ fromMs: 100, toMs: 200 })];
  const world = createWorld({ seed: 1 });
  for (const { observer } of [bounded, spanned]) world.observe(observer);
  for (const id of [0, 1]) world.add({ id, process: listener });
  world.run(1);
  for (let i = 0; i < 30; i++) {
    world.call(0, say(`${i}`));
    world.run(10);
  }
  const { messages, texts } = dataOf(bounded.page('', []));
  assert.equal(messages.length, 10);
  assert.match(texts[messages.at(-1)[5]], /29/);
  const span = dataOf(spanned.page('', []));
  assert.ok(span.messages.length >= 9 && span.messages.length <= 11);
  assert.ok(span.messages.every(([at]: number[]) => (at ?? 0) >= 100 && (at ?? 0) <= 200));
});
