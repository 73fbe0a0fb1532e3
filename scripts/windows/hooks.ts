/**
 * Loaded into Windows' Node before anything else, also into the Nodes that tests start: TypeScript
 * comes from what was compiled on Linux, because the binary of esbuild that is installed is of that
 * system. `COMPILED` names the folder.
 */
import fs from 'node:fs';
import Module, { registerHooks } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const compiled = process.env['COMPILED'] ?? '';
const root = path.resolve(compiled, '..', '..');
const bridge = pathToFileURL(path.join(root, 'scripts', 'windows', 'esbuildBridge.ts')).href;

const isOurs = (file: string): boolean =>
  /\.m?ts$/.test(file) && file.startsWith(root) && !file.includes('node_modules');

const compiledSource = (file: string): string =>
  fs.readFileSync(path.join(compiled, `${path.relative(root, file)}.js`), 'utf8');

/** What `require` does, by the ending of a file. */
const loaders = (
  Module as unknown as {
    _extensions: Record<
      string,
      (module: { _compile(source: string, file: string): void }, file: string) => void
    >;
  }
)._extensions;
loaders['.ts'] = (module, file) => {
  module._compile(compiledSource(file), file);
};

// Wine cannot tell a socket without a connection for how long to keep one, which Node's fetch asks.
// eslint-disable-next-line @typescript-eslint/unbound-method -- called with the socket it belongs to
const { setKeepAlive } = net.Socket.prototype;
net.Socket.prototype.setKeepAlive = function (...args) {
  return this.connecting ? this : setKeepAlive.apply(this, args);
};

registerHooks({
  resolve(specifier, context, nextResolve) {
    if (specifier === 'tsx') return { url: 'data:text/javascript,', shortCircuit: true };
    if (specifier === 'esbuild') return { url: bridge, format: 'commonjs', shortCircuit: true };
    // What was `import()` of a URL has become `require`.
    if (specifier.startsWith('file:')) return { url: specifier, shortCircuit: true };
    return nextResolve(specifier, context);
  },
  load(url, context, nextLoad) {
    const file = url.startsWith('file:') ? fileURLToPath(url) : '';
    if (!isOurs(file)) return nextLoad(url, context);
    if (file.endsWith('.mts')) {
      return { format: 'module', source: compiledSource(file), shortCircuit: true };
    }
    // With `--import` Node imports its first file, too; without a source it is required after all.
    const isFirst = file === path.resolve(process.argv[1] ?? '');
    return {
      format: 'commonjs',
      shortCircuit: true,
      ...(isFirst ? {} : { source: compiledSource(file) }),
    };
  },
});
