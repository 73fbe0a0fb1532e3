/** Paths of this computer. Knows no editor. */
import path from 'node:path';

import { composedName } from '../../engine/index';

/** Whether a file is that folder or lies in it. Windows writes one path in several cases. */
export function isInside(
  folderPath: string,
  filePath: string,
  platform: Pick<typeof path, 'relative' | 'isAbsolute' | 'sep'> = path,
): boolean {
  const relative = platform.relative(folderPath, filePath);
  const isAbove = relative === '..' || relative.startsWith(`..${platform.sep}`);
  // Another drive of Windows has no relative path.
  return !isAbove && !platform.isAbsolute(relative);
}

/** What the key of a file ends in when the names in OSS begin inside of a folder around it. */
export function keyNameInside(
  folderPath: string,
  filePath: string,
  platform: Pick<typeof path, 'relative' | 'sep'> = path,
  system: NodeJS.Platform = process.platform,
): string {
  const relative = platform.relative(folderPath, filePath);
  return composedName(relative.split(platform.sep).join('/'), system);
}

/**
 * What the key of a chosen file ends in, or of a file below a chosen folder: a folder takes its own
 * name along. A drive has none, its files go directly below the prefix.
 */
export function keyName(
  rootPath: string,
  relativePath = '',
  platform: Pick<typeof path, 'basename'> = path,
  system: NodeJS.Platform = process.platform,
): string {
  const names = [composedName(platform.basename(rootPath), system), relativePath];
  return names.filter((name) => name !== '').join('/');
}
