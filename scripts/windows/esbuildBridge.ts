/**
 * Takes the place of esbuild in Windows' Node under Wine: the one on the Linux side, which is the
 * binary that is installed, makes the bundle. See {@link serveEsbuild}.
 */
import http from 'node:http';
import type { BuildOptions, BuildResult } from 'esbuild';

/** As esbuild's own; of the plugins those of esbuild.js are known on the other side. */
export async function build(options: BuildOptions): Promise<BuildResult> {
  const { plugins = [], ...rest } = options;
  const question = { options: rest, plugins: plugins.map(({ name }) => name) };
  const answer = await ask(JSON.stringify(question));
  const { error, result } = JSON.parse(answer) as { error?: string; result: BuildResult };
  if (error !== undefined) throw new Error(error);
  return result;
}

function ask(body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(process.env['ESBUILD_BRIDGE'] ?? '', { method: 'POST' });
    request.once('error', reject);
    request.once('response', (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.once('error', reject);
      response.once('end', () => {
        resolve(text);
      });
    });
    request.end(body);
  });
}
