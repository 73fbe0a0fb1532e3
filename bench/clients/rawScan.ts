/** The limit in Node for a search: one listing of the folder, and each file looked at. */
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { mapParallel, measure } from './measure';

void measure(async ({ files }) => {
  const folder = path.dirname(files[0]?.filePath ?? '');
  const sizes = new Map<string, number>();
  await mapParallel(await readdir(folder), 64, async (name) => {
    sizes.set(name, (await stat(path.join(folder, name))).size);
  });
  if (sizes.size < files.length) throw new Error(`only ${sizes.size} files found`);
  return {};
});
