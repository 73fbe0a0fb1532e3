/** A function that is called with each event. */
type Listener = (event: unknown) => void;

/** What disposes of a listener. */
interface Subscription {
  dispose(): void;
}

/** As the editor's own: tells its listeners at once. */
export class FakeEmitter {
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
