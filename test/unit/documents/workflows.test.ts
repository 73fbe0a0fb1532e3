import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/paths';

const FOLDER = path.join(ROOT, '.github', 'workflows');

const scriptsOf = (folder: string): readonly string[] => {
  const manifest = fs.readFileSync(path.join(ROOT, folder, 'package.json'), 'utf8');
  return Object.keys((JSON.parse(manifest) as { scripts: object }).scripts);
};

describe('the workflows', () => {
  const workflows = fs.readdirSync(FOLDER).map((name) => ({
    name,
    text: fs.readFileSync(path.join(FOLDER, name), 'utf8'),
  }));

  for (const { name, text } of workflows) {
    it(`${name} names every action by its commit, and says which version that is`, () => {
      const actions = [...text.matchAll(/uses: *(.*)/g)].map(([, action = '']) => action);
      assert.ok(actions.length > 0);
      assert.deepEqual(
        actions.filter((action) => !/^[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(action)),
        [],
      );
    });

    it(`${name} runs scripts that exist, and has no secret`, () => {
      const run = [...text.matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, script = '']) => script);
      const scripts = scriptsOf('.');
      assert.deepEqual(
        run.filter((script) => !scripts.includes(script)),
        [],
      );
      assert.doesNotMatch(text, /secrets\./);
    });

    it(`${name} gives no job more than it names`, () => {
      assert.match(text, /^permissions:\n {2}contents: read\n(?! )/m);
    });
  }

  it('publish with scripts that exist', () => {
    const release = fs.readFileSync(path.join(FOLDER, 'release.yml'), 'utf8');
    const [, targets = ''] = /to: \[(.*)\]/.exec(release) ?? [];
    assert.deepEqual(targets.split(', ').sort(), [...scriptsOf('scripts/publishing')].sort());
  });
});
