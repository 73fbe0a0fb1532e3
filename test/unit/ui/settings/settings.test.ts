import { strict as assert } from 'node:assert';
import { editor } from '../../../support/fakeEditor';
// Loaded after the editor that it imports.
import { Settings } from '../../../../src/ui/settings/settings';

const quiet = (): void => undefined;
const LOGGER = { debug: quiet, info: quiet, warn: quiet, error: quiet };
const WRONG = 'Setting {key} is not used: {rule}';

describe('the settings of an editor', () => {
  beforeEach(() => {
    editor.reset();
  });

  it('that were wrong at the start are told when they are used, each once', () => {
    editor.set('ossUpload.parallel', 'many');
    const settings = new Settings(LOGGER);
    settings.forResource(undefined);
    assert.deepEqual(editor.warnings, []);
    settings.tellProblems();
    assert.deepEqual(editor.warnings, [WRONG]);
    settings.forResource(undefined);
    settings.tellProblems();
    assert.deepEqual(editor.warnings, [WRONG]);
  });

  it('that were wrong at the start and are mended before they are used are not told', () => {
    editor.set('ossUpload.concurrency', 0);
    const settings = new Settings(LOGGER);
    settings.forWindow();
    editor.set('ossUpload.concurrency', 4);
    settings.forWindow();
    settings.tellProblems();
    assert.deepEqual(editor.warnings, []);
  });

  it('that were wrong at the start and are as wrong after a change of another are told', () => {
    editor.set('ossUpload.concurrency', 0);
    const settings = new Settings(LOGGER);
    settings.forWindow();
    editor.set('ossUpload.maxSpeed', 100);
    settings.forWindow();
    assert.deepEqual(editor.warnings, [WRONG]);
  });

  it('are asked of it once a change, those of a window and of certificates, however often they are used', () => {
    const settings = new Settings(LOGGER);
    for (let use = 0; use < 1000; use++) {
      settings.forWindow();
      settings.route();
      assert.equal(settings.isStrictAboutCertificates(), true);
    }
    assert.equal(editor.configurations, 2);
    editor.set('http.proxyStrictSSL', false);
    editor.set('ossUpload.concurrency', 4);
    for (let use = 0; use < 1000; use++) {
      assert.equal(settings.isStrictAboutCertificates(), false);
      assert.equal(settings.forWindow().concurrency, 4);
    }
    assert.equal(editor.configurations, 4);
    editor.set('editor.fontSize', 12);
    settings.forWindow();
    settings.isStrictAboutCertificates();
    assert.equal(editor.configurations, 4);
  });
});
