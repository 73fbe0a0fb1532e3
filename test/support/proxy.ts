import http from 'node:http';
import net from 'node:net';
import tls from 'node:tls';
import { Server } from 'proxy-chain';
import type { OssServer } from '../oss-server/server';

/** A real proxy on this computer, for CONNECT and for plain requests. */
export interface Proxy {
  /** Such as `http://127.0.0.1:4711`, without user and password. */
  readonly url: string;
  /** Names that were asked for through it, as `CONNECT host:port` or `GET host:port`. */
  readonly seen: readonly string[];
  close(): Promise<void>;
}

/** How to start a proxy. */
export interface ProxyOptions {
  /** Where all names that are `served` lead, whatever the port. */
  readonly server: OssServer;
  readonly served: (host: string) => boolean;
  /** Left out: a free one. */
  readonly port?: number | undefined;
  /** Left out: it asks for none. */
  readonly credentials?: { readonly username: string; readonly password: string } | undefined;
}

/**
 * Starts a proxy. Names that are not served are looked up as anywhere: a machine without network
 * answers with an error.
 */
export async function startProxy(options: ProxyOptions): Promise<Proxy> {
  const { server, served, credentials } = options;
  const seen: string[] = [];
  const toServer = new http.Agent();
  // OSS answers at both ports of a name; the server on this computer has one.
  toServer.createConnection = () =>
    server.endpoint.startsWith('https:')
      ? tls.connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false })
      : net.connect(server.port, '127.0.0.1');
  // What is tunnelled goes into the server as if its listener had taken it, whatever the port.
  const tunnelEnd = http.createServer();
  tunnelEnd.removeAllListeners('connection');
  tunnelEnd.on('connection', (socket: net.Socket) => {
    const onward = net.connect(server.port, '127.0.0.1');
    socket.pipe(onward).pipe(socket);
    const end = (): void => {
      socket.destroy();
      onward.destroy();
    };
    for (const side of [socket, onward]) side.on('error', end).on('close', end);
  });
  const proxy = new Server({
    host: '127.0.0.1',
    port: options.port ?? 0,
    prepareRequestFunction: ({ request, hostname, port, isHttp, username, password }) => {
      const isWelcome =
        credentials === undefined ||
        (username === credentials.username && password === credentials.password);
      if (!isWelcome) return { requestAuthentication: true };
      seen.push(`${request.method ?? ''} ${hostname}:${port}`);
      if (!served(hostname)) return undefined;
      return isHttp ? { httpAgent: toServer } : { customConnectServer: tunnelEnd };
    },
  });
  await proxy.listen();
  return {
    url: `http://127.0.0.1:${proxy.port}`,
    seen,
    close: async () => {
      toServer.destroy();
      await proxy.close(true);
    },
  };
}
