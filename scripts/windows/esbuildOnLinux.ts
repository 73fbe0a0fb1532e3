/** Makes the bundle of which it reads on standard input, for esbuildBridge.ts; prints the result. */
import { json } from 'node:stream/consumers';
import { build } from 'esbuild';
import { bundleOptions } from '../../esbuild.js';
import { messageOf } from '../processes';
import type { Bundle } from './esbuildBridge';

async function main(): Promise<void> {
  const asked = (await json(process.stdin)) as Bundle;
  const plugins = bundleOptions({ production: true, outputFolder: '' })
    .flatMap((options) => options.plugins ?? [])
    .filter(({ name }) => asked.plugins.includes(name));
  process.stdout.write(JSON.stringify(await build({ ...asked.options, plugins })));
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
