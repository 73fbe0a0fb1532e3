/**
 * `npm start`: try the extension without an account. Starts a local OSS server with a bucket, and
 * a VS Code in which the extension is installed and set up for it, then prints what to do. Ctrl-C
 * ends all of it; what was interrupted is found by the next start.
 *
 *     npm start [-- --speed 30] [--port 8123] [--reset]
 *     npm start -- --account new  as somebody who opened an account since 2025, with a bound domain
 *     npm start -- --desktop      in the desktop VS Code of this computer (`code`, VSCODE_EXECUTABLE),
 *                                 as without it on other systems than Linux x64
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import type { OssServer } from '../test/oss-server/server';
import { startOssServer, testCaFile } from '../test/oss-server/server';
import { startProxy } from '../test/support/proxy';
import type { Proxy } from '../test/support/proxy';
import { findDesktop } from './editor/desktop';
import { THIS_SYSTEM, chooseHost, hasServerEditor } from './editor/host';
import type { Settings } from './editor/server';
import { EditorServer, QUIET_SETTINGS, installVsix } from './editor/server';
import { cacheDir } from './paths';
import { commandOf, messageOf, runCommand } from './processes';
import { writeSampleFile } from './sampleFile';
import { claimHome, releaseHome, rememberedPort } from './startHome';
import type { StartOptions } from './startOptions';
import { instructions, readStartOptions } from './startOptions';
import { packageVsix } from './vsix';

const MB = 1 << 20;
const SAMPLE_MB = 300;
const BUCKET = 'demo-bucket';
const REGION = 'cn-hangzhou';
/** Bound to the bucket, for an account that needs one. */
const DOMAIN = 'img.example.com';
/** Opens nothing but the local server, so that it may be written here. */
const ACCESS_KEY = { accessKeyId: 'LTAI5tDemoDemoDemoDemo01', accessKeySecret: 'demo-secret' };

async function main(): Promise<void> {
  const options = readStartOptions(process.argv.slice(2));
  // Whatever keeps it from running is said before anything is built or written.
  const code = options.isDesktop || !isServed() ? desktopCode() : undefined;
  const home = path.join(cacheDir(), options.isNewAccount ? 'start-new' : 'start');
  await claimHome(home, options);
  process.once('exit', () => {
    releaseHome(home);
  });

  console.log('Building and packaging the extension ...');
  const vsix = await packageVsix();
  const workspace = await prepareWorkspace(home);
  const oss = await startOss(home, options);
  const proxy = options.isNewAccount ? await startNames(home, oss) : undefined;
  const settings = {
    ...(proxy === undefined ? { 'ossUpload.endpoint': oss.endpoint } : { 'http.proxy': proxy.url }),
    'ossUpload.bucket': BUCKET,
    'ossUpload.region': REGION,
    'ossUpload.completionMessage': 'always',
  };
  // In the environment they are found by the extension and stored by nobody.
  const env = {
    ALIBABA_CLOUD_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
    ALIBABA_CLOUD_ACCESS_KEY_SECRET: ACCESS_KEY.accessKeySecret,
    ALIBABA_CLOUD_SECURITY_TOKEN: undefined,
    // A server of the editor takes http.proxy of its user only, and what is set here is the machine's.
    ...(proxy !== undefined && { HTTPS_PROXY: proxy.url, NODE_EXTRA_CA_CERTS: testCaFile }),
  };
  const start = { home, workspace, vsix, settings, env, options };
  const end = code === undefined ? await serveEditor(start) : await openDesktop(code, start);
  await end.whenEnded;
  await end.stop();
  await proxy?.close();
  await oss.close();
}

function isServed(): boolean {
  return chooseHost(process.env, THIS_SYSTEM) === 'server';
}

/** The desktop VS Code, said when nobody asked for it. */
function desktopCode(): string {
  const code = findDesktop();
  if (code === undefined) {
    const orElse = hasServerEditor(THIS_SYSTEM) ? ', or use npm start without --desktop' : '';
    throw new Error(
      'No desktop VS Code was found: `code` is not in the PATH. Install VS Code, or run "Shell Command: ' +
        `Install 'code' command in PATH" in it, or set VSCODE_EXECUTABLE to its program${orElse}.`,
    );
  }
  console.log(`In the VS Code of this computer, ${code}`);
  return code;
}

/** What an editor is started with. */
interface Start {
  readonly home: string;
  readonly workspace: string;
  readonly vsix: string;
  readonly settings: Settings;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options: StartOptions;
}

/** Something that runs until the user or the program itself ends it. */
interface Running {
  readonly whenEnded: Promise<unknown>;
  stop(): Promise<void>;
}

async function startOss(home: string, options: StartOptions): Promise<OssServer> {
  const port = await rememberedPort(home, 'oss', undefined);
  const bytesPerSecond = options.megabytesPerSecond * MB;
  return startOssServer({
    dir: path.join(home, 'oss'),
    port,
    buckets: [
      {
        name: BUCKET,
        region: REGION,
        domains: options.isNewAccount ? [{ domain: DOMAIN, certificate: {} }] : undefined,
      },
    ],
    https: options.isNewAccount,
    account: { kind: options.isNewAccount ? 'since2025' : 'before2025' },
    credentials: [{ ...ACCESS_KEY }],
    operationsFile: path.join(home, 'oss-operations.jsonl'),
    // Each part by itself; three of them are sent at a time.
    faults: [{ on: 'uploadPart', do: { drainBytesPerSecond: bytesPerSecond / 3 } }],
  });
}

/** The names of OSS, and the bound domain, lead to the local server: by a proxy for the editor. */
async function startNames(home: string, server: OssServer): Promise<Proxy> {
  return startProxy({
    server,
    served: (host) => host === DOMAIN || host.endsWith('.aliyuncs.com'),
    port: await rememberedPort(home, 'proxy', undefined),
  });
}

async function serveEditor(start: Start): Promise<Running> {
  const { home, workspace, vsix, settings, env, options } = start;
  const extensionsDir = path.join(home, 'extensions');
  fs.rmSync(extensionsDir, { recursive: true, force: true });
  await installVsix(vsix, extensionsDir);
  const editor = await EditorServer.start({
    dataDir: path.join(home, 'editor'),
    extensionsDir,
    // What the browser stores for the editor is found again under the same port only.
    port: await rememberedPort(home, 'editor', options.port),
    machineSettings: settings,
    defaultFolder: workspace,
    env,
  });
  console.log(instructions(`Open  ${editor.origin}/`, options));
  return { whenEnded: interrupted(), stop: () => editor.stop() };
}

async function openDesktop(code: string, start: Start): Promise<Running> {
  const { home, workspace, vsix, settings, env, options } = start;
  const userData = path.join(home, 'desktop');
  const extensions = path.join(home, 'desktop-extensions');
  const settingsFile = path.join(userData, 'User', 'settings.json');
  fs.mkdirSync(path.dirname(settingsFile), { recursive: true });
  fs.writeFileSync(settingsFile, JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2));
  const folders = ['--user-data-dir', userData, '--extensions-dir', extensions];
  await runCommand(code, [...folders, '--install-extension', vsix, '--force']);
  const { file, args, windowsVerbatimArguments } = commandOf(code, [
    ...folders,
    ...['--new-window', '--wait', workspace],
  ]);
  const child: ChildProcess = spawn(file, args, {
    stdio: 'ignore',
    windowsVerbatimArguments,
    env: { ...process.env, ...env },
  });
  console.log(instructions('A VS Code window opens.', options));
  return {
    whenEnded: Promise.race([once(child, 'exit'), interrupted()]),
    stop: () => {
      child.kill();
      return Promise.resolve();
    },
  };
}

/** The folder that opens: a large file, and some small ones. */
async function prepareWorkspace(home: string): Promise<string> {
  const workspace = path.join(home, 'workspace');
  fs.mkdirSync(path.join(workspace, 'photos', '2024'), { recursive: true });
  const big = path.join(workspace, 'big-file.bin');
  const sizeBytes = SAMPLE_MB * MB;
  if (!fs.existsSync(big) || fs.statSync(big).size !== sizeBytes) {
    console.log(`Writing a file of ${SAMPLE_MB} MB ...`);
    await writeSampleFile(big, sizeBytes, 'big-file.bin');
  }
  for (const name of ['one.raw', '2024/two.raw', '2024/three.raw']) {
    const file = path.join(workspace, 'photos', name);
    if (!fs.existsSync(file)) await writeSampleFile(file, 12 * MB, name);
  }
  const hello = path.join(workspace, 'hello.txt');
  if (!fs.existsSync(hello)) fs.writeFileSync(hello, 'Hello, OSS!\n');
  return workspace;
}

/**
 * Resolves with the first Ctrl-C. npm, tsx and the terminal may each pass the same one on; a later
 * one ends this at once.
 */
function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    let firstMs: number | undefined;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (firstMs !== undefined && Date.now() - firstMs > 1000) process.exit(130);
        if (firstMs !== undefined) return;
        firstMs = Date.now();
        console.log('\nStopping ...');
        resolve();
      });
    }
  });
}

main().then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
