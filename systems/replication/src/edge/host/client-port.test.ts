/** The framing of client ports lets in requests of known clients, however the stream is cut, and nothing else. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Message } from '../../replica/messages.ts';
import { COMMAND_CLIENT, type Request } from '../../request.ts';
import { clientFraming, frameMessage, MAX_CLIENT_FRAME_BYTES, replicaFraming } from './client-port.ts';

const request = (change: Partial<Request> = {}): Message => ({
  type: 'request',
  request: {
    domain: 4,
    client: 1,
    seq: 1,
    acked: 0,
    body: Uint8Array.of(1, 2, 3),
    signature: new Uint8Array(64),
    ...change,
  },
});

const reply: Message = {
  type: 'reply',
  domain: 4,
  client: 1,
  seq: 1,
  slot: 1,
  reply: Uint8Array.of(0),
};

/** What comes out of the pieces; null if the peer is cut off. */
function through(framing: typeof clientFraming, ...pieces: Uint8Array[]): Message[] | null {
  const splitter = framing.createSplitter();
  const messages: Message[] = [];
  for (const piece of pieces) if (!splitter.push(piece, (message) => messages.push(message))) return null;
  return messages;
}

const framing = replicaFraming(4, 6);

test('requests come out whole, however the stream is cut', () => {
  const sent = [request(), request({ domain: 5, seq: 2, body: new Uint8Array(0) })];
  const stream = Uint8Array.from(sent.flatMap((message) => [...frameMessage(message)]));
  for (let at = 0; at <= stream.length; at++)
    assert.deepEqual(through(framing, stream.slice(0, at), stream.slice(at)), sent);
});

test('commands, unknown domains and other messages cut the peer off', () => {
  for (const message of [
    request({ client: COMMAND_CLIENT }),
    request({ domain: 3 }),
    request({ domain: 6 }),
    reply,
  ])
    assert.equal(through(framing, frameMessage(message)), null);
  assert.deepEqual(through(clientFraming, frameMessage(reply)), [reply]);
  assert.equal(through(clientFraming, frameMessage(request())), null);
});

test('a connection vouches for the requests of whose certificate it has shown, and for nobody else', () => {
  const pinned = replicaFraming(4, 6, new Map([['aa', 4]]));
  const heard = (peer: string | undefined, message: Message): Message[] => {
    const messages: Message[] = [];
    assert.ok(pinned.createSplitter(peer).push(frameMessage(message), (each) => messages.push(each)));
    return messages;
  };
  assert.deepEqual(heard('aa', request()), [{ ...request(), isVouched: true }]);
  assert.deepEqual(heard('aa', request({ domain: 5 })), [request({ domain: 5 })]);
  for (const peer of ['bb', undefined]) assert.deepEqual(heard(peer, request()), [request()]);
});

test('frames too large, and bytes after a message, cut the peer off', () => {
  const claim = new Uint8Array(4);
  new DataView(claim.buffer).setUint32(0, MAX_CLIENT_FRAME_BYTES + 1);
  assert.equal(through(framing, claim), null);
  const longer = Uint8Array.of(...frameMessage(request()), 0);
  new DataView(longer.buffer).setUint32(0, longer.length - 4);
  assert.equal(through(framing, longer), null);
});
