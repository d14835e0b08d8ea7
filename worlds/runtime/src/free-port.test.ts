import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { freePort, isPortFree } from './free-port.ts';

test('ports are all different, can be listened at, and are none that outgoing connections get', async () => {
  const ports = await Promise.all(Array.from({ length: 60 }, freePort));
  assert.equal(new Set(ports).size, ports.length);
  if (process.platform === 'linux') {
    const [first = 0] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8')
      .split('\t')
      .map(Number);
    assert.ok(ports.every((port) => port < first));
  }
  const servers = ports.map((port) => createServer().listen(port, '127.0.0.1'));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
});

test('what one process was given, no other is, though nobody listens there yet', {
  skip: process.platform !== 'linux',
}, async () => {
  const port = await freePort();
  const other = createServer();
  const refused = new Promise<NodeJS.ErrnoException>((resolve) => other.once('error', resolve));
  other.listen({ path: `\0concordat-port-${port}` });
  assert.equal((await refused).code, 'EADDRINUSE');
  assert.ok(await isPortFree(port));
});
