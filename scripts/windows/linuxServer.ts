/** The other side of linuxPrograms.ts: runs programs of Linux for programs under Wine. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { messageOf, run } from '../processes';
import type { Answer, Question } from './linuxPrograms';

/** A running one; `url` is what `LINUX_SERVER` must be. */
export interface LinuxServer {
  readonly url: string;
  /** Also what is being answered. */
  close(): void;
}

/**
 * Serves on the loopback interface, whoever knows the whole address. `toLinux` translates what is a
 * path of Windows, wherever it stands in a question.
 */
export async function serveLinux(toLinux: (path: string) => string): Promise<LinuxServer> {
  const secret = `/${randomUUID()}`;
  const answer = async (question: string): Promise<Answer> => {
    const { command, args, folder, input } = JSON.parse(question, (_key, value: unknown) =>
      typeof value === 'string' ? toLinux(value) : value,
    ) as Question;
    const options = { cwd: folder, input: JSON.stringify(input) };
    return { stdout: await run(command, args, options) };
  };
  const server = http.createServer((request, response) => {
    if (request.url !== secret) {
      response.writeHead(404).end();
      return;
    }
    void text(request)
      .then(answer)
      .catch((error: unknown): Answer => ({ error: messageOf(error) }))
      .then((said) => response.end(JSON.stringify(said)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = (): void => {
    server.close();
    server.closeAllConnections();
  };
  return { url: `http://127.0.0.1:${port}${secret}`, close };
}
