/** Starts, stops and kills the editor's server that install.ts put in place. */
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort, isAlive, run, sleep, until } from '../processes';
import type { Editor } from './install';
import { ensureEditor } from './install';
import type { Translations } from './languagePack';
import { registerLanguagePack } from './languagePack';

/** Values of settings.json. */
export type Settings = Readonly<Record<string, unknown>>;

/** What keeps a window quiet: nothing that opens by itself, nothing that calls home. */
export const QUIET_SETTINGS: Settings = {
  'security.workspace.trust.enabled': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'workbench.reduceMotion': 'on',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'chat.disableAIFeatures': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'remote.autoForwardPorts': false,
  'editor.accessibilitySupport': 'off',
  // It selects the file that was opened last, whenever it gets to it, and alone.
  'explorer.autoReveal': false,
};

/** No gallery: the editor must not ask one on the network for updates. */
const NO_GALLERY = { EXTENSIONS_GALLERY: '{"serviceUrl":""}' };

/** How to start a server. */
export interface EditorOptions {
  /** Everything the editor stores. The same folder again is the same user again. */
  readonly dataDir: string;
  /** Where installed extensions are; left out: in `dataDir`. */
  readonly extensionsDir?: string;
  /**
   * The browser keeps secrets and mementos by host and port: give the same port to find them again.
   * Left out: a free one.
   */
  readonly port?: number;
  /** Of the user, written before the first window opens. */
  readonly settings?: Settings;
  /** Of the machine, as for {@link EditorServer.changeSettings}. */
  readonly machineSettings?: Settings;
  /** For the server and the extension hosts; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Display language, such as `zh-cn`. */
  readonly locale?: string;
  /** VS Code's own strings in that language; all others stay English. */
  readonly coreTranslations?: Translations;
  /** The folder that opens at `/`. */
  readonly defaultFolder?: string;
  /**
   * Lets a URL name an extension under development and its tests. Only for integration tests: with
   * it the workbench shows no notification.
   */
  readonly testDriver?: boolean;
  /** Opens folders in Restricted Mode until they are trusted, as VS Code does by itself. */
  readonly asksForTrust?: boolean;
}

/** `scheme://host:port` of a server, as the browser sees it. */
export function originOf(port: number): string {
  return `http://localhost:${port}`;
}

/** A running server. */
export class EditorServer {
  private hasExited = false;

  private constructor(
    readonly port: number,
    readonly dataDir: string,
    /** Everything the server printed, over all runs with this data folder. */
    readonly logFile: string,
    private readonly logStart: number,
    private readonly child: ChildProcess,
  ) {
    child.once('exit', () => {
      this.hasExited = true;
    });
    process.once('exit', this.killNow);
  }

  /** Starts a server and resolves when it accepts connections. Installs the editor if need be. */
  static async start(options: EditorOptions): Promise<EditorServer> {
    const editor = await ensureEditor();
    const port = options.port ?? (await freePort());
    const { dataDir } = options;
    endLeftover(dataDir);
    prepareSettings(options);
    const userData = path.join(dataDir, 'data');
    if (options.locale) {
      registerLanguagePack(userData, options.locale, options.coreTranslations ?? {});
    }
    const logFile = path.join(dataDir, 'server.log');
    const output = fs.openSync(logFile, 'a');
    const logStart = fs.fstatSync(output).size;
    const child = spawn(editor.node, serverArguments(editor, options, port), {
      stdio: ['ignore', output, output],
      // A process group of its own, so that file watchers and the like are killed with it.
      detached: process.platform !== 'win32',
      env: {
        ...process.env,
        ...NO_GALLERY,
        EDITOR_KEY_FILE: path.join(dataDir, 'secret-storage.key'),
        ...options.env,
      },
    });
    fs.closeSync(output);
    fs.writeFileSync(pidFile(dataDir), String(child.pid));
    const server = new EditorServer(port, dataDir, logFile, logStart, child);
    await server.whenListening();
    return server;
  }

  /** `scheme://host:port` as the browser sees it. */
  get origin(): string {
    return originOf(this.port);
  }

  /**
   * The address that opens a folder, or several by a `.code-workspace` file; `payload` is understood
   * with {@link EditorOptions.testDriver} only.
   */
  url(opened: string, payload: readonly (readonly [string, string])[] = []): string {
    const kind = opened.endsWith('.code-workspace') ? 'workspace' : 'folder';
    const query = new URLSearchParams({ [kind]: opened });
    if (payload.length > 0) query.set('payload', JSON.stringify(payload));
    return `${this.origin}/?${query.toString()}`;
  }

  /** A local path as this server's windows name it. */
  remoteUri(file: string): string {
    return `vscode-remote://localhost:${this.port}${file}`;
  }

  /** The folder an extension gets as `globalStorageUri`. */
  globalStorage(extensionId: string): string {
    return path.join(this.dataDir, 'data', 'User', 'globalStorage', extensionId.toLowerCase());
  }

  /**
   * Replaces the settings of the machine, also while a window is open. The user's settings.json
   * would not do: this build does not always notice when it changes. Settings of scope
   * `application` are not read from here.
   */
  changeSettings(settings: Settings): void {
    writeMachineSettings(this.dataDir, settings);
  }

  /** Adds to the settings of the user, which a window reads when it opens or is loaded again. */
  changeUserSettings(settings: Settings): void {
    const file = userSettingsFile(this.dataDir);
    const before = JSON.parse(fs.readFileSync(file, 'utf8')) as Settings;
    fs.writeFileSync(file, JSON.stringify({ ...before, ...settings }, null, 2));
  }

  /** What the server printed since this start. */
  log(): string {
    return fs.readFileSync(this.logFile, 'utf8').slice(this.logStart);
  }

  /** The process ids of the extension hosts that were started and have not ended. */
  extensionHosts(): number[] {
    const log = this.log();
    const pids = (pattern: RegExp): number[] =>
      [...log.matchAll(pattern)].map((match) => Number(match[1]));
    const ended = new Set(pids(/<(\d+)> Extension Host Process exited/g));
    return pids(/<(\d+)> Launched Extension Host Process/g).filter((pid) => !ended.has(pid));
  }

  /** SIGKILL to the server and everything it started, as a power cut would. */
  async kill(): Promise<void> {
    const hosts = this.extensionHosts();
    this.killNow();
    if (!this.hasExited) await once(this.child, 'exit');
    await until('the end of the extension hosts', () => !hosts.some(isAlive));
    process.off('exit', this.killNow);
  }

  /** Ends the server as a user does, and kills what is left after some seconds. */
  async stop(): Promise<void> {
    if (!this.hasExited) {
      const hosts = this.extensionHosts();
      this.child.kill('SIGTERM');
      const isRunning = (): boolean => !this.hasExited || hosts.some(isAlive);
      const deadline = Date.now() + 5000;
      while (isRunning() && Date.now() < deadline) await sleep(50);
    }
    this.killNow();
    process.off('exit', this.killNow);
  }

  /** Extension hosts lead process groups of their own, so that each has to be named. */
  private readonly killNow = (): void => {
    const pids = this.extensionHosts();
    if (!this.hasExited && this.child.pid !== undefined) pids.push(this.child.pid);
    for (const pid of pids) {
      for (const target of [-pid, pid]) {
        try {
          process.kill(target, 'SIGKILL');
        } catch {
          // It has ended by itself.
        }
      }
    }
  };

  /** A port that is taken does not end the server; only its log tells. */
  private async whenListening(): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!this.log().includes(`listening on ${this.port}`)) {
      const hasFailed = /EADDRINUSE|Error occurred in server/.test(this.log());
      if (this.hasExited || hasFailed || Date.now() > deadline) {
        this.killNow();
        const why = this.hasExited ? 'it ended' : hasFailed ? 'it failed' : 'it does not answer';
        const tail = this.log().slice(-3000);
        throw new Error(`The editor did not start: ${why}. Its log, ${this.logFile}:\n${tail}`);
      }
      await sleep(50);
    }
  }
}

/** Installs a .vsix with the editor's own installer, as `code --install-extension` does. */
export async function installVsix(vsix: string, extensionsDir: string): Promise<void> {
  const editor = await ensureEditor();
  const dataDir = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-vsix-'));
  try {
    const args = [
      editor.serverMain,
      ...['--server-data-dir', dataDir, '--extensions-dir', extensionsDir],
      ...['--accept-server-license-terms', '--install-extension', vsix, '--force'],
    ];
    const said = await run(editor.node, args, { env: { ...process.env, ...NO_GALLERY } });
    if (!said.includes('successfully installed')) {
      throw new Error(`The editor did not install ${vsix}:\n${said}`);
    }
  } finally {
    fs.rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/**
 * A server is not in the process group of who started it, so that it survives when that one is
 * killed. The next start with the same data ends it.
 */
function endLeftover(dataDir: string): void {
  const file = pidFile(dataDir);
  if (process.platform !== 'linux' || !fs.existsSync(file)) return;
  const pid = Number(fs.readFileSync(file, 'utf8'));
  try {
    const command = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (command.includes(dataDir)) process.kill(-pid, 'SIGKILL');
  } catch {
    // It is gone.
  }
}

function pidFile(dataDir: string): string {
  return path.join(dataDir, 'server.pid');
}

function serverArguments(editor: Editor, options: EditorOptions, port: number): string[] {
  const args = [
    ...['--require', editor.preload, editor.serverMain],
    ...['--host', '127.0.0.1', '--port', String(port), '--without-connection-token'],
    ...['--server-data-dir', options.dataDir, '--accept-server-license-terms'],
    ...['--telemetry-level', 'off'],
    // An extension host whose window is gone without a good-bye would else live on for 3 hours.
    ...['--reconnection-grace-time', '1'],
  ];
  if (options.extensionsDir) args.push('--extensions-dir', options.extensionsDir);
  if (options.locale) args.push('--locale', options.locale);
  if (options.defaultFolder) args.push('--default-folder', options.defaultFolder);
  if (options.testDriver) args.push('--enable-smoke-test-driver');
  if (!options.asksForTrust) args.push('--disable-workspace-trust');
  return args;
}

function prepareSettings({ dataDir, settings, machineSettings }: EditorOptions): void {
  const file = userSettingsFile(dataDir);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  if (settings || !fs.existsSync(file)) {
    fs.writeFileSync(file, JSON.stringify({ ...QUIET_SETTINGS, ...settings }, null, 2));
  }
  const hasMachineSettings = fs.existsSync(machineSettingsFile(dataDir));
  if (machineSettings || !hasMachineSettings) writeMachineSettings(dataDir, machineSettings ?? {});
}

function userSettingsFile(dataDir: string): string {
  return path.join(dataDir, 'data', 'User', 'settings.json');
}

function machineSettingsFile(dataDir: string): string {
  return path.join(dataDir, 'data', 'Machine', 'settings.json');
}

/** By renaming, so that a window never reads half a file. */
function writeMachineSettings(dataDir: string, settings: Settings): void {
  const file = machineSettingsFile(dataDir);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(`${file}.tmp`, JSON.stringify(settings, null, 2));
  fs.renameSync(`${file}.tmp`, file);
}
