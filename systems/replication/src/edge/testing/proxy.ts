/** A proxy between a client and a node: it counts connections, and breaks them when it is told to. */

import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

const LOOPBACK = '127.0.0.1';

/** Listens on a port that the system chooses, which it tells. */
export async function listenOn(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, LOOPBACK, resolve));
  return (server.address() as AddressInfo).port;
}

/** Passes bytes on to a port, and can break all connections there are. */
export async function startProxy(port: number) {
  const sockets = new Set<Socket>();
  const proxy = {
    port: 0,
    made: 0,
    cut: () => sockets.forEach((socket) => void socket.destroy()),
    close: () => {},
  };
  const server = createServer((from) => {
    proxy.made += 1;
    const to = connect(port, LOOPBACK);
    for (const [socket, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  proxy.port = await listenOn(server);
  proxy.close = () => {
    server.close();
    proxy.cut();
  };
  return proxy;
}
