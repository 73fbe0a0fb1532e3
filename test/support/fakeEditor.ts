import Module from 'node:module';
import { FakeBox } from './fakeBoxes';
import type { User } from './fakeBoxes';
import { FakeEmitter } from './fakeEmitter';

class FakeIcon {
  constructor(readonly id: string) {}
}

/** The settings of the user, what was told and asked, and what the user answers. */
class FakeEditor {
  readonly #values = new Map<string, unknown>();
  readonly #changed = new FakeEmitter();
  /** The warnings that were shown. */
  readonly warnings: string[] = [];
  /** What the status bar said. */
  readonly statuses: string[] = [];
  /** How often the configuration was put together. */
  configurations = 0;
  /** Commands that were run, with their first argument. */
  readonly commands: (readonly [string, unknown])[] = [];
  /** Settings that were written: where to, name, value. */
  readonly written: (readonly [string, string, unknown])[] = [];
  /** Boxes that were made. */
  readonly boxes: FakeBox[] = [];
  /** Answers the boxes; undefined where a test does it itself. */
  user: User | undefined;

  /** Changes a setting by its full key, and tells of it. */
  set(key: string, value: unknown): void {
    this.#values.set(key, value);
    this.#changed.fire({
      affectsConfiguration: (section: string) => key === section || key.startsWith(`${section}.`),
    });
  }

  /** Forgets everything. */
  reset(): void {
    this.#values.clear();
    this.#changed.dispose();
    this.warnings.length = 0;
    this.statuses.length = 0;
    this.commands.length = 0;
    this.written.length = 0;
    this.boxes.length = 0;
    this.configurations = 0;
    this.user = undefined;
    this.trust(true);
    this.vscode.workspace.workspaceFolders = undefined;
    this.vscode.env.remoteName = undefined;
  }

  /** Whether the workspace is trusted. */
  trust(isTrusted: boolean): void {
    this.vscode.workspace.isTrusted = isTrusted;
  }

  /** What modules get that import `vscode`. */
  readonly vscode = {
    EventEmitter: FakeEmitter,
    ThemeIcon: FakeIcon,
    ConfigurationTarget: { Global: 'user', Workspace: 'workspace', WorkspaceFolder: 'folder' },
    ProgressLocation: { Notification: 15 },
    QuickInputButtons: { Back: {} },
    env: { language: 'en', remoteName: undefined as string | undefined },
    l10n: { t: (text: string) => text },
    commands: {
      executeCommand: (name: string, argument: unknown) => {
        this.commands.push([name, argument]);
        return Promise.resolve();
      },
    },
    window: {
      showWarningMessage: (text: string, ...more: unknown[]) => {
        this.warnings.push(text);
        const labels = more.filter((one) => typeof one === 'string');
        const answer = labels.length === 0 ? undefined : this.user?.({ title: text, labels });
        return Promise.resolve(labels.find((label) => label === answer));
      },
      setStatusBarMessage: (text: string) => this.statuses.push(text),
      createQuickPick: () => this.#box(true),
      createInputBox: () => this.#box(false),
      showQuickPick: (rows: readonly { readonly label: string }[], { title = '' }) => {
        const answer = this.user?.({ title, labels: rows.map(({ label }) => label) });
        const row = rows.find(({ label }) => answer !== undefined && label.includes(answer));
        return Promise.resolve(row);
      },
      withProgress: (_options: unknown, work: (...args: unknown[]) => Promise<unknown>) =>
        work({ report: () => undefined }, { onCancellationRequested: () => undefined }),
    },
    workspace: {
      isTrusted: true,
      workspaceFolders: undefined as readonly unknown[] | undefined,
      onDidChangeConfiguration: this.#changed.event,
      getConfiguration: (section: string) => {
        this.configurations += 1;
        const get = (name: string): unknown => this.#values.get(`${section}.${name}`);
        return {
          get,
          inspect: (name: string) => ({ globalValue: get(name) }),
          update: (name: string, value: unknown, target: string) => {
            this.written.push([target, name, value]);
            this.set(`${section}.${name}`, value);
            return Promise.resolve();
          },
        };
      },
    },
  };

  #box(isList: boolean): FakeBox {
    const box = new FakeBox(isList, () => this.user);
    this.boxes.push(box);
    return box;
  }
}

/** The editor of whatever is imported after this module. */
export const editor = new FakeEditor();

const loader = Module as unknown as { _load(name: string, ...rest: unknown[]): unknown };
const load = loader._load.bind(loader);
loader._load = (name, ...rest) => (name === 'vscode' ? editor.vscode : load(name, ...rest));
