/**
 * Takes the place of esbuild in Windows' Node under Wine: the one of Linux, which is the binary that
 * is installed, makes the bundle there, in esbuildOnLinux.ts.
 */
import path from 'node:path';
import type { BuildOptions, BuildResult } from 'esbuild';
import { ROOT } from '../paths';
import { runOnLinux } from './linuxPrograms';

/** What is asked of esbuildOnLinux.ts. */
export interface Bundle {
  readonly options: BuildOptions;
  /** Names of plugins of esbuild.js. */
  readonly plugins: readonly string[];
}

/** As esbuild's own; of the plugins those of esbuild.js are known on the other side. */
export async function build({ plugins = [], ...options }: BuildOptions): Promise<BuildResult> {
  const tsx = path.join(ROOT, 'node_modules', '.bin', 'tsx');
  const program = path.join(ROOT, 'scripts', 'windows', 'esbuildOnLinux.ts');
  const bundle: Bundle = { options, plugins: plugins.map(({ name }) => name) };
  return JSON.parse(await runOnLinux(tsx, [program], bundle)) as BuildResult;
}
