import type { ObjectStore, OpenStore } from '../../src/engine/index.ts';

/** A call of a method of ObjectStore that has begun. */
export interface WatchedCall {
  readonly name: keyof ObjectStore;
  readonly parameters: readonly unknown[];
}

/** Calls `watch` with each call of every store that is opened; it returns what to call at its end. */
export function watchedStore(
  openStore: OpenStore,
  watch: (call: WatchedCall) => (result?: unknown) => void,
): OpenStore {
  return async (target) => {
    const store = await openStore(target);
    return new Proxy(store, {
      get: (object, name, receiver): unknown => {
        const member: unknown = Reflect.get(object, name, receiver);
        if (typeof member !== 'function') return member;
        return async (...parameters: unknown[]): Promise<unknown> => {
          const end = watch({ name: name as keyof ObjectStore, parameters });
          let result: unknown;
          try {
            result = await Reflect.apply(member, object, parameters);
            return result;
          } finally {
            end(result);
          }
        };
      },
    });
  };
}
