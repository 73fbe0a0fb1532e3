import { matches, type MatchedRequest, type RequestMatch } from './faults.ts';

/**
 * Where a request can be held: its head is read and nothing else; it is read to its end and nothing
 * is changed; it is carried out and not answered.
 */
export type HoldPoint = 'arrived' | 'received' | 'carriedOut';

/** Which request to hold. */
export interface HoldOptions extends RequestMatch {
  /** Left out: `arrived`. */
  readonly at?: HoldPoint | undefined;
  /** Lets so many matching requests pass first. */
  readonly after?: number | undefined;
  /** Holds so many requests; left out: one. */
  readonly times?: number | undefined;
}

/** A request that is, or will be, held. */
export interface Hold {
  /** Resolves when the first matching request stands at the point. */
  readonly reached: Promise<MatchedRequest>;
  /** Lets the held requests go on, and all later ones pass. */
  release(): void;
}

interface OpenHold {
  readonly options: HoldOptions;
  met: number;
  readonly onReached: (request: MatchedRequest) => void;
  readonly released: Promise<void>;
  readonly release: () => void;
}

/** The holds of one server. */
export class Holds {
  readonly #open = new Set<OpenHold>();

  /** Asks for a request to be held. */
  hold(options: HoldOptions): Hold {
    const reached = newPromise<MatchedRequest>();
    const released = newPromise<undefined>();
    const open: OpenHold = {
      options,
      met: 0,
      onReached: reached.resolve,
      released: released.promise,
      release: () => {
        this.#open.delete(open);
        released.resolve(undefined);
      },
    };
    this.#open.add(open);
    return { reached: reached.promise, release: open.release };
  }

  /** Resolves when no hold keeps this request at this point any more. */
  async pass(point: HoldPoint, request: MatchedRequest): Promise<void> {
    for (const open of [...this.#open]) {
      const { at = 'arrived', after = 0, times = 1 } = open.options;
      if (at !== point || !matches(open.options, request)) continue;
      open.met += 1;
      if (open.met <= after || open.met > after + times) continue;
      open.onReached(request);
      await open.released;
    }
  }

  /** Lets everything go on. */
  releaseAll(): void {
    for (const open of [...this.#open]) open.release();
  }
}

/** A promise that is resolved from outside. */
function newPromise<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((onValue) => {
    resolve = onValue;
  });
  return { promise, resolve };
}
