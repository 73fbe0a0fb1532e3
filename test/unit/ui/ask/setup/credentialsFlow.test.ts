import { strict as assert } from 'node:assert';
import { editor } from '../../../../support/fakeEditor';
import { KEY_ID, SECRET, SetupFixture } from './setupFixture';

describe('credentials of a named profile', () => {
  let setup: SetupFixture;

  beforeEach(() => {
    setup = new SetupFixture();
    editor.set('ossUpload.profile', 'team');
  });

  it('are stored under the name that the settings use, where there are none', async () => {
    setup.answers = { '{field}': [KEY_ID, SECRET] };
    assert.equal(await setup.credentials.setCommand(undefined), 'team');
    assert.deepEqual(await setup.store.profiles(), ['team']);
    assert.deepEqual(editor.statuses, ['OSS uses {credentials}.']);
  });

  it('in use come first in the list, also where they are not stored', async () => {
    await setup.hasKey('other');
    assert.deepEqual(await setup.store.profiles(), ['other']);
    setup.answers = { 'Set Credentials': ['team'], '{field}': [KEY_ID, SECRET] };
    assert.equal(await setup.credentials.setCommand(undefined), 'team');
    assert.deepEqual(
      editor.boxes[0]?.items.slice(0, 3).map(({ label }) => label),
      ['$(key) team', '$(key) Default', '$(key) other'],
    );
    assert.deepEqual(await setup.store.profiles(), ['other', 'team']);
  });

  it('that are not in use are not said to be', async () => {
    await setup.hasKey('other');
    setup.answers = { 'Set Credentials': ['other'], '{field}': [KEY_ID, SECRET] };
    await setup.credentials.setCommand(undefined);
    assert.deepEqual(editor.statuses, ['Credentials "{name}" set: {credentials}.']);
  });
});
