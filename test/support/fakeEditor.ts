import Module from 'node:module';

/** A function that is called with each event. */
type Listener = (event: unknown) => void;

/** What disposes of a listener. */
interface Subscription {
  dispose(): void;
}

/** As the editor's own: tells its listeners at once. */
class FakeEmitter {
  readonly #listeners = new Set<Listener>();

  readonly event = (listener: Listener): Subscription => {
    this.#listeners.add(listener);
    return { dispose: () => this.#listeners.delete(listener) };
  };

  fire(event: unknown): void {
    for (const listener of this.#listeners) listener(event);
  }

  dispose(): void {
    this.#listeners.clear();
  }
}

/** The settings of the user, and what was told and asked about them. */
class FakeEditor {
  readonly #values = new Map<string, unknown>();
  readonly #changed = new FakeEmitter();
  /** The warnings that were shown. */
  readonly warnings: string[] = [];
  /** How often the configuration was put together. */
  configurations = 0;

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
    this.configurations = 0;
  }

  /** What modules get that import `vscode`. */
  readonly vscode = {
    EventEmitter: FakeEmitter,
    env: { language: 'en' },
    l10n: { t: (text: string) => text },
    window: {
      showWarningMessage: (text: string) => {
        this.warnings.push(text);
        return Promise.resolve(undefined);
      },
    },
    workspace: {
      onDidChangeConfiguration: this.#changed.event,
      getConfiguration: (section: string) => {
        this.configurations += 1;
        const get = (name: string): unknown => this.#values.get(`${section}.${name}`);
        return { get, inspect: (name: string) => ({ globalValue: get(name) }) };
      },
    },
  };
}

/** The editor of whatever is imported after this module. */
export const editor = new FakeEditor();

const loader = Module as unknown as { _load(name: string, ...rest: unknown[]): unknown };
const load = loader._load.bind(loader);
loader._load = (name, ...rest) => (name === 'vscode' ? editor.vscode : load(name, ...rest));
