/**
 * Takes the pictures of the README from a running editor, with the extension installed in it and
 * uploads to a local OSS server: `media/screenshots/<scene>-<look>.png`.
 *
 *     npm run screenshots
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { chromium } from '@playwright/test';
import type { OssServer } from '../test/support/ossServer';
import { startOssServer } from '../test/support/ossServer';
import { CHROME_ARGS, ensureChrome } from './editor/chrome';
import { EditorServer, installVsix } from './editor/server';
import { Workbench } from './editor/workbench';
import { EXTENSION_ID, OUT, ROOT } from './paths';
import { messageOf, sleep, until } from './processes';
import { writeSampleFile } from './sampleFile';
import { packageVsix } from './vsix';

const TARGET = path.join(ROOT, 'media', 'screenshots');
const BUCKET = 'my-bucket';
const ACCESS_KEY = { accessKeyId: 'LTAI5tDemoDemoDemoDemo01', accessKeySecret: 'demo-secret' };
const MIB = 1 << 20;

const THEMES = {
  dark: 'Dark Modern',
  light: 'Light Modern',
  contrast: 'Default High Contrast',
} as const;
type Theme = keyof typeof THEMES;

/** The words of the extension that the gestures need. */
interface Words {
  readonly upload: string;
  readonly category: string;
  readonly showUploads: string;
  readonly view: string;
  readonly progress: string;
  readonly resumeAll: RegExp;
  readonly fromEnvironment: RegExp;
}

const ENGLISH: Words = {
  upload: 'Upload to OSS (resumable)',
  category: 'OSS',
  showUploads: 'Show Uploads',
  view: 'OSS Uploads',
  progress: 'Uploading to OSS',
  resumeAll: /Resume all/,
  fromEnvironment: /from environment/,
};
const CHINESE: Words = {
  upload: '上传到 OSS（断点续传）',
  category: 'OSS',
  showUploads: '查看上传列表',
  view: 'OSS 上传',
  progress: '正在上传到 OSS',
  resumeAll: /全部继续/,
  fromEnvironment: /环境变量/,
};

/** Of the window. */
const SIZE = { width: 1100, height: 640 };

/** One user with one editor, in one language. */
class Studio {
  private server: EditorServer | undefined;
  private window!: Workbench;
  private page: Page | undefined;

  constructor(
    private readonly dir: string,
    private readonly browser: Browser,
    private readonly oss: OssServer,
    private readonly extensionsDir: string,
    private readonly words: Words,
    private readonly locale: string | undefined,
  ) {}

  async open(theme: Theme): Promise<void> {
    const port = this.server?.port;
    const credentials = {
      ALIBABA_CLOUD_ACCESS_KEY_ID: ACCESS_KEY.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: ACCESS_KEY.accessKeySecret,
    };
    this.server = await EditorServer.start({
      dataDir: path.join(this.dir, 'data'),
      extensionsDir: this.extensionsDir,
      machineSettings: this.settings(theme),
      env: { HOME: path.join(this.dir, 'home'), ...credentials },
      ...(port === undefined ? {} : { port }),
      ...(this.locale === undefined ? {} : { locale: this.locale }),
    });
    const context =
      this.page?.context() ??
      (await this.browser.newContext({ viewport: SIZE, deviceScaleFactor: 1.5 }));
    this.page = await context.newPage();
    this.window = await new Workbench(this.page).open(this.server.url(this.workspace));
    await this.window.file('video.mp4').waitFor();
    // The window remembers it.
    if (port === undefined) await this.widenSideBar();
  }

  /** As a power cut would end it. */
  async kill(): Promise<void> {
    await this.server?.kill();
    await this.page?.close();
  }

  async end(): Promise<void> {
    await this.page?.context().close();
    await this.server?.stop();
    await this.oss.close();
    fs.rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Colours follow the settings while the window is open. */
  async dress(theme: Theme): Promise<void> {
    this.server?.changeSettings(this.settings(theme));
    const base = { dark: '.vs-dark', light: '.vs', contrast: '.hc-black' }[theme];
    await this.window.page.locator(`.monaco-workbench${base}`).waitFor();
    await sleep(700);
  }

  async menu(look: string): Promise<void> {
    await this.window.openContextMenu(this.window.file('video.mp4'), this.words.upload);
    await this.window.menuItem(this.words.upload).hover();
    await this.take('menu', look, { x: 0, y: 0, width: 720, height: SIZE.height });
    await this.window.page.keyboard.press('Escape');
  }

  /** An upload that an earlier window left, and one that runs. */
  async upload(): Promise<void> {
    const { window, words } = this;
    this.oss.faults.push({ on: 'uploadPart', do: { drainBytesPerSecond: 3.2 * MIB } });
    await window.contextMenu(window.file('backup.tar'), words.upload);
    await window.pick(words.fromEnvironment);
    await until('parts', () => this.accepted('backup.tar') >= 3);
    await window.button(window.notification(words.progress), 'Cancel').click();
    await window.notification(words.progress).waitFor({ state: 'detached' });
    await this.clearMessages();
    await window.command(`${words.category}: ${words.showUploads}`);
    await this.rows(1);
    await window.reload();
    await window.contextMenu(window.file('video.mp4'), words.upload);
    await until('parts', () => this.accepted('video.mp4') >= 12, 90_000);
    await this.rows(2);
  }

  /** The view shows so many uploads. */
  private async rows(count: number): Promise<void> {
    await this.window
      .treeRows(this.words.view)
      .nth(count - 1)
      .waitFor();
  }

  /** Room for the rows of the uploads. */
  private async widenSideBar(): Promise<void> {
    const { x, y, width, height } = await this.box('.part.sidebar');
    const { mouse } = this.window.page;
    await mouse.move(x + width, y + height / 2);
    await mouse.down();
    await mouse.move(x + width + 90, y + height / 2, { steps: 5 });
    await mouse.up();
  }

  async progress(look: string): Promise<void> {
    await this.window.page.mouse.move(SIZE.width / 2, 200);
    await this.take('progress', look);
    await this.take('uploads', look, await this.box('.part.sidebar'));
  }

  async resume(look: string): Promise<void> {
    const { window } = this;
    const status = window.status(EXTENSION_ID, 'ossUpload.status');
    await this.rows(2);
    await status.click();
    await window.row(this.words.resumeAll).waitFor();
    await window.page.mouse.move(SIZE.width / 2, 400);
    await sleep(400);
    await this.take('resume', look);
    await window.page.keyboard.press('Escape');
  }

  /** What the window looked like when a gesture failed. */
  async saveFailure(): Promise<void> {
    const file = path.join(OUT, 'screenshots-failure.png');
    await this.page?.screenshot({ path: file, timeout: 10_000 }).catch(() => undefined);
    console.error(`The window: ${file}`);
  }

  private async clearMessages(): Promise<void> {
    const { page } = this.window;
    await page.locator('.notifications-toasts .notification-toast').first().hover();
    await page.locator('.codicon-notifications-clear').first().click();
  }

  private accepted(key: string): number {
    return this.oss.operations.filter(
      (r) => r.operation === 'uploadPart' && r.key === key && r.accepted,
    ).length;
  }

  private async box(selector: string): Promise<Clip> {
    const box = await this.window.page.locator(selector).boundingBox();
    if (!box) throw new Error(`${selector} is not to be seen.`);
    return box;
  }

  private async take(scene: string, look: string, clip?: Clip): Promise<void> {
    const file = path.join(TARGET, `${scene}-${look}.png`);
    await this.window.page.screenshot({ path: file, ...(clip ? { clip } : {}) });
    console.log(`${path.relative(ROOT, file)}  ${(fs.statSync(file).size / 1024).toFixed(0)} KB`);
  }

  private settings(theme: Theme): Record<string, unknown> {
    return {
      'workbench.colorTheme': THEMES[theme],
      'window.title': '${rootName}',
      'ossUpload.endpoint': this.oss.endpoint,
      'ossUpload.bucket': BUCKET,
      'ossUpload.region': 'cn-hangzhou',
    };
  }

  private get workspace(): string {
    return path.join(this.dir, 'project');
  }
}

interface Clip {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

async function makeStudio(
  browser: Browser,
  extensionsDir: string,
  words: Words,
  locale?: string,
): Promise<Studio> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-pictures-'));
  for (const name of ['project/photos', 'home', 'data']) {
    fs.mkdirSync(path.join(dir, name), { recursive: true });
  }
  const files = { 'video.mp4': 320, 'backup.tar': 96, 'poster.png': 1, 'photos/one.raw': 1 };
  for (const [name, megabytes] of Object.entries(files)) {
    await writeSampleFile(path.join(dir, 'project', name), megabytes * MIB + 12_345, name);
  }
  fs.writeFileSync(path.join(dir, 'project', 'README.md'), '# Project\n');
  const oss = await startOssServer({
    dir: path.join(dir, 'oss'),
    buckets: [{ name: BUCKET, region: 'cn-hangzhou' }],
    credentials: [ACCESS_KEY],
  });
  return new Studio(dir, browser, oss, extensionsDir, words, locale);
}

async function shoot(studio: Studio, looks: readonly (readonly [string, Theme])[]): Promise<void> {
  const [first] = looks;
  if (!first) return;
  try {
    await studio.open(first[1]);
    for (const [look, theme] of looks) {
      await studio.dress(theme);
      await studio.menu(look);
    }
    await studio.dress(first[1]);
    await studio.upload();
    for (const [look, theme] of looks) {
      await studio.dress(theme);
      await studio.progress(look);
    }
    await studio.kill();
    await studio.open(first[1]);
    for (const [look, theme] of looks) {
      await studio.dress(theme);
      await studio.resume(look);
    }
  } catch (error) {
    await studio.saveFailure();
    throw error;
  } finally {
    await studio.end();
  }
}

async function main(): Promise<void> {
  fs.mkdirSync(TARGET, { recursive: true });
  const extensionsDir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-pictures-extension-'));
  const executablePath = await ensureChrome();
  await installVsix(process.env['VSIX'] ?? (await packageVsix()), extensionsDir);
  const browser = await chromium.launch({ executablePath, args: [...CHROME_ARGS] });
  try {
    const english = await makeStudio(browser, extensionsDir, ENGLISH);
    await shoot(english, [
      ['dark', 'dark'],
      ['light', 'light'],
      ['contrast', 'contrast'],
    ]);
    await shoot(await makeStudio(browser, extensionsDir, CHINESE, 'zh-cn'), [['zh-cn', 'dark']]);
  } finally {
    await browser.close();
    fs.rmSync(extensionsDir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
