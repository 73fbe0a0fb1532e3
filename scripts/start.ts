/**
 * `npm start`: try the extension without an account. Starts a local OSS server with a bucket, and
 * a VS Code in which the extension is installed and set up for it, then prints what to do. Ctrl-C
 * ends all of it; what was interrupted is found by the next start.
 *
 *     npm start [-- --speed 30] [--port 8123] [--reset]
 *     npm start -- --account new  as somebody who opened an account since 2025, with a bound domain
 *     npm start -- --desktop      in the desktop VS Code of this computer (`code`, VSCODE_EXECUTABLE)
 */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { OssServer } from '../test/oss-server/server';
import { startOssServer, testCaFile } from '../test/oss-server/server';
import { startProxy } from '../test/support/proxy';
import type { Proxy } from '../test/support/proxy';
import { findDesktop } from './editor/desktop';
import type { Settings } from './editor/server';
import { EditorServer, QUIET_SETTINGS, installVsix } from './editor/server';
import { cacheDir } from './paths';
import { commandOf, freePort, isAlive, isPortFree, messageOf, runCommand } from './processes';
import { writeSampleFile } from './sampleFile';
import { packageVsix } from './vsix';

const MB = 1 << 20;
const SAMPLE_MB = 300;
const BUCKET = 'demo-bucket';
const REGION = 'cn-hangzhou';
/** Bound to the bucket, for an account that needs one. */
const DOMAIN = 'img.example.com';
/** Opens nothing but the local server, so that it may be written here. */
const ACCESS_KEY = { accessKeyId: 'LTAI5tDemoDemoDemoDemo01', accessKeySecret: 'demo-secret' };

/** Ports that a person sees in an address; the numbers are kept, see {@link rememberedPort}. */
const DEFAULT_PORTS = { editor: 8123, oss: 8124, proxy: 8125 } as const;

interface Options {
  readonly isDesktop: boolean;
  readonly port: number | undefined;
  readonly megabytesPerSecond: number;
  readonly shouldReset: boolean;
  /** Of an account opened since 2025, which reaches its data by a domain of its own only. */
  readonly isNewAccount: boolean;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      desktop: { type: 'boolean', default: false },
      port: { type: 'string' },
      speed: { type: 'string', default: '30' },
      reset: { type: 'boolean', default: false },
      account: { type: 'string', default: 'old' },
    },
  });
  const megabytesPerSecond = Number(values.speed);
  if (!(megabytesPerSecond > 0)) throw new Error('--speed is a number of megabytes per second.');
  const port = values.port === undefined ? undefined : Number(values.port);
  if (port !== undefined && !(Number.isInteger(port) && port > 0 && port < 65_536)) {
    throw new Error('--port is a number from 1 to 65535.');
  }
  if (!['old', 'new'].includes(values.account)) throw new Error('--account is old or new.');
  return {
    isDesktop: values.desktop,
    port,
    megabytesPerSecond,
    shouldReset: values.reset,
    isNewAccount: values.account === 'new',
  };
}

async function main(): Promise<void> {
  const options = readOptions();
  const home = path.join(cacheDir(), options.isNewAccount ? 'start-new' : 'start');
  if (options.shouldReset) fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
  fs.mkdirSync(home, { recursive: true });
  await takeOver(home);

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
  const end = options.isDesktop
    ? await openDesktop(home, workspace, vsix, settings, env)
    : await serveEditor(home, workspace, vsix, settings, env, options);
  await end.whenEnded;
  await end.stop();
  await proxy?.close();
  await oss.close();
}

/** Something that runs until the user or the program itself ends it. */
interface Running {
  readonly whenEnded: Promise<unknown>;
  stop(): Promise<void>;
}

async function startOss(home: string, options: Options): Promise<OssServer> {
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

async function serveEditor(
  home: string,
  workspace: string,
  vsix: string,
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
  options: Options,
): Promise<Running> {
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
  console.log(instructions(`Open  ${editor.origin}/`));
  return { whenEnded: interrupted(), stop: () => editor.stop() };
}

async function openDesktop(
  home: string,
  workspace: string,
  vsix: string,
  settings: Settings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Running> {
  const code = findDesktop();
  if (!code) {
    throw new Error(
      'No desktop VS Code was found: `code` is not in the PATH. In VS Code run "Shell Command: Install ' +
        "'code' command in PATH\", or set VSCODE_EXECUTABLE, or use npm start without --desktop.",
    );
  }
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
  console.log(instructions('A VS Code window opens.'));
  return {
    whenEnded: Promise.race([once(child, 'exit'), interrupted()]),
    stop: () => {
      child.kill();
      return Promise.resolve();
    },
  };
}

function instructions(firstStep: string): string {
  return `
  1. ${firstStep}
  2. Right-click big-file.bin, choose "Upload to OSS (resumable)", and press Enter to use the
     credentials of the environment.
  3. In the middle of it press Ctrl-C here, then run npm start again and reload the window.
  4. Click "1 upload to resume" in the status bar: it goes on where it was.

  OSS is a server on this computer; nothing leaves it. Start afresh: npm start -- --reset
`;
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

/** The port of the last time, so that the browser and the checkpoints find what they know. */
async function rememberedPort(
  home: string,
  name: keyof typeof DEFAULT_PORTS,
  wanted: number | undefined,
): Promise<number> {
  const last = lastPort(home, name);
  let port = wanted ?? last;
  if (!(await isPortFree(port))) {
    if (wanted !== undefined) throw new Error(`Port ${wanted} is taken by another program.`);
    port = await freePort();
    console.log(`Port ${last} is taken by another program, ${port} is used instead.`);
  }
  fs.writeFileSync(portFile(home, name), String(port));
  return port;
}

function lastPort(home: string, name: keyof typeof DEFAULT_PORTS): number {
  const file = portFile(home, name);
  return fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : DEFAULT_PORTS[name];
}

function portFile(home: string, name: string): string {
  return path.join(home, `${name}.port`);
}

/** One `npm start` at a time: two would share data and ports. */
async function takeOver(home: string): Promise<void> {
  const file = path.join(home, 'pid');
  const other = fs.existsSync(file) ? Number(fs.readFileSync(file, 'utf8')) : 0;
  // A number alone proves nothing: after a crash it may have become that of another program.
  if (other > 0 && isAlive(other) && !(await isPortFree(lastPort(home, 'oss')))) {
    throw new Error(`npm start runs already, as process ${other}.`);
  }
  fs.writeFileSync(file, String(process.pid));
  process.once('exit', () => {
    fs.rmSync(file, { force: true });
  });
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
