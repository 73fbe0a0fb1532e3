/** Our search of the folder that the files lie in, as it runs before a folder is uploaded. */
import path from 'node:path';
import { scanFolder } from '../../src/engine/index';
import { measure } from './measure';

void measure(async ({ files }) => {
  const folder = path.dirname(files[0]?.filePath ?? '');
  const { signal } = new AbortController();
  const found = await scanFolder(folder, { exclude: ['**/.git/**', '**/.DS_Store'], signal });
  if (found.files.length < files.length) throw new Error(`only ${found.files.length} files found`);
  return {};
});
