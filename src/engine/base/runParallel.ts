import { setMaxListeners } from 'node:events';

/**
 * Works through the items with so many workers at once. The first failure stops all of them: their
 * signal is aborted, nothing new is started, and when every worker has come to rest the call rejects
 * with that first failure. Rejects with the signal's reason when it is aborted from outside.
 */
export async function runParallel<Item>(
  items: Iterable<Item>,
  parallel: number,
  signal: AbortSignal,
  work: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const inner = AbortSignal.any([signal, stop.signal]);
  // Node warns of a leak above ten listeners; here each worker is one.
  setMaxListeners(0, inner);
  const queue = items[Symbol.iterator]();
  let failure: { readonly error: unknown } | undefined;

  const worker = async (): Promise<void> => {
    try {
      for (let next = queue.next(); next.done !== true; next = queue.next()) {
        inner.throwIfAborted();
        await work(next.value, inner);
      }
    } catch (error) {
      failure ??= { error };
      stop.abort(error);
    }
  };
  await Promise.all(Array.from({ length: parallel }, worker));
  signal.throwIfAborted();
  if (failure !== undefined) throw failure.error;
}
