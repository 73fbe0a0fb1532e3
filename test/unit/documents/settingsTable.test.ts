import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/paths';
import { DOCUMENTS, withSettingsTable } from '../../../scripts/settingsTable';

describe('the table of settings', () => {
  for (const document of DOCUMENTS) {
    it(`in ${document.readme} is that of package.json (npm run docs writes it)`, async () => {
      const readme = fs.readFileSync(path.join(ROOT, document.readme), 'utf8');
      assert.equal(await withSettingsTable(readme, document), readme);
    });
  }
});
