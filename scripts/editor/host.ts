/** On which system which editor can be had, and so which tests can run. Decides, and does nothing. */

/** An editor from npm in a headless browser, or a VS Code with windows. */
export type EditorHost = 'server' | 'desktop';

/** A system, as `process.platform` and `process.arch` name it. */
export type System = readonly [platform: NodeJS.Platform, arch: string];

/** The one that this runs on. */
export const THIS_SYSTEM: System = [process.platform, process.arch];

/** Whether there is an editor from npm, which the end-to-end tests need. */
export function hasServerEditor([platform, arch]: System): boolean {
  return platform === 'linux' && arch === 'x64';
}

/**
 * What `EDITOR_HOST` names, else the desktop where `VSCODE_EXECUTABLE` names one or there is no other.
 * Throws where that cannot be had, or is no editor.
 */
export function chooseHost(
  env: Readonly<Record<string, string | undefined>>,
  system: System,
): EditorHost {
  const chosen = env['EDITOR_HOST'] ?? '';
  if (!['', 'server', 'desktop'].includes(chosen)) {
    throw new Error(`EDITOR_HOST is '${chosen}'; it can be 'server' or 'desktop'.`);
  }
  const hasServer = hasServerEditor(system);
  if (chosen === 'server' && !hasServer) {
    throw new Error(`EDITOR_HOST is 'server', which exists on Linux x64 only.`);
  }
  const isDesktop = chosen === 'desktop' || !hasServer || Boolean(env['VSCODE_EXECUTABLE']);
  return chosen !== 'server' && isDesktop ? 'desktop' : 'server';
}

/** Of the suites of `npm test` those that can run on a system. */
export function suitesOn<T extends { readonly name: string }>(
  suites: readonly T[],
  system: System,
): readonly T[] {
  return suites.filter(({ name }) => name !== 'e2e' || hasServerEditor(system));
}
