import { strict as assert } from 'node:assert';
import { editor } from '../../../../support/fakeEditor';
import { KEY_ID, SECRET, SetupFixture } from './setupFixture';

const QUESTION = 'Reach OSS by {endpoint}?';
const PLAIN = 'http://oss.example.com';

describe('an address that is not encrypted, or that a container names', () => {
  let setup: SetupFixture;

  beforeEach(() => {
    setup = new SetupFixture();
    editor.set('ossUpload.endpoint', PLAIN);
  });

  const select = (): Promise<void> => setup.destinations.selectCommand(undefined);

  it('is asked about before credentials are looked at, and before any request', async () => {
    for (const ask of [select, () => setup.credentials.setCommand(undefined)]) {
      setup.events.length = 0;
      await ask();
      assert.deepEqual(setup.events, [QUESTION]);
    }
  });

  it('is asked about before a bucket is looked for, by whoever may do it', async () => {
    await setup.hasKey();
    const named = (): Promise<unknown> =>
      setup.destinations.named(undefined, { bucket: 'films', prefix: '' });
    for (const ask of [select, named]) {
      setup.events.length = 0;
      await ask();
      assert.deepEqual(setup.events, [QUESTION]);
    }
    editor.set('ossUpload.bucket', 'films');
    setup.events.length = 0;
    assert.equal(await setup.destinations.resolve(undefined), undefined);
    assert.deepEqual(setup.events, [QUESTION]);
  });

  it('is asked about once, and then taken', async () => {
    editor.set('ossUpload.bucket', 'films');
    setup.answers = { [QUESTION]: ['Use This Address'], '{field}': [KEY_ID, SECRET] };
    const found = await setup.destinations.resolve(undefined);
    assert.equal(found?.region, 'cn-hangzhou');
    assert.deepEqual(setup.events, [
      QUESTION,
      'box text',
      'box text',
      'ListBuckets',
      'GetBucketInfo',
    ]);
    setup.events.length = 0;
    await setup.destinations.resolve(undefined);
    assert.deepEqual(setup.events, []);
  });

  it('is asked about in a container, whose settings may be those of a repository', async () => {
    editor.set('ossUpload.endpoint', 'https://oss.example.com');
    editor.vscode.env.remoteName = 'dev-container';
    await select();
    assert.deepEqual(setup.events, [QUESTION]);
  });

  it('of a single bucket is asked about when that is chosen, and its own setting is opened', async () => {
    editor.set('ossUpload.endpoint', 'public');
    editor.set('ossUpload.bucketEndpoints', { films: PLAIN });
    await setup.hasKey();
    setup.answers = { [QUESTION]: ['Open Settings'], '{field}': ['films'] };
    await select();
    assert.deepEqual(setup.events, ['ListBuckets', 'box $(archive) films', QUESTION]);
    assert.deepEqual(editor.commands, [
      ['workbench.action.openSettings', 'ossUpload.bucketEndpoints'],
    ]);
  });

  it('of a bucket that is typed is asked about before that one is looked for', async () => {
    editor.set('ossUpload.endpoint', 'public');
    editor.set('ossUpload.bucketEndpoints', { other: PLAIN });
    await setup.hasKey();
    setup.answers = { '{field}': ['other', 'other'] };
    await select();
    assert.deepEqual(setup.events, ['ListBuckets', 'box $(archive) films', 'box text', QUESTION]);
  });
});
