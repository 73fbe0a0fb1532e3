import { strict as assert } from 'node:assert';
import { editor } from '../../../../support/fakeEditor';
import { SetupFixture } from './setupFixture';

describe('a destination that is chosen', () => {
  let setup: SetupFixture;

  beforeEach(async () => {
    setup = new SetupFixture();
    setup.answers = { '{field}': ['films', 'Use this folder'] };
    await setup.hasKey();
  });

  it('goes into the setting of the user that would hide it, where no workspace is trusted', async () => {
    editor.set('ossUpload.bucket', 'other');
    editor.trust(false);
    await setup.destinations.selectCommand(undefined);
    assert.deepEqual(editor.written, [
      ['user', 'bucket', 'films'],
      ['user', 'region', 'cn-hangzhou'],
      ['user', 'prefix', ''],
    ]);
    assert.equal(setup.destinations.known(undefined)?.bucket, 'films');
  });

  it('is remembered where nothing hides it', async () => {
    editor.trust(false);
    await setup.destinations.selectCommand(undefined);
    assert.deepEqual(editor.written, []);
    assert.equal(setup.destinations.known(undefined)?.bucket, 'films');
  });
});
