import { strict as assert } from 'node:assert';
import { editor } from '../../../../support/fakeEditor';
import { SetupFixture } from './setupFixture';

const SUBJECT = { profile: '', bucket: 'films', region: 'cn-hangzhou' };

describe('the question for the domain of a bucket', () => {
  let setup: SetupFixture;

  beforeEach(() => {
    setup = new SetupFixture();
  });

  it('is not asked where a setting would hide the answer: that is opened, and nothing resumed', async () => {
    editor.set('ossUpload.bucketEndpoints', { films: 'https://old.example.com' });
    for (const address of [undefined, 'https://img.example.com']) {
      assert.equal(await setup.domains.use(SUBJECT, address), false);
    }
    const opened = ['workbench.action.openSettings', 'ossUpload.bucketEndpoints'];
    assert.deepEqual(editor.commands, [opened, opened]);
    assert.deepEqual(setup.events, []);
  });

  it('takes a domain that is typed into the list, once it is seen to serve the bucket', async () => {
    setup.bound = ['img.example.com'];
    setup.answers = { 'Domain of Bucket': ['img2.example.com'] };
    assert.equal(await setup.domains.use(SUBJECT), true);
    assert.ok(setup.events.includes('check https://img2.example.com'));
    assert.deepEqual(setup.memory.domains('public'), { films: 'https://img2.example.com' });
  });

  it('says what is wrong with what is typed into the list, and asks OSS nothing', async () => {
    setup.bound = ['img.example.com'];
    setup.answers = { 'Domain of Bucket': ['no domain'] };
    assert.equal(await setup.domains.use(SUBJECT), false);
    assert.match(editor.boxes[0]?.items.at(-1)?.detail ?? '', /^\$\(error\) /);
    assert.deepEqual(setup.events, ['Domain of Bucket {bucket}', 'Domain of Bucket {bucket}']);
  });
});
