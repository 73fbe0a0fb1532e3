/** Whether upper and lower case are the same in names, as the file systems of these have it. */
export function ignoresCase(platform: NodeJS.Platform): boolean {
  return platform === 'win32' || platform === 'darwin';
}

/**
 * A name as the editor shows it. On macOS both forms of Unicode are the same name, and a folder
 * lists the one that a file was made with; the editor shows the composed one. Elsewhere the forms
 * are two names, and stay as they are.
 */
export function composedName(name: string, platform: NodeJS.Platform = process.platform): string {
  return platform === 'darwin' ? name.normalize('NFC') : name;
}

/** What two spellings of one name have in common: globs are compared with this. */
export function comparedName(name: string, platform: NodeJS.Platform): string {
  const composed = composedName(name, platform);
  return ignoresCase(platform) ? composed.toLowerCase() : composed;
}
