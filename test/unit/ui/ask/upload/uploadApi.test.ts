import assert from 'node:assert/strict';

import { UploadError } from '../../../../../src/engine/index';
import { IF_EXISTS } from '../../../../../src/ui/settings/settingsModel';
import { parseCallOptions } from '../../../../../src/ui/ask/upload/uploadApi';

describe('options of executeCommand', () => {
  it('are taken when they are right', () => {
    const given = {
      bucket: 'my-bucket',
      region: 'cn-hangzhou',
      prefix: 'releases/',
      ifExists: 'overwrite',
      acl: 'private',
      storageClass: 'IA',
      contentType: 'text/plain',
    };
    assert.deepEqual(parseCallOptions(given), {
      bucket: 'my-bucket',
      region: 'cn-hangzhou',
      prefix: 'releases/',
      ifExists: 'overwrite',
      object: {
        acl: 'private',
        storageClass: 'IA',
        contentType: 'text/plain',
        cacheControl: undefined,
      },
    });
  });

  it('take every answer that the setting takes', () => {
    for (const ifExists of IF_EXISTS)
      assert.deepEqual(parseCallOptions({ ifExists }), { ifExists });
  });

  it('may be left out, and what menus pass in their place is ignored', () => {
    for (const given of [undefined, null, 'x', 7, [], {}, { groupId: 1, editorIndex: 0 }]) {
      assert.deepEqual(parseCallOptions(given), {});
    }
  });

  it('are refused by name when they are wrong', () => {
    const wrong = {
      bucket: 'My_Bucket',
      region: 'oss-cn-hangzhou',
      prefix: 'x'.repeat(1100),
      ifExists: 'perhaps',
      acl: 'open',
      storageClass: 'Cheap',
      contentType: 7,
    };
    for (const [field, value] of [...Object.entries(wrong), ['prefix', 'a/${x}'] as const]) {
      assert.throws(
        () => parseCallOptions({ [field]: value }),
        (error) => UploadError.is(error, 'invalidArgument') && error.field === field,
      );
    }
  });
});
