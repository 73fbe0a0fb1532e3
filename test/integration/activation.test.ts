import assert from 'node:assert/strict';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { commands } from 'vscode';
import { until } from '../../scripts/processes';
import { manifest, theExtension } from './extension';

/** A call that the extension made, and what it was about. */
interface Call {
  readonly name: string;
  readonly subject: string;
}

/** Functions by name, as in a module. */
type Functions = Record<string, unknown>;

/** Records calls of a module's functions that come from files of a folder. */
function watch(module: object, label: string, folder: string, calls: Call[]): () => void {
  const functions = module as Functions;
  const originals = Object.entries({ ...functions }).filter(
    ([name, value]) => typeof value === 'function' && !/^[A-Z_]/.test(name),
  ) as [string, (...args: unknown[]) => unknown][];
  let isLooking = false;
  for (const [name, original] of originals) {
    functions[name] = function (this: unknown, ...args: unknown[]): unknown {
      // To format a stack, the editor may call watched functions itself.
      if (!isLooking) {
        isLooking = true;
        const isFromFolder = new Error().stack?.includes(folder) ?? false;
        isLooking = false;
        if (isFromFolder) calls.push({ name: `${label}.${name}`, subject: String(args[0]) });
      }
      return Reflect.apply(original, this, args);
    };
  }
  return () => Object.assign(functions, Object.fromEntries(originals));
}

describe('activation', () => {
  it('lists a folder and does nothing else: no file is read or written, no connection made', async () => {
    const extension = theExtension();
    assert.equal(extension.isActive, false, 'too late to watch: something activated it already');
    const calls: Call[] = [];
    const dist = path.dirname(path.join(extension.extensionPath, manifest().main)) + path.sep;
    const stackTraceLimit = Error.stackTraceLimit;
    // Recursion in Node's own modules must not push the extension's frames out.
    Error.stackTraceLimit = 50;
    const restore = [
      watch(fs, 'fs', dist, calls),
      watch(fs.promises, 'fs', dist, calls),
      watch(net.Socket.prototype, 'socket', dist, calls),
    ];
    try {
      await extension.activate();
      await until('the folder to be listed', () => calls.some(isListing));
      // A round trip to the window: whatever follows the listing has begun by then.
      await commands.getCommands(true);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
      for (const undo of restore) undo();
    }
    assert.deepEqual(
      calls.filter((call) => !isListing(call)),
      [],
    );
  });

  it('leaves the uploading half of the extension on the disk', () => {
    assert.deepEqual(loadedBundles(), ['extension.js']);
  });

  it('leaves all of ali-oss there, too, until OSS is asked something', async () => {
    // Asks nobody: there are no credentials yet.
    await commands.executeCommand('ossUpload.removeCredentials');
    assert.deepEqual(loadedBundles(), ['extension.js', 'upload.js']);
  });
});

/** Files of the extension that this extension host has loaded. */
function loadedBundles(): string[] {
  const { extensionPath } = theExtension();
  const dist = path.dirname(path.join(extensionPath, manifest().main));
  return Object.keys(require.cache)
    .filter((file) => path.dirname(file) === dist)
    .map((file) => path.basename(file))
    .sort();
}

function isListing({ name, subject }: Call): boolean {
  return /^fs\.(readdir|opendir|lstat)$/.test(name) && subject.endsWith('checkpoints');
}
