import assert from 'node:assert/strict';
import type { RefusedKey } from '../../../../src/ui/text/failures';
import type { TransferNotice, UploadErrorKind } from '../../../../src/engine/index';
import { errorDetails } from '../../../../src/ui/text/errorDetails';
import { ramPolicy } from '../../../../src/ui/text/ramPolicy';
import { actionLabel } from '../../../../src/ui/text/buttons';
import {
  describeError,
  describeLooseError,
  discardQuestion,
  discardedText,
  refusedKeyText,
} from '../../../../src/ui/text/messages';
import type { Message } from '../../../../src/ui/text/messages';
import { describeNotice } from '../../../../src/ui/text/notices';
import { KINDS, MB, chinese, english, failure, transfer } from '../snapshots';

const ec = '0003-00000001';
const about = transfer();

function labels(message: Message, words = english): string[] {
  return message.actions.map((action) => actionLabel(action, words.l10n));
}

describe('messages of failures', () => {
  it('name the setting that is wrong, its rule, and open it', () => {
    const error = failure('invalidArgument', { code: 'list', field: 'ossUpload.exclude' });
    const message = describeLooseError(error, english);
    assert.equal(
      message.text,
      'The setting ossUpload.exclude cannot be used. It is a list of texts. Change it, then try again.',
    );
    assert.deepEqual(message.actions[0], { kind: 'openSettings', query: 'ossUpload.exclude' });
    assert.equal(
      describeLooseError(error, chinese).text,
      '设置 ossUpload.exclude 无法使用：应为文本列表。请修改后重试。',
    );
  });

  it('say for every kind one text with one to three verbs, in both languages', () => {
    for (const kind of KINDS) {
      for (const words of [english, chinese]) {
        const message = describeError(failure(kind, { ec }), about, words);
        assert.match(message.text, /[.。]$/, `${kind}: ${message.text}`);
        assert.doesNotMatch(message.text, /[{}]|undefined|SomeCode\)\)/, message.text);
        assert.ok(message.actions.length >= 1 && message.actions.length <= 3, kind);
        assert.equal(new Set(labels(message, words)).size, message.actions.length, kind);
      }
    }
  });

  it('say of which file, and what became of it; of several, how many', () => {
    const verdict =
      /not (?:be )?uploaded|paused|not replaced|left it alone|left them alone|discard it|refused the upload|未上传|未被覆盖|未能上传|没有上传|暂停|拒绝|放弃|未作处理/;
    for (const kind of KINDS) {
      // Stopped on purpose, which is not told.
      if (kind === 'aborted') continue;
      for (const words of [english, chinese]) {
        const { text } = describeError(failure(kind, { ec }), about, words);
        assert.match(text, verdict, text);
        assert.match(text, /video\.mp4/, text);
        // Once: no text says it again.
        assert.equal(
          text.split(/video\.mp4(?= was not| is paused| 未上传| 已暂停)/).length <= 2,
          true,
        );
      }
    }
    for (const kind of ['network', 'accessDenied', 'wrongRegion'] as const) {
      const { text } = describeError(failure(kind), { ...about, count: 1234 }, english);
      assert.match(text, /^1,234 files were not uploaded\. /);
      // A summary says it before.
      const summed = describeError(
        failure(kind),
        { ...about, count: 1234, hasVerdict: true },
        english,
      );
      assert.doesNotMatch(summed.text, /uploaded/);
    }
    const top = { ...about, target: { ...about.target, key: 'video.mp4' } };
    assert.match(describeError(failure('accessDenied'), top, english).text, / on films\.$/);
  });

  it('let no name hide what became of the file', () => {
    const filePath = `/home/me/${'very-long-name-'.repeat(13)}end.bin`;
    const { text } = describeError(failure('network'), { ...about, filePath }, english);
    assert.match(text, /^very-long-\S{31}end\.bin was not uploaded\. OSS cannot be reached/);
  });

  it('use the texts that were agreed on', () => {
    const text = (kind: UploadErrorKind, details = {}, words = english): string =>
      describeError(failure(kind, { ec, ...details }), about, words).text;
    assert.equal(
      text('accessDenied'),
      'video.mp4 was not uploaded. No permission for oss:PutObject on films/2026.',
    );
    assert.equal(
      text('noSuchBucket'),
      'video.mp4 was not uploaded. Bucket "films" was not found in cn-hangzhou.',
    );
    assert.equal(
      text('wrongRegion', { endpoint: 'oss-cn-beijing-internal.aliyuncs.com' }),
      'video.mp4 was not uploaded. Bucket "films" is in cn-beijing, not in cn-hangzhou.',
    );
    assert.equal(
      text('clockSkew', { clockSkewMs: -17 * 60_000 }),
      "video.mp4 was not uploaded. This computer's clock is off by 17 min; OSS refuses requests. Set the clock, then try again.",
    );
    assert.equal(
      text('sourceMissing', { code: 'DeadLink' }),
      'video.mp4 was not uploaded: it is a link that leads nowhere.',
    );
    assert.equal(
      text('sourceMissing'),
      'video.mp4 was not uploaded: it no longer exists at /home/me/video.mp4.',
    );
    assert.equal(text('sourceChanged'), 'video.mp4 keeps changing and was not uploaded.');
    assert.equal(
      text('heldElsewhere'),
      'video.mp4 was being uploaded in another window, so this one left it alone.',
    );
    assert.equal(
      text('noCredentials', { code: 'NoCredentials' }),
      'video.mp4 is paused. OSS needs an AccessKey.',
    );
    assert.equal(
      text('noCredentials', { code: 'EntryMissing' }),
      'video.mp4 is paused. The credentials cannot be used any more (EntryMissing). Set them again to see why.',
    );
    assert.equal(
      text('accessDenied', {}, chinese),
      'video.mp4 未上传。没有 films/2026 的写入权限（oss:PutObject）。',
    );
  });

  it('offer the way out of each', () => {
    const offers = (kind: UploadErrorKind, details = {}): string[] =>
      labels(describeError(failure(kind, { ec, ...details }), about, english));
    assert.deepEqual(offers('accessDenied'), [
      'Switch Credentials',
      'Copy RAM Policy',
      'Try Again',
    ]);
    assert.deepEqual(offers('credentials'), ['Update Credentials', 'Open Help']);
    assert.deepEqual(offers('noSuchBucket'), ['Select Bucket', 'Try Again', 'Open Help']);
    assert.deepEqual(offers('wrongRegion', { endpoint: 'oss-cn-beijing.aliyuncs.com' }), [
      'Use cn-beijing',
      'Select Bucket',
      'Open Help',
    ]);
    assert.deepEqual(offers('wrongRegion', { endpoint: 'upload.example.com' }), [
      'Select Bucket',
      'Try Again',
      'Open Help',
    ]);
    assert.deepEqual(offers('sourceMissing'), ['Locate...', 'Discard...']);
    assert.deepEqual(offers('sourceChanged'), ['Try Again', 'Discard...']);
    assert.deepEqual(offers('alreadyExists'), ['Overwrite', 'Skip']);
    // The other window may have closed meanwhile.
    assert.deepEqual(offers('heldElsewhere'), ['Try Again', 'Show Uploads']);
  });

  it('offer no help page that does not exist', () => {
    assert.deepEqual(labels(describeError(failure('credentials'), about, english)), [
      'Update Credentials',
    ]);
  });

  it('count the uploads that wait for credentials', () => {
    assert.equal(
      describeError(failure('credentials', { code: 'SecurityTokenExpired' }), { count: 3 }, english)
        .text,
      '3 uploads are paused. The credentials expired.',
    );
    assert.match(
      describeError(failure('credentials', { code: 'InvalidAccessKeyId' }), {}, english).text,
      /mistyped, disabled or deleted/,
    );
  });

  it('call a refusal of STS what it is, and nothing expired that is not', () => {
    const text = (code: string, field?: string): string =>
      describeError(failure('credentials', { code, field }), {}, english).text;
    assert.match(text('InvalidAccessKeyId.NotFound'), /mistyped or deleted/);
    assert.match(text('InvalidAccessKeyId.Inactive'), /disabled\. Enable it in the RAM console/);
    assert.match(text('InvalidSecurityToken.Expired'), /expired/);
    assert.match(
      text('InvalidSecurityToken.Malformed'),
      /refused \(InvalidSecurityToken\.Malformed/,
    );
    assert.match(text('NoPermission'), /refused \(NoPermission\)/);
    assert.equal(
      text('SignInOver', 'aliyun configure --profile work'),
      'The sign-in is over. Run "aliyun configure --profile work" in a terminal, then try again.',
    );
  });

  it('blame the token for what is wrong with the token', () => {
    const refused = (error: RefusedKey): string => refusedKeyText(error, english.l10n);
    assert.match(refused({ code: 'InvalidSecurityToken' }), /this STS token/);
    assert.match(refused({ code: 'InvalidSecurityToken.Malformed' }), /this STS token/);
    assert.match(refused({ code: 'SignatureDoesNotMatch' }), /this secret/);
    assert.match(refused({ code: 'InvalidAccessKeyId' }), /the ID and the/);
    assert.match(refused({ code: 'InvalidAccessKeyId.NotFound' }), /mistyped or deleted/);
    assert.match(refused({ code: 'InvalidAccessKeyId.Inactive' }), /is disabled/);
    // OSS has one code for both, and an EC for each.
    const code = 'InvalidAccessKeyId';
    assert.match(refused({ code, ec: '0002-00000902' }), /mistyped or deleted/);
    assert.match(refused({ code, ec: '0002-00000904' }), /is disabled\. Enable it/);
    assert.match(refused({ code: 'EntityNotExist.Role' }), /role cannot be assumed/);
  });

  it('name the parameter that is out of range', () => {
    const text = (details: object): string =>
      describeError(failure('invalidArgument', details), {}, english).text;
    assert.match(text({ field: 'partSizeBytes' }), /between 100 KB and 5 GB/);
    assert.match(text({ field: 'parallel' }), /between 1 and 64/);
    assert.match(text({ field: 'key', key: '/a' }), /cannot start with \//);
    assert.match(text({ field: 'key', code: 'keyStart' }), /cannot start with \//);
    assert.match(text({ field: 'key', code: 'keyTooLong' }), /1 to 1,023 bytes/);
    assert.match(text({ field: 'filePath', code: 'EntityTooLarge' }), /larger than 48\.8 TB/);
    assert.match(text({ field: 'filePath', code: 'filePath' }), /what OSS said\. Change it/);
  });

  it('offer only what works where there is no transfer', () => {
    const offers = (kind: UploadErrorKind): string[] =>
      labels(describeLooseError(failure(kind, { ec }), english));
    assert.deepEqual(offers('network'), ['Copy Error Details']);
    assert.deepEqual(offers('accessDenied'), [
      'Switch Credentials',
      'Open Help',
      'Copy Error Details',
    ]);
    const loose: UploadErrorKind[] = ['refused', 'internal', 'accessDenied', 'clockSkew', 'server'];
    for (const kind of loose) {
      const { text } = describeLooseError(failure(kind, { ec }), english);
      assert.doesNotMatch(text, / {2}|^ | $| \.|undefined/, `${kind}: ${text}`);
    }
  });

  it('name a stranger who answered instead of OSS, and blame neither OSS nor the key', () => {
    for (const words of [english, chinese]) {
      for (const kind of ['refused', 'server', 'throttled', 'timeout'] as const) {
        for (const status of [401, 403, 404, 413, 502, 503]) {
          const error = failure(kind, { status, isForeign: true });
          const { text, actions } = describeError(error, about, words);
          assert.ok(text.includes(String(status)), text);
          assert.match(text, /proxy|代理/i);
          assert.doesNotMatch(text, /OSS refused|expired|过期|OSS is busy|internal error/);
          const setting = status === 413 ? 'ossUpload.partSize' : 'http.proxy';
          assert.deepEqual(actions[0], { kind: 'openSettings', query: setting });
        }
      }
    }
  });

  it('tell a proxy from OSS, and a locked file from a forbidden one', () => {
    assert.match(describeError(failure('refused', { status: 407 }), {}, english).text, /proxy/);
    const text = (code: string): string =>
      describeError(failure('sourceUnreadable', { code }), about, english).text;
    assert.match(text('EACCES'), /No permission to read \/home\/me\/video\.mp4/);
    assert.match(text('EBUSY'), /another program has locked it/);
    assert.match(text('EIO'), /cannot be read \(EIO\)/);
  });
});

describe('copied error details', () => {
  it('hold all that support asks for, and nothing that is not known', () => {
    const error = failure(
      'server',
      { code: 'InternalError', requestId: '5F3C', ec, status: 500, partNumber: 7, uploadId: 'U1' },
      'We encountered an internal error',
    );
    const text = errorDetails(error, about);
    for (const line of [
      'code: InternalError',
      'message: We encountered an internal error',
      'requestId: 5F3C',
      `ec: ${ec}`,
      'status: 500',
      'partNumber: 7',
      'uploadId: U1',
      'bucket: films',
      'key: 2026/video.mp4',
      'path: /home/me/video.mp4',
    ]) {
      assert.ok(text.split('\n').includes(line), line);
    }
    assert.doesNotMatch(text, /undefined/);
  });

  it('hold no secret, and a line for each fact, whatever the server said', () => {
    const secret = 'yourVerySecretKeyOf30Characters';
    const error = failure('refused', { code: 'Evil\ncode: Good' }, `Signature=${secret}\u202e`);
    const text = errorDetails(error);
    assert.ok(!text.includes(secret));
    assert.deepEqual(text.split('\n'), [
      String.raw`code: Evil\ncode: Good`,
      'message: Signature=***',
      'kind: refused',
    ]);
  });
});

describe('messages of notices', () => {
  const kinds: Record<TransferNotice['kind'], true> = {
    sourceChanged: true,
    uploadExpired: true,
    checkpointDamaged: true,
    recordDamaged: true,
    recordIncomplete: true,
    optionsChanged: true,
    notResumable: true,
    partSizeRaised: true,
    partSizeKept: true,
    callbackFailed: true,
    notVerified: true,
    notCompared: true,
    partsLeft: true,
  };

  it('say one sentence for one file and for many, in both languages', () => {
    for (const kind of Object.keys(kinds) as TransferNotice['kind'][]) {
      for (const words of [english, chinese]) {
        for (const count of [1, 12]) {
          const notice = { transferId: 't1', filePath: '/home/me/video.mp4', kind };
          assert.doesNotMatch(describeNotice(notice, count, words).text, /[{}]|undefined/);
        }
      }
    }
  });

  it('use the texts that were agreed on', () => {
    const text = (kind: TransferNotice['kind'], words = english): string =>
      describeNotice({ transferId: 't1', filePath: '/films/video.mp4', kind }, 1, words).text;
    assert.equal(text('sourceChanged'), 'video.mp4 changed; starting again.');
    assert.equal(
      text('uploadExpired'),
      'The unfinished parts of video.mp4 were removed from OSS; starting again.',
    );
    assert.equal(text('sourceChanged', chinese), 'video.mp4 已被修改，将重新上传。');
  });
});

describe('RAM policy', () => {
  const policyOf = (
    ...[about]: Parameters<typeof ramPolicy>
  ): { Statement: { Action: string[]; Resource: string[] }[] } =>
    JSON.parse(ramPolicy(about)) as ReturnType<typeof policyOf>;
  const at = (bucket: string, key: string): Parameters<typeof ramPolicy>[0][number] => ({
    target: { bucket, key },
  });

  it('grants what an upload needs, below the folder only', () => {
    const policy = policyOf([at('films', '2026/a.mp4')]);
    assert.ok(policy.Statement[0]);
    assert.deepEqual(policy.Statement[0].Resource, ['acs:oss:*:*:films/2026/*']);
    for (const action of ['oss:PutObject', 'oss:ListParts', 'oss:AbortMultipartUpload']) {
      assert.ok(policy.Statement[0].Action.includes(action), action);
    }
    assert.ok(policy.Statement[1]?.Action.includes('oss:ListCname'));
  });

  it('grants it for all files that it is about, whatever folders and buckets they are in', () => {
    const places = [at('films', '2026/a/1.mp4'), at('films', '2026/b/2.mp4'), at('music', '3.mp3')];
    const resources = policyOf(places).Statement.map(({ Resource }) => Resource);
    assert.deepEqual(resources, [
      ['acs:oss:*:*:films/2026/*', 'acs:oss:*:*:music/*'],
      ['acs:oss:*:*:films', 'acs:oss:*:*:music'],
    ]);
  });

  it('grants tags only to who sets some', () => {
    const plain = { ...at('films', 'a'), object: { tags: {} } };
    const tagged = { ...at('films', 'b'), object: { tags: { kind: 'film' } } };
    assert.ok(!ramPolicy([plain]).includes('oss:PutObjectTagging'));
    assert.ok(ramPolicy([plain, tagged]).includes('oss:PutObjectTagging'));
  });
});

describe('a discard', () => {
  const sent = (mb: number): ReturnType<typeof transfer> =>
    transfer({ state: 'paused', confirmedBytes: mb * MB });

  it('asks when OSS has anything of it, or when it is more than one upload', () => {
    assert.equal(discardQuestion([], english), undefined);
    assert.equal(discardQuestion([sent(0)], english), undefined);
    assert.match(
      discardQuestion([sent(1)], english) ?? '',
      /^Discard video\.mp4\? 1\.0 MB already sent/,
    );
    // Nothing is accepted yet, but there is an upload.
    const begun = transfer({ state: 'paused', uploadId: 'U1' });
    assert.match(discardQuestion([begun], english) ?? '', /Its unfinished upload will be deleted/);
    // A record of a newer version: what it has in OSS cannot be read.
    const newer = transfer({ state: 'failed', error: failure('checkpointNewer') });
    assert.match(discardQuestion([newer], english) ?? '', /^Discard video\.mp4\?/);
    assert.match(discardQuestion([sent(0), sent(0)], english) ?? '', /^Discard 2 .*0 B already/);
    assert.match(
      discardQuestion([sent(1), sent(2)], english) ?? '',
      /^Discard 2 .*3\.0 MB already/,
    );
    assert.match(discardQuestion([sent(1), sent(2)], chinese) ?? '', /^放弃 2 个/);
  });

  it('is said, with what OSS lost or still has to hear', () => {
    const texts = [
      discardedText([sent(1)], false, english),
      discardedText([sent(0)], false, english),
      discardedText([sent(1)], true, english),
      discardedText([sent(1), sent(2)], false, english),
    ];
    assert.deepEqual(texts, [
      'Discarded video.mp4. 1.0 MB removed from OSS.',
      'Discarded video.mp4.',
      'Discarded video.mp4. Removed from OSS as soon as it can be reached.',
      'Discarded 2 uploads. 3.0 MB removed from OSS.',
    ]);
  });
});
