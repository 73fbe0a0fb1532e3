/**
 * Programs of Linux for what runs in Windows' Node under Wine: the server that `LINUX_SERVER` names
 * runs them there, in the same folder, and answers with what they print. See {@link serveLinux}.
 *
 *     linuxPrograms <program> [argument ...]     as the program itself
 */
import http from 'node:http';
import { text } from 'node:stream/consumers';
import { messageOf } from '../processes';

/** What the server is asked to run. */
export interface Question {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  /** What the program reads from its standard input, as JSON; nothing when left out. */
  readonly input?: unknown;
}

/** What a program printed, or why it failed. */
export type Answer = { readonly stdout: string } | { readonly error: string };

/** Resolves with the standard output of a program of Linux; rejects with all that it said. */
export async function runOnLinux(
  command: string,
  args: readonly string[],
  input?: unknown,
): Promise<string> {
  const question: Question = { command, args, folder: process.cwd(), input };
  const answer = JSON.parse(await ask(JSON.stringify(question))) as Answer;
  if ('error' in answer) throw new Error(answer.error);
  return answer.stdout;
}

function ask(body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = http.request(process.env['LINUX_SERVER'] ?? '', { method: 'POST' });
    request.once('error', reject);
    request.once('response', (response) => {
      text(response).then(resolve, reject);
    });
    request.end(body);
  });
}

if (require.main === module) {
  const [command = '', ...args] = process.argv.slice(2);
  runOnLinux(command, args).then(
    (stdout) => process.stdout.write(stdout),
    (error: unknown) => {
      console.error(messageOf(error));
      process.exitCode = 1;
    },
  );
}
