/**
 * Writes `dist/README.md`, which the marketplaces show: the README without what is only of use in the
 * repository. Run by `npm run package`.
 */
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from './paths';

/** A text without what stands between `<!-- repository -->` and `<!-- /repository -->`. */
export function marketplaceReadme(readme: string): string {
  return readme
    .replace(/<!-- repository -->.*?<!-- \/repository -->/gs, '')
    .replace(/\n{3,}/g, '\n\n');
}

if (require.main === module) {
  const readme = fs.readFileSync(path.join(ROOT, 'README.md'), 'utf8');
  fs.mkdirSync(path.join(ROOT, 'dist'), { recursive: true });
  fs.writeFileSync(path.join(ROOT, 'dist', 'README.md'), marketplaceReadme(readme));
}
