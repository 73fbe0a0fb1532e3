/** A user's day in one test file: a workspace, an OSS server, the editor and its windows. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { BrowserContext, CDPSession, Locator, Page, TestInfo } from '@playwright/test';
import { test as base, expect } from '@playwright/test';
import type { EditorOptions, Settings } from '../../scripts/editor/server';
import { EditorServer, originOf } from '../../scripts/editor/server';
import { Workbench } from '../../scripts/editor/workbench';
import { EXTENSION_ID } from '../../scripts/paths';
import { freePort, until } from '../../scripts/processes';
import { writeSampleFile } from '../../scripts/sampleFile';
import type { OperationRecord } from '../oss-server/operationsLog';
import type { OssServer, OssServerOptions } from '../oss-server/server';
import { startOssServer, testCaFile } from '../oss-server/server';
import { startProxy } from '../support/proxy';
import type { Proxy, ProxyOptions } from '../support/proxy';

export { expect };

/**
 * Where setup.ts has installed the packaged extension: outside of the repository, so that it finds
 * no module there that the package lacks.
 */
export function extensionsDir(): string {
  const dir = process.env[EXTENSIONS_VARIABLE];
  if (dir === undefined) throw new Error('setup.ts has installed nothing.');
  return dir;
}

/** Tells the workers of Playwright what {@link extensionsDir} is. */
export const EXTENSIONS_VARIABLE = 'OSS_E2E_EXTENSIONS';

/** The bucket on the local OSS server, and who may write to it. */
export const BUCKET = 'e2e-bucket';
export const ACCESS_KEY = { accessKeyId: 'LTAI5tE2eTestKey00000001', accessKeySecret: 'e2eSecret' };

export const MIB = 1 << 20;

/** One that comes when the pointer has gone lies over what is clicked next, and stays there. */
const NO_TOOLTIPS = { 'workbench.hover.delay': 2 ** 30, 'workbench.hover.reducedDelay': 2 ** 30 };

/** For {@link Session.changeSettings}: no test sees a tooltip that has not asked for them. */
export const TOOLTIPS = { 'workbench.hover.delay': 0 };

/** Nothing of the developer's own account may be found by the extension under test. */
const NO_CREDENTIALS = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => /^(ALIBABA_?CLOUD|ALICLOUD|OSS|OSSUTIL)_/.test(name))
    .map((name) => [name, undefined]),
);

/**
 * What all sessions of a worker share: a browser with a profile on disk, and the ports of their
 * editors. Chrome keeps the compiled workbench by its address, which saves a third of each opening;
 * what an editor stores in the browser is gone before another one has its port.
 */
export class Profile {
  private readonly ports: number[] = [];

  private constructor(
    readonly context: BrowserContext,
    private readonly storage: CDPSession,
  ) {}

  /** With the page that a browser starts with, which stays empty. */
  static async of(context: BrowserContext): Promise<Profile> {
    const page = context.pages()[0] ?? (await context.newPage());
    return new Profile(context, await context.newCDPSession(page));
  }

  /** The windows that sessions have opened. */
  get windows(): Page[] {
    return this.context.pages().slice(1);
  }

  /** A port of which the browser knows nothing but code. */
  async takePort(): Promise<number> {
    return this.ports.pop() ?? freePort();
  }

  /** Takes a port back whose windows are closed, and forgets what they have stored. */
  async giveBackPort(port: number): Promise<void> {
    const origin = originOf(port);
    await this.storage.send('Storage.clearDataForOrigin', { origin, storageTypes: 'all' });
    this.ports.push(port);
  }
}

/**
 * Playwright's test. When one fails, its report has a screenshot of every open window, the texts of
 * the notifications there, and what the extension logged and the OSS server was asked.
 */
export const test = base.extend<{ evidence: undefined }, { profile: Profile }>({
  profile: [
    async ({ playwright, launchOptions }, use) => {
      const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-e2e-browser-'));
      const viewport = { width: 1280, height: 800 };
      const context = await playwright.chromium.launchPersistentContext(dir, {
        ...launchOptions,
        viewport,
      });
      await use(await Profile.of(context));
      await context.close();
      fs.rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
    },
    { scope: 'worker' },
  ],
  evidence: [
    async ({ profile }, use, info) => {
      await use(undefined);
      if (info.status === info.expectedStatus) return;
      await takeScreenshots(profile, info);
      // Printed, not attached: a report shortens what is attached.
      for (const session of sessions) {
        console.log(`Log of the extension:\n${session.extensionLog()}`);
        console.log(`Requests to OSS:\n${session.requestLog()}`);
      }
    },
    { auto: true },
  ],
});

/** Those that have begun and not ended, for the report of a failure. */
const sessions = new Set<Session>();

async function takeScreenshots(profile: Profile, info: TestInfo): Promise<void> {
  for (const [n, page] of profile.windows.entries()) {
    const file = info.outputPath(`window-${n}.png`);
    // A window that hangs must not hide why the test failed.
    await page.screenshot({ path: file, timeout: 10_000 }).catch(() => undefined);
    if (fs.existsSync(file))
      info.attachments.push({ name: `window-${n}`, path: file, contentType: 'image/png' });
    // Also those that the workbench holds without showing them.
    const all = page.locator('.notification-list-item-message');
    const texts = await all.allTextContents().catch(() => ['(the window does not answer)']);
    console.log(`Notifications of window ${n}:\n${texts.join('\n')}`);
  }
}

/** Of a proxy: which it asks for, and which the user has written into the settings. */
export interface ProxyPassword {
  readonly asked?: ProxyOptions['credentials'];
  readonly given?: ProxyOptions['credentials'];
}

/** What `http.proxy` says of a proxy. */
export function proxyUrl(proxy: Proxy, given: ProxyPassword['given']): string {
  const url = new URL(proxy.url);
  url.username = encodeURIComponent(given?.username ?? '');
  url.password = encodeURIComponent(given?.password ?? '');
  return url.href;
}

/** What one spec file works with; begun in `beforeAll`, ended in `afterAll`. */
export class Session {
  /** The window that was opened last. */
  window!: Workbench;
  private extensions: string | undefined;
  private servers: EditorServer[] = [];
  private windows: Page[] = [];
  private port: number | undefined;
  private changes = 0;

  private get machineSettings(): Settings {
    return {
      'ossUpload.endpoint': this.oss.endpoint,
      'ossUpload.completionMessage': 'always',
      ...NO_TOOLTIPS,
      ...this.options.machineSettings,
    };
  }

  private constructor(
    private readonly dir: string,
    private readonly profile: Profile,
    readonly oss: OssServer,
    private readonly options: Partial<EditorOptions>,
    /** Undefined where the server is found without one. */
    readonly proxy: Proxy | undefined,
  ) {}

  /**
   * A new user with an empty workspace, and a running OSS server. No editor yet. With `byNames` the
   * server is that, and found by the names of OSS and of example.com, over TLS or without: by a proxy
   * that the user's setting `http.proxy` names, which may ask for a password.
   */
  static async begin(
    profile: Profile,
    options: Partial<EditorOptions> = {},
    byNames?: Partial<OssServerOptions>,
    password: ProxyPassword = {},
  ): Promise<Session> {
    const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-e2e-'));
    for (const name of ['workspace', 'home', 'data']) fs.mkdirSync(path.join(dir, name));
    const oss = await startOssServer({
      dir: path.join(dir, 'oss'),
      buckets: [{ name: BUCKET, region: 'cn-hangzhou' }],
      credentials: [{ ...ACCESS_KEY }],
      ...(byNames && { https: true, ...byNames }),
    });
    const proxy =
      byNames &&
      (await startProxy({
        server: oss,
        served: (host) => /\.(aliyuncs|example)\.com$/.test(host),
        credentials: password.asked,
      }));
    const named = proxy && {
      machineSettings: { 'ossUpload.endpoint': 'public', ...options.machineSettings },
      settings: { 'http.proxy': proxyUrl(proxy, password.given), ...options.settings },
      env: { ...options.env, NODE_EXTRA_CA_CERTS: testCaFile },
    };
    const session = new Session(dir, profile, oss, { ...options, ...named }, proxy);
    sessions.add(session);
    return session;
  }

  /** Has another extension beside ours, by its files; to be called before {@link open}. */
  addExtension(name: string, files: Readonly<Record<string, string>>): void {
    const folder = path.join(this.dir, 'extensions');
    fs.cpSync(extensionsDir(), folder, { recursive: true });
    const listFile = path.join(folder, 'extensions.json');
    const list = JSON.parse(fs.readFileSync(listFile, 'utf8')) as object[];
    const version = '1.0.0';
    const location = { $mid: 1, scheme: 'file', path: path.join(folder, name) };
    list.push({ identifier: { id: `e2e.${name}` }, version, location, relativeLocation: name });
    fs.writeFileSync(listFile, JSON.stringify(list));
    fs.mkdirSync(path.join(folder, name));
    const engines = { vscode: '^1.101.0' };
    const manifest = { name, publisher: 'e2e', version, engines, main: 'main.js' };
    const activationEvents = ['onStartupFinished'];
    const all = { 'package.json': JSON.stringify({ ...manifest, activationEvents }), ...files };
    for (const [file, text] of Object.entries(all)) {
      fs.writeFileSync(path.join(folder, name, file), text);
    }
    this.extensions = folder;
  }

  /** Ends everything and removes it. */
  async end(): Promise<void> {
    sessions.delete(this);
    for (const page of this.windows) await page.close();
    for (const server of this.servers) await server.stop();
    if (this.port !== undefined) await this.profile.giveBackPort(this.port);
    await this.proxy?.close();
    await this.oss.close();
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  get workspace(): string {
    return path.join(this.dir, 'workspace');
  }

  /** The editor that was started last. */
  get editor(): EditorServer {
    const editor = this.servers.at(-1);
    if (!editor) throw new Error('No editor was started.');
    return editor;
  }

  /** Writes a file into the workspace; resolves with its SHA-256. */
  async addFile(name: string, sizeBytes: number): Promise<string> {
    const file = path.join(this.workspace, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    return writeSampleFile(file, sizeBytes, name);
  }

  /**
   * Starts the editor and opens the workspace. The second time it is the same user on the same
   * computer again: same data folder, same port.
   */
  async open(): Promise<Workbench> {
    this.port ??= await this.profile.takePort();
    const server = await EditorServer.start({
      dataDir: path.join(this.dir, 'data'),
      extensionsDir: this.extensions ?? extensionsDir(),
      ...this.options,
      port: this.port,
      machineSettings: this.machineSettings,
      env: { ...NO_CREDENTIALS, HOME: path.join(this.dir, 'home'), ...this.options.env },
    });
    this.servers.push(server);
    this.window = await this.openAnother();
    return this.window;
  }

  /** A further window of the running editor; {@link window} stays the one before. */
  async openAnother(folder = this.workspace): Promise<Workbench> {
    const { context } = this.profile;
    const permissions = ['clipboard-read', 'clipboard-write'];
    await context.grantPermissions(permissions, { origin: this.editor.origin });
    const page = await context.newPage();
    this.windows.push(page);
    return new Workbench(page).open(this.editor.url(folder));
  }

  /**
   * Changes the settings that the window began with by these, and waits until it has read them. Its
   * title tells: what the window asks of an extension from then on comes after the settings.
   */
  async changeSettings(changes: Settings): Promise<void> {
    const title = `change ${++this.changes}`;
    const settings = { ...this.machineSettings, ...changes };
    this.editor.changeSettings({
      ...settings,
      'window.title': `${title}\${separator}\${rootName}`,
    });
    await expect(this.window.page).toHaveTitle(new RegExp(`^${title} `));
  }

  /** Writes the settings of the open folder; waits as {@link changeSettings} does. Gives the file. */
  async changeFolderSettings(settings: Settings): Promise<string> {
    const separator = ` - change ${++this.changes} of the folder - `;
    const file = this.writeFolderSettings({ ...settings, 'window.titleSeparator': separator });
    await expect(this.window.page).toHaveTitle(new RegExp(separator));
    return file;
  }

  /** Writes the settings of the folder before a window opens it. Gives the file. */
  writeFolderSettings(settings: Settings): string {
    const file = path.join(this.workspace, '.vscode', 'settings.json');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, JSON.stringify(settings, null, 2));
    return file;
  }

  /** Adds to the user's settings, and reloads the window, which surely reads them then. */
  async changeUserSettings(settings: Settings): Promise<void> {
    this.editor.changeUserSettings(settings);
    await this.window.reload();
  }

  /** Closes the window; the editor's server goes on. */
  async closeWindow(): Promise<void> {
    await this.window.page.close();
  }

  /** The status bar item of the extension. */
  get status(): Locator {
    return this.window.status(EXTENSION_ID, 'ossUpload.status');
  }

  /** The names of what lies in the folder of checkpoints. */
  checkpoints(): string[] {
    const folder = path.join(this.editor.globalStorage(EXTENSION_ID), 'checkpoints');
    return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  }

  /** Answers what the first upload asks: AccessKey, secret, the bucket, no folder. */
  async answerFirstQuestions(): Promise<void> {
    const { window } = this;
    await window.input('AccessKey ID', ACCESS_KEY.accessKeyId);
    await window.inputMessage('AccessKey Secret').waitFor();
    await expect(window.quickInput).toHaveAttribute('type', 'password');
    await window.input('AccessKey Secret', ACCESS_KEY.accessKeySecret);
    await window.pick(BUCKET);
    await window.input(`Folder in bucket ${BUCKET}`, '');
  }

  /** The last lines of the extension's log, of all windows. */
  extensionLog(): string {
    const folder = path.join(this.dir, 'data', 'data', 'logs');
    if (!fs.existsSync(folder)) return '';
    const files = fs
      .readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.log') && name.includes(EXTENSION_ID));
    return files
      .map((name) => fs.readFileSync(path.join(folder, name), 'utf8').split('\n').slice(-60))
      .flat()
      .join('\n');
  }

  /** The last requests that OSS got, a line each. */
  requestLog(): string {
    return this.oss.operations
      .slice(-40)
      .map((record) => JSON.stringify(record))
      .join('\n');
  }

  /** Waits for an object that has these bytes. */
  async expectObject(key: string, sha256: string, bucket = BUCKET): Promise<void> {
    const isThere = (): boolean =>
      this.oss.operations.some(
        (r) => r.bucket === bucket && r.key === key && r.accepted && isLast(r),
      );
    await until(`${key} in OSS`, isThere, 60_000);
    expect(await this.oss.object(bucket, key)?.sha256()).toBe(sha256);
  }

  /** The numbers of the parts of a key that were accepted, in the order in which they were. */
  acceptedParts(key: string, from = 0): number[] {
    return this.oss.operations
      .slice(from)
      .filter((r) => r.operation === 'uploadPart' && r.key === key && r.accepted)
      .map((r) => r.partNumber ?? 0);
  }

  /** No upload and no checkpoint is left. */
  async expectNothingLeft(): Promise<void> {
    await until('an empty folder of checkpoints', () => this.checkpoints().length === 0);
    await until('no unfinished upload in OSS', () => this.oss.uploads(BUCKET).length === 0);
  }
}

function isLast({ operation }: OperationRecord): boolean {
  return operation === 'completeMultipartUpload' || operation === 'putObject';
}

/** The percentage that a progress notification shows. */
export async function percentOf(notification: Locator): Promise<number> {
  const bar = notification.locator('.monaco-progress-container .progress-bit');
  const style = await bar.getAttribute('style');
  return Number(/width: ([\d.]+)%/.exec(style ?? '')?.[1] ?? 0);
}
