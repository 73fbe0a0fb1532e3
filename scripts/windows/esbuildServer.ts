/** The other side of esbuildBridge.ts: makes bundles for programs under Wine. */
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { build } from 'esbuild';
import type { BuildOptions } from 'esbuild';
import { bundleOptions } from '../../esbuild.js';
import { messageOf } from '../processes';

/** A running one; `url` is what `ESBUILD_BRIDGE` must be. */
export interface EsbuildServer {
  readonly url: string;
  close(): void;
}

/** Serves on the loopback interface. `toLinux` translates what is a path of Windows. */
export async function serveEsbuild(toLinux: (path: string) => string): Promise<EsbuildServer> {
  const plugins = bundleOptions({ production: true, outputFolder: '' }).flatMap(
    (options) => options.plugins ?? [],
  );
  const answer = async (question: string): Promise<unknown> => {
    const asked = JSON.parse(question, (_key, value: unknown) =>
      typeof value === 'string' ? toLinux(value) : value,
    ) as { options: BuildOptions; plugins: readonly string[] };
    const result = await build({
      ...asked.options,
      plugins: plugins.filter(({ name }) => asked.plugins.includes(name)),
    });
    return { result };
  };
  const server = http.createServer((request, response) => {
    void text(request)
      .then(answer)
      .catch((error: unknown) => ({ error: messageOf(error) }))
      .then((said) => response.end(JSON.stringify(said)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}
