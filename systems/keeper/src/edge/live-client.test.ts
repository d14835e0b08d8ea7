/** The client for tools, against servers that may be anybody's. */

import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { after, test } from 'node:test';
import { createWriter } from '@concordat/wire';
import { bodies } from '../client/requests.ts';
import { ErrorCode, OpCode } from '../jute/protocol.ts';
import { writeReplyHeader } from '../jute/responses.ts';
import { writeBuffer, writeLong, writeStat, writeStrings } from '../jute/writer.ts';
import { createFraming } from './framing.ts';
import { connectLive, type LiveClient } from './live-client.ts';
import { readNode } from './live-node.ts';
import { askWord } from './live-word.ts';

const HERE = '127.0.0.1';
const servers: Server[] = [];
const sockets = new Set<Socket>();

after(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers) server.close();
});

type Answer = (
  say: (bytes: Uint8Array) => void,
  request: { readonly xid: number; readonly op: number },
) => void;

const writer = createWriter();

function grant(): Uint8Array {
  writer.i32(0);
  writer.i32(4000);
  writeLong(writer, { high: 1, low: 1 });
  writeBuffer(writer, new Uint8Array(16));
  writer.bool(false);
  return writer.finish();
}

const reply = (xid: number, body: Uint8Array = new Uint8Array(0)): Uint8Array => {
  writeReplyHeader(writer, xid, 7, ErrorCode.ok);
  writer.fixed(body);
  return writer.finish();
};

/** A server that answers each frame after the handshake so. */
async function serve(answer: Answer, greeting: Uint8Array = grant()): Promise<number> {
  const framing = createFraming(2 ** 28);
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const splitter = framing.createSplitter();
    const say = (bytes: Uint8Array): void =>
      void socket.write(framing.encode({ type: 'client-frame', bytes }));
    let isGreeted = false;
    socket.on('data', (chunk) => {
      splitter.push(chunk, (message) => {
        if (message.type !== 'client-frame') return;
        if (!isGreeted) {
          isGreeted = true;
          return say(greeting);
        }
        const header = new DataView(message.bytes.buffer, message.bytes.byteOffset);
        answer(say, { xid: header.getInt32(0), op: header.getInt32(4) });
      });
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen({ host: HERE, port: 0 }, resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

const open = async (answer: Answer): Promise<LiveClient> =>
  connectLive({ host: HERE, port: await serve(answer) });

const read = (client: LiveClient) => client.request(OpCode.getData, bodies.watched('/'));

test('a node with more children than a request has room for is read whole', async () => {
  const names = Array.from({ length: 60_000 }, (_, i) => `a child whose name is long enough ${i}`);
  const client = await open((say, { xid, op }) => {
    if (op === OpCode.getData) writeBuffer(writer, new Uint8Array(3));
    else if (op === OpCode.getACL) writer.i32(0);
    else writeStrings(writer, names);
    const none = { czxid: 0, mzxid: 0, ctime: 0, mtime: 0, version: 0, cversion: 0, aversion: 0 };
    writeStat(writer, {
      ...none,
      ephemeralOwner: { high: 0, low: 0 },
      dataLength: 3,
      numChildren: 0,
      pzxid: 0,
    });
    const body = writer.finish();
    say(reply(xid, body));
  });
  const node = await readNode(client, '/');
  assert.deepEqual(node.children, [...names].sort());
  assert.equal(node.data?.length, 3);
});

test('requests that wait are told when the connection ends, and later ones at once', async () => {
  const client = await open(() => {
    for (const socket of sockets) socket.destroy();
  });
  await assert.rejects(Promise.all([read(client), read(client)]), /it closed the connection/);
  await assert.rejects(read(client), /it closed the connection/);
});

test('who answers what was not asked, or what is no answer, is left', async () => {
  const wrong = await open((say, { xid }) => say(reply(xid + 1)));
  await assert.rejects(read(wrong), /it answers out of order/);
  const unasked = await open((say, { xid }) => {
    say(reply(xid));
    say(reply(xid));
  });
  await read(unasked);
  await assert.rejects(read(unasked), /it answers out of order|it closed/);
  const short = await open((say) => say(new Uint8Array(3)));
  await assert.rejects(read(short), /it sent what is no reply/);
});

test('who grants no session, or cannot be reached, is named', async () => {
  const port = await serve(() => {}, new Uint8Array(5));
  await assert.rejects(
    connectLive({ host: HERE, port }),
    new RegExp(`^Error: ${HERE}:${port}: it grants no session`),
  );
  const [closed] = servers.slice(-1);
  await new Promise((resolve) => closed?.close(resolve));
  await assert.rejects(connectLive({ host: HERE, port }), /ECONNREFUSED/);
  await assert.rejects(askWord({ host: HERE, port }, 'srvr'), /ECONNREFUSED/);
});
