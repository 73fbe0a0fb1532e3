// @ts-check
/**
 * Builds the files of the extension: `dist/extension.js`, read when the editor starts,
 * `dist/upload.js` with the questions before an upload and the upload itself, read at the first of
 * them, and `dist/oss.js` with everything of ali-oss, read when OSS is first asked something.
 *
 *   node esbuild.js [--production] [--watch]
 */
'use strict';

const { readFile } = require('node:fs/promises');
const path = require('node:path');
const esbuild = require('esbuild');

const root = __dirname;

/**
 * Modules that ali-oss loads and our use of it never calls: our transport takes the place of its
 * HTTP clients, `contentType.ts` that of its type table, `xml.ts` that of its parser. Two of them look at
 * `navigator`, which the editor reports as a problem of the extension. A file that is missing here
 * makes the build larger, one too many makes a test in `test/unit/oss` fail.
 */
const EMPTY_MODULES = [
  'address',
  'agentkeepalive',
  'bowser',
  'formstream',
  'iconv-lite',
  'jstoxml',
  'mime',
  'mz/fs',
  'platform',
  'proxy-agent',
  'sdk-base',
  'stream-http',
  'urllib',
  'xml2js',
  'xmlbuilder',
];

/** With DEBUG in the environment it prints what is signed and sent, tokens included. */
const SILENT_DEBUG = 'module.exports = () => () => undefined;';

/** Files of ali-oss that are not of use for uploads. They extend its client when they are loaded. */
const EMPTY_FILES_OF_ALI_OSS = /^\.\/(cluster|image|rtmp|sts)$/;

/**
 * Whatever is read from it, called or constructed is empty too, `class extends` and all. Only
 * `platform.description` goes into a header, where ali-oss writes the version of Node without it.
 */
const EMPTY_MODULE = `
  function Empty() {}
  Empty.description = '';
  module.exports = new Proxy(Empty, {
    get: (target, name) => name in target || typeof name === 'symbol' ? target[name] : Empty,
  });
`;

/**
 * The `url` of ali-oss, which takes addresses apart with `url.parse`: deprecated, and newer Nodes say
 * so in the log of the editor. The addresses are our endpoints and what ali-oss makes of them, with
 * the parts that are named here. `new URL` would resolve `/../` in a key.
 */
const URL_MODULE = `
  const { format } = require('node:url');
  const ADDRESS = /^(https?:)\\/\\/(([^/:?#]+)(?::(\\d+))?)([^?#]*)$/;
  function parse(text) {
    const [, protocol, host, hostname, port, pathname] = ADDRESS.exec(text) ?? [];
    if (protocol === undefined) throw new TypeError('Not an address: ' + text);
    const address = { protocol, slashes: true, host, hostname, port, pathname };
    return { ...address, format() { return format(this); } };
  }
  module.exports = { parse, format };
`;

/** @type {import('esbuild').Plugin} */
const withoutUnusedModules = {
  name: 'without-unused-modules',
  setup(build) {
    const names = new RegExp(`^(${EMPTY_MODULES.join('|')})$`);
    build.onResolve({ filter: names }, ({ path: name, importer }) =>
      // Ours is another version of mime.
      importer.includes('node_modules') ? { path: name, namespace: 'empty' } : undefined,
    );
    // Asked about a name that we leave empty; compiling its patterns takes longer than a request.
    build.onResolve({ filter: /\/isIP$/ }, ({ path: name, importer }) =>
      /[\\/]ali-oss[\\/]lib[\\/]/.test(importer) ? { path: name, namespace: 'empty' } : undefined,
    );
    build.onResolve({ filter: EMPTY_FILES_OF_ALI_OSS }, ({ path: name, importer }) =>
      /[\\/]ali-oss[\\/]lib[\\/]client\.js$/.test(importer)
        ? { path: name, namespace: 'empty' }
        : undefined,
    );
    build.onResolve({ filter: /^debug$/ }, () => ({ path: 'debug', namespace: 'silent' }));
    build.onLoad({ filter: /.*/, namespace: 'silent' }, () => ({ contents: SILENT_DEBUG }));
    build.onLoad({ filter: /.*/, namespace: 'empty' }, () => ({ contents: EMPTY_MODULE }));
    build.onResolve({ filter: /^url$/ }, ({ path: name, importer }) =>
      /[\\/]ali-oss[\\/]lib[\\/]/.test(importer) ? { path: name, namespace: 'url' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'url' }, () => ({ contents: URL_MODULE }));
  },
};

/** What is imported by `import()`, and the file beside `extension.js` in which it lies. */
const ON_DEMAND = {
  './oss/index': './oss.js',
  './ui/ask/onDemand': './upload.js',
  './ui/show/onDemand': './upload.js',
  '../upload/upload': './upload.js',
};

/**
 * What is loaded on demand stays a file of its own beside the one that loads it.
 * @type {import('esbuild').Plugin}
 */
const onDemand = {
  name: 'on-demand',
  setup(build) {
    const files = new Map(Object.entries(ON_DEMAND));
    build.onResolve({ filter: /^\./ }, ({ path: name, kind }) => {
      const file = kind === 'dynamic-import' ? files.get(name) : undefined;
      return file === undefined ? undefined : { path: file, external: true };
    });
  },
};

/**
 * Where a file imports all of a module, esbuild copies the module, name by name. That of the editor
 * has 600 names and is imported by dozens of files; a plain require serves all of them.
 * @type {import('esbuild').Plugin}
 */
const editorWithoutCopies = {
  name: 'editor-without-copies',
  setup(build) {
    build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path: file }) => ({
      contents: (await readFile(file, 'utf8')).replace(
        "import * as vscode from 'vscode'",
        "import vscode = require('vscode')",
      ),
      loader: 'ts',
    }));
  },
};

/**
 * Lines that the editor's problem matcher `$esbuild-watch` waits for.
 * @type {import('esbuild').Plugin}
 */
const reportProblems = {
  name: 'report-problems',
  setup(build) {
    build.onStart(() => {
      console.log('[watch] build started');
    });
    build.onEnd(({ errors }) => {
      for (const { text, location } of errors) {
        console.error(`✘ [ERROR] ${text}`);
        if (location !== null) {
          console.error(`    ${location.file}:${location.line}:${location.column}:`);
        }
      }
      console.log('[watch] build finished');
    });
  },
};

/**
 * Options of the bundles.
 * @param {{ production: boolean, outputFolder: string }} how
 * @returns {import('esbuild').BuildOptions[]}
 */
function bundleOptions({ production, outputFolder }) {
  /** @type {import('esbuild').BuildOptions} */
  const common = {
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    minify: production,
    sourcemap: !production,
    // Paths of this computer have no place in what is shipped.
    sourcesContent: false,
    legalComments: 'none',
    external: ['vscode'],
    logLevel: 'silent',
  };
  return [
    {
      ...common,
      entryPoints: ['src/extension.ts'],
      outfile: path.join(outputFolder, 'extension.js'),
      // A plain require in the end: what the editor loads extensions with.
      supported: { 'dynamic-import': false },
      plugins: [onDemand, editorWithoutCopies],
    },
    {
      ...common,
      entryPoints: ['src/oss/index.ts'],
      outfile: path.join(outputFolder, 'oss.js'),
      plugins: [withoutUnusedModules],
    },
    {
      ...common,
      stdin: {
        contents: [
          "export * from './ui/ask/onDemand';",
          "export * from './ui/show/onDemand';",
          "export * from './engine/upload/upload';",
        ].join('\n'),
        resolveDir: path.join(root, 'src'),
      },
      outfile: path.join(outputFolder, 'upload.js'),
      plugins: [editorWithoutCopies],
    },
  ];
}

async function main() {
  const bundles = bundleOptions({
    production: process.argv.includes('--production'),
    outputFolder: path.join(root, 'dist'),
  });
  if (process.argv.includes('--watch')) {
    for (const bundle of bundles) {
      const context = await esbuild.context({
        ...bundle,
        plugins: [...(bundle.plugins ?? []), reportProblems],
      });
      await context.watch();
    }
    return;
  }
  await Promise.all(bundles.map((bundle) => esbuild.build({ ...bundle, logLevel: 'warning' })));
}

module.exports = { bundleOptions };

if (require.main === module) {
  main().catch(() => {
    // esbuild has said what is wrong.
    process.exitCode = 1;
  });
}
