/** Contacts are text that other members wrote: one spelling for each, and nothing else is read. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerContact } from '@concordat/runtime';
import fc from 'fast-check';
import { MAX_ADDRESS_BYTES } from '../../membership/ticket.ts';
import { formatContact, parseContact } from './contact.ts';

const pin = 'ab'.repeat(32);

test('contacts come back as they were written, and fit into a ticket', () => {
  const contacts: PeerContact[] = [
    { host: '192.0.2.1', port: 7000, pin },
    { host: 'stream.example.org', port: 65_535, pin },
    { host: '2001:db8::1', port: 1, pin },
    { via: [4_294_967_295, 7], pin },
    { via: [0], pin },
    { host: '', port: 0, pin },
    { host: 'h'.repeat(180), port: 10_000, pin },
  ];
  for (const contact of contacts) {
    const text = formatContact(contact);
    assert.deepEqual(parseContact(text), contact);
    assert.ok(text.length <= MAX_ADDRESS_BYTES, text);
  }
});

test('nothing else is a contact', () => {
  const others = [
    '',
    `host:70000#${pin}`,
    `host:0#${pin}`,
    `host#${pin}`,
    `host:1#${pin.toUpperCase()}`,
    `host:1#${pin.slice(2)}`,
    `host:1#${pin};relay`,
    `ho st:1#${pin}`,
    `http://host:1#${pin}`,
    `via:#${pin}`,
    `via:1,2,3#${pin}`,
    `via:4294967296#${pin}`,
    `-#${pin}\n`,
  ];
  for (const text of others) assert.equal(parseContact(text), null, text);
});

test('whatever somebody writes, reading it throws nothing and has one meaning', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 400 }), fc.boolean(), (text, hasPin) => {
      const parsed = parseContact(hasPin ? `${text}#${pin}` : text);
      if (parsed !== null) assert.deepEqual(parseContact(formatContact(parsed)), parsed);
    }),
  );
});
