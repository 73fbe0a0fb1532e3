/**
 * Takes the pictures of the README from a running editor, with the extension installed in it and
 * uploads to a local OSS server: `media/screenshots/<scene>-<look>.png`, and the film of an upload
 * that is killed and resumed, `media/screenshots/resume-<language>.gif`.
 *
 *     npm run screenshots [-- film]      only these: stills, film
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Browser, Page } from '@playwright/test';
import { chromium } from '@playwright/test';
import type { OssServer } from '../test/oss-server/server';
import { startOssServer } from '../test/oss-server/server';
import { encodeGif } from './animation';
import { Camera } from './camera';
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
  readonly progress: RegExp;
  readonly resumeAll: RegExp;
  readonly fromEnvironment: RegExp;
  readonly done: RegExp;
  /** What is written into the film. */
  readonly captions: {
    readonly click: string;
    readonly sending: string;
    readonly killed: string;
    readonly reopened: string;
    readonly resumed: (percent: number) => string;
    readonly done: string;
  };
}

const ENGLISH: Words = {
  upload: 'Upload to OSS (resumable)',
  category: 'OSS',
  showUploads: 'Show Uploads',
  view: 'OSS Uploads',
  progress: /^Uploading to /,
  resumeAll: /Resume all/,
  fromEnvironment: /from environment/,
  done: /^Uploaded video\.mp4/,
  captions: {
    click: 'Right-click, upload',
    sending: 'Sent in parts',
    killed: 'The editor is killed',
    reopened: 'Opened again',
    resumed: (percent) => `Goes on at ${percent} %`,
    done: 'Done, every byte verified',
  },
};
const CHINESE: Words = {
  upload: '上传到 OSS（断点续传）',
  category: 'OSS',
  showUploads: '查看上传列表',
  view: 'OSS 上传',
  progress: /^正在上传至 /,
  resumeAll: /全部继续/,
  fromEnvironment: /环境变量/,
  done: /^已将 video\.mp4/,
  captions: {
    click: '右键上传',
    sending: '分片上传',
    killed: '编辑器被强制终止',
    reopened: '重新打开',
    resumed: (percent) => `从 ${percent}% 继续`,
    done: '完成，内容已校验',
  },
};

/** Of the window. */
const SIZE = { width: 1100, height: 640 };
const FILM_SIZE = { width: 960, height: 560 };

/** The default of the extension. */
const PART_BYTES = 8 * MIB;
const FILM_PARTS = 25;
const KILL_AFTER_PARTS = 11;

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
    private readonly setting: Setting,
  ) {}

  private get words(): Words {
    return this.setting.words;
  }

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
      ...(this.setting.locale === undefined ? {} : { locale: this.setting.locale }),
    });
    const context =
      this.page?.context() ??
      (await this.browser.newContext({ viewport: this.setting.size, deviceScaleFactor: 1.5 }));
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

  /** Right-click, progress, the editor killed and opened again, resume, done. */
  async film(language: string): Promise<void> {
    const { words, oss } = this;
    const { captions } = words;
    await this.open('dark');
    await this.answerQuestions();
    oss.faults.push({ on: 'uploadPart', do: { drainBytesPerSecond: 4 * MIB } });
    const camera = new Camera();

    await camera.turnTo(this.window.page);
    await camera.shoot(800);
    const video = this.window.file('video.mp4');
    await camera.glideTo(video, { x: 90, y: 11 });
    await camera.caption(captions.click);
    await this.window.openContextMenu(video, words.upload);
    await camera.shoot(700);
    await camera.glideTo(this.window.menuItem(words.upload), { x: 120, y: 12 });
    await camera.shoot(700);
    await this.window.menuItem(words.upload).click();

    await camera.caption(captions.sending);
    await this.window.notification(words.progress).waitFor();
    await this.filmParts(camera, KILL_AFTER_PARTS);
    await camera.caption(captions.killed);
    await camera.shoot(1000);
    await this.kill();
    const acceptedParts = this.partNumbers('video.mp4');
    await this.filmNothing(camera);

    await this.open('dark');
    const status = this.window.status(EXTENSION_ID, 'ossUpload.status');
    await status.waitFor();
    await camera.turnTo(this.window.page);
    await camera.caption(captions.reopened);
    await camera.shoot(1500);
    await camera.glideTo(status, { x: 60, y: 11 });
    await status.click();
    const row = this.window.row(/video\.mp4/);
    await row.waitFor();
    await camera.shoot(1200);
    await camera.glideTo(row, { x: 60, y: 11 });
    await camera.shoot(500);
    await row.click();

    const percent = Math.floor((100 * acceptedParts.length) / FILM_PARTS);
    await camera.caption(captions.resumed(percent));
    await this.window.notification(words.progress).waitFor();
    const done = this.window.notification(words.done);
    await this.filmParts(camera, FILM_PARTS);
    await done.waitFor();
    await camera.caption(captions.done);
    await camera.shoot(3000);

    // What the film says has to be true.
    const parts = this.partNumbers('video.mp4');
    if (new Set(parts).size !== parts.length) throw new Error('A part was accepted twice.');
    const file = path.join(TARGET, `resume-${language}.gif`);
    fs.writeFileSync(file, encodeGif(camera.frames));
    console.log(`${path.relative(ROOT, file)}  ${(fs.statSync(file).size / 1024).toFixed(0)} KB`);
  }

  /** The window is gone. */
  private async filmNothing(camera: Camera): Promise<void> {
    const page = await this.page?.context().newPage();
    if (!page) return;
    await camera.turnTo(page);
    await camera.shoot(1200);
    await page.close();
  }

  /** Until OSS has accepted so many parts; about twice as fast as it is. */
  private async filmParts(camera: Camera, count: number): Promise<void> {
    while (this.accepted('video.mp4') < count) {
      await camera.shoot(350);
      await sleep(500);
    }
  }

  /** What a first upload asks is answered, and nothing of it is left in the window. */
  private async answerQuestions(): Promise<void> {
    const { window, words, oss } = this;
    await window.contextMenu(window.file('poster.png'), words.upload);
    await window.pick(words.fromEnvironment);
    await until('the first object', () => oss.object(BUCKET, 'poster.png') !== undefined);
    await window.reload();
    await window.file('video.mp4').waitFor();
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
    return this.partNumbers(key).length;
  }

  /** Of the parts that OSS has accepted, once for each time. */
  private partNumbers(key: string): (number | undefined)[] {
    return this.oss.operations
      .filter((r) => r.operation === 'uploadPart' && r.key === key && r.accepted)
      .map((r) => r.partNumber);
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
      // The path of a file under the pointer is that of a temporary folder.
      'workbench.hover.delay': 60_000,
      'ossUpload.endpoint': this.oss.endpoint,
      'ossUpload.bucket': BUCKET,
      'ossUpload.region': 'cn-hangzhou',
      'ossUpload.completionMessage': 'always',
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

/** How the pictures of one kind are taken. */
interface Setting {
  readonly words: Words;
  readonly locale?: string;
  readonly size: { readonly width: number; readonly height: number };
  readonly videoBytes: number;
}

/** Gives a new user with a project to whoever takes the pictures, and cleans up afterwards. */
async function inStudio(
  browser: Browser,
  extensionsDir: string,
  setting: Setting,
  takePictures: (studio: Studio) => Promise<void>,
): Promise<void> {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-pictures-'));
  for (const name of ['project/photos', 'home', 'data']) {
    fs.mkdirSync(path.join(dir, name), { recursive: true });
  }
  const files = {
    'video.mp4': setting.videoBytes,
    'backup.tar': 96 * MIB + 12_345,
    'poster.png': MIB,
    'photos/one.raw': MIB,
  };
  for (const [name, sizeBytes] of Object.entries(files)) {
    await writeSampleFile(path.join(dir, 'project', name), sizeBytes, name);
  }
  fs.writeFileSync(path.join(dir, 'project', 'README.md'), '# Project\n');
  const oss = await startOssServer({
    dir: path.join(dir, 'oss'),
    buckets: [{ name: BUCKET, region: 'cn-hangzhou' }],
    credentials: [ACCESS_KEY],
  });
  const studio = new Studio(dir, browser, oss, extensionsDir, setting);
  try {
    await takePictures(studio);
  } catch (error) {
    await studio.saveFailure();
    throw error;
  } finally {
    await studio.end();
  }
}

async function takeStills(
  studio: Studio,
  looks: readonly (readonly [string, Theme])[],
): Promise<void> {
  const [first] = looks;
  if (!first) return;
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
}

async function main(): Promise<void> {
  const [wanted] = process.argv.slice(2);
  if (wanted !== undefined && wanted !== 'stills' && wanted !== 'film') {
    throw new Error('The pictures are: stills, film.');
  }
  fs.mkdirSync(TARGET, { recursive: true });
  const extensionsDir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-pictures-extension-'));
  const executablePath = await ensureChrome();
  await installVsix(process.env['VSIX'] ?? (await packageVsix()), extensionsDir);
  const browser = await chromium.launch({ executablePath, args: [...CHROME_ARGS] });
  const inEnglish = { words: ENGLISH };
  const inChinese = { words: CHINESE, locale: 'zh-cn' };
  try {
    if (wanted !== 'film') {
      const still = { size: SIZE, videoBytes: 320 * MIB + 12_345 };
      await inStudio(browser, extensionsDir, { ...inEnglish, ...still }, (studio) =>
        takeStills(studio, [
          ['dark', 'dark'],
          ['light', 'light'],
          ['contrast', 'contrast'],
        ]),
      );
      await inStudio(browser, extensionsDir, { ...inChinese, ...still }, (studio) =>
        takeStills(studio, [['zh-cn', 'dark']]),
      );
    }
    if (wanted !== 'stills') {
      const moving = { size: FILM_SIZE, videoBytes: FILM_PARTS * PART_BYTES };
      await inStudio(browser, extensionsDir, { ...inEnglish, ...moving }, (studio) =>
        studio.film('en'),
      );
      await inStudio(browser, extensionsDir, { ...inChinese, ...moving }, (studio) =>
        studio.film('zh-cn'),
      );
    }
  } finally {
    await browser.close();
    fs.rmSync(extensionsDir, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
