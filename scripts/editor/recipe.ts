/**
 * What the editors for tests are made of. VS Code itself cannot be had from npm, but code-server's
 * tarball holds a complete build of it (`lib/vscode`): the workbench and the Node extension host.
 * Only that folder is used, and with it the Node that this VS Code is made for.
 */
import type { NodeMajor } from '../nodes';
import type { Pin } from '../registry';

/** One version of VS Code. */
export interface Recipe {
  /** The version that `--version` of the installed server must name. */
  readonly version: string;
  readonly node: NodeMajor;
  readonly vscode: Pin;
  /** By `process.platform-process.arch`: the package whose `bin/rg` is put beside its shim. */
  readonly ripgrep: Readonly<Partial<Record<string, Pin>>>;
  /**
   * The dependencies of VS Code that are kept; their versions come from the npm-shrinkwrap.json in
   * the pinned tarball. Left out is what tests of an extension never reach: the terminal, git's
   * native parts, copilot, sqlite, kerberos, ssh.
   */
  readonly keptDependencies: readonly string[];
  /**
   * Native modules that are replaced by JavaScript, so that nothing has to be compiled: the module's
   * name, and the file in `shims/` that takes its place.
   */
  readonly shims: Readonly<Record<string, string>>;
  /** The module that searches files; its shim looks for the binary beside itself. */
  readonly ripgrepModule: string;
}

const RIPGREP: Recipe['ripgrep'] = {
  'linux-x64': {
    spec: '@vscode/ripgrep-linux-x64@1.18.0',
    integrity:
      'sha512-mQ3bVrUpnD2vs7QT0vX90Lt0cnUq467uFtEktIdsJJmW296RoSULRGqWgzG1AKxyBpNDD6l4ZO4qKf6SgyC23Q==',
  },
};

const KEPT_IN_BOTH = [
  'cookie',
  'minimist',
  'yauzl',
  'yazl',
  'jschardet',
  'http-proxy-agent',
  'https-proxy-agent',
  '@vscode/proxy-agent',
  '@vscode/iconv-lite-umd',
  'vscode-regexpp',
  'vscode-oniguruma',
  'vscode-textmate',
  '@parcel/watcher',
  '@microsoft/1ds-core-js',
  '@microsoft/1ds-post-js',
];

const SHIMS_OF_BOTH = {
  '@vscode/spdlog': 'spdlog.ts',
  '@vscode/deviceid': 'deviceId.ts',
};

/** The one that tests run in unless they are told another. */
export const NEWEST = '1.139';

/** By the name that `--editor` takes. `engines` in package.json promises nothing older than 1.101. */
export const RECIPES: Readonly<Record<string, Recipe>> = {
  [NEWEST]: {
    version: '1.139.1',
    // It calls `module.registerHooks`.
    node: '24',
    vscode: {
      spec: 'code-server@4.139.1',
      integrity:
        'sha512-fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==',
    },
    ripgrep: RIPGREP,
    keptDependencies: [...KEPT_IN_BOTH, 'ws', 'tas-client'],
    shims: {
      ...SHIMS_OF_BOTH,
      '@vscode/native-watchdog': 'nativeWatchdog.ts',
      '@vscode/ripgrep-universal': 'ripgrep.ts',
    },
    ripgrepModule: '@vscode/ripgrep-universal',
  },
  // The oldest that npm has a whole build of and that still runs: see CONTRIBUTING.md.
  '1.103': {
    version: '1.103.2',
    node: '22',
    vscode: {
      spec: 'code-server@4.103.2',
      integrity:
        'sha512-dbYFASiePozmAfA2e3BYE7r83CdZ7LMDEAzKhLVRJwFbnd4zAaFlsxvBNrLAkunDJUaEqbtawsBfbtDZu6SXnQ==',
    },
    ripgrep: RIPGREP,
    keptDependencies: [...KEPT_IN_BOTH, 'tas-client-umd'],
    shims: {
      ...SHIMS_OF_BOTH,
      'native-watchdog': 'nativeWatchdog.ts',
      '@vscode/ripgrep': 'ripgrep.ts',
    },
    ripgrepModule: '@vscode/ripgrep',
  },
};

/** The recipe that `EDITOR_VERSION` names, or else the newest. */
export function chosenRecipe(): Recipe {
  const name = process.env['EDITOR_VERSION'] ?? NEWEST;
  const recipe = RECIPES[name];
  if (recipe) return recipe;
  throw new Error(`There is no editor ${name}; there are ${Object.keys(RECIPES).join(' and ')}.`);
}

/** Built-in extensions that would only cost start-up time, disk, or noise in a sealed machine. */
export const DROPPED_EXTENSIONS = [
  'copilot',
  'mermaid-markdown-features',
  'microsoft-authentication',
  'github',
  'git',
  'ms-vscode.js-debug',
  'ms-vscode.js-debug-companion',
  'ms-vscode.vscode-js-profile-table',
  'terminal-suggest',
  'tunnel-forwarding',
] as const;
