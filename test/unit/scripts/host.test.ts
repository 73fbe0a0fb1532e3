import assert from 'node:assert/strict';
import type { System } from '../../../scripts/editor/host';
import { chooseHost, suitesOn } from '../../../scripts/editor/host';

const LINUX: System = ['linux', 'x64'];
const ELSEWHERE: readonly System[] = [
  ['linux', 'arm64'],
  ['darwin', 'arm64'],
  ['win32', 'x64'],
];

describe('the editor of tests and of npm start', () => {
  it('is the one from npm on Linux x64, and a desktop VS Code on other systems', () => {
    assert.equal(chooseHost({}, LINUX), 'server');
    for (const system of ELSEWHERE) assert.equal(chooseHost({}, system), 'desktop');
  });

  it('is the one that the environment names', () => {
    assert.equal(chooseHost({ EDITOR_HOST: 'desktop' }, LINUX), 'desktop');
    assert.equal(chooseHost({ VSCODE_EXECUTABLE: '/usr/bin/code' }, LINUX), 'desktop');
    const both = { EDITOR_HOST: 'server', VSCODE_EXECUTABLE: '/usr/bin/code' };
    assert.equal(chooseHost(both, LINUX), 'server');
  });

  it('is refused where it is not to be had, before anything is built or fetched', () => {
    for (const system of ELSEWHERE) {
      assert.throws(() => chooseHost({ EDITOR_HOST: 'server' }, system), /on Linux x64 only/);
    }
    assert.throws(() => chooseHost({ EDITOR_HOST: 'web' }, LINUX), /'web'; it can be 'server'/);
  });

  it('decides which suites run: those of end to end on Linux x64 only', () => {
    const suites = [{ name: 'unit' }, { name: 'integration' }, { name: 'e2e' }];
    assert.deepEqual(suitesOn(suites, LINUX), suites);
    for (const system of ELSEWHERE) {
      assert.deepEqual(suitesOn(suites, system), [{ name: 'unit' }, { name: 'integration' }]);
    }
  });
});
