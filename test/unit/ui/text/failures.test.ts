import assert from 'node:assert/strict';
import { UploadError } from '../../../../src/engine/index';
import { kindOfAnswer } from '../../../../src/oss/ossErrors';
import { failureRecord, parseFailure } from '../../../../src/engine/record/failureRecord';
import { failureOf } from '../../../../src/ui/text/failures';
import type { Failure, FailureContext } from '../../../../src/ui/text/failures';
import { chinese, english, failure, transfer } from '../snapshots';

const about = transfer();

function found(
  kind: Parameters<typeof failure>[0],
  details: Parameters<typeof failure>[1] = {},
  context: FailureContext = about,
): Failure {
  return failureOf(failure(kind, details), context, english);
}

describe('the table of failures', () => {
  it('has a row for each kind, and cases in it by code, EC and field', () => {
    assert.equal(found('sourceMissing').id, 'sourceMissing');
    assert.equal(
      found('sourceMissing', { code: 'DeadLink' }).text,
      'video.mp4 was not uploaded: it is a link that leads nowhere.',
    );
    assert.match(found('invalidArgument', { field: 'parallel' }).text, /between 1 and 64/);
    assert.match(found('refused', { status: 407 }).text, /proxy refuses/);
  });

  it('says the same of a failure that was read from disk, in both languages', () => {
    const ecs = [undefined, '0016-00000901', '0002-00000080'];
    for (const error of [
      ...ecs.map((ec) => failure('accessDenied', { ec, helpUrl: 'https://api.aliyun.com/' })),
      new UploadError('accessDenied', 'This request is forbidden by kms.', {
        code: 'AccessDenied',
      }),
      failure('accessDenied', { isForeign: true, status: 403 }),
      failure('noSuchBucket', { bucket: 'films' }),
      failure('wrongRegion', { endpoint: 'oss-cn-beijing.aliyuncs.com' }),
      failure('publicEndpointForbidden'),
      failure('domainUnusable', { domain: 'cdn.example.com', code: 'ENOTFOUND' }),
      failure('accountBlocked', { code: 'QuotaExceeded' }),
      failure('alreadyExists', { isBucketRule: true }),
      failure('refused', { status: 407 }),
      failure('certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }),
      failure('sourceMissing', { code: 'DeadLink' }),
      failure('sourceUnreadable', { code: 'EBUSY' }),
    ]) {
      const read = parseFailure(JSON.parse(JSON.stringify(failureRecord(error))));
      for (const words of [english, chinese]) {
        const [told, before] = [read, error].map((one) => failureOf(one, about, words));
        assert.equal(JSON.stringify(told), JSON.stringify(before));
      }
    }
  });

  it('takes what a case does not say from its row', () => {
    const unknown = found('credentials', { code: 'InvalidAccessKeyId' });
    assert.match(unknown.text, /does not know this AccessKey ID/);
    assert.equal(unknown.short, 'credentials refused');
    assert.equal(unknown.severity, 'warning');
    assert.equal(unknown.scope, 'credentials');
    assert.equal(unknown.keepsProgress, true);
    // A proxy's refusal is an error, whatever it refused.
    assert.equal(found('credentials', { status: 407 }).severity, 'error');
  });

  it('tells causes apart that have different sentences', () => {
    const arrears = found('accountBlocked', { code: 'UserDisable' });
    assert.notEqual(arrears.id, found('accountBlocked', { code: 'QuotaExceeded' }).id);
    assert.equal(arrears.id, found('accountBlocked', { code: 'UserDisable' }).id);
  });

  it('knows codes that come, by the names OSS and STS give them', () => {
    const codes = [
      ['InvalidAccessKeyId', /does not know this AccessKey ID/],
      ['InvalidAccessKeyId.NotFound', /does not know this AccessKey ID/],
      ['InvalidAccessKeyId.Inactive', /is disabled/],
      ['SignatureDoesNotMatch', /Secret does not belong/],
      ['UserDisable', /in arrears or disabled/],
    ] as const;
    for (const [code, text] of codes) {
      assert.match(found(kindOfAnswer(403, code), { code }).text, text, code);
    }
  });

  it('says what the bucket itself is the reason for, and tells those apart', () => {
    const ec = '0016-00000901';
    const denied = (message: string, more: object = {}): Failure =>
      failureOf(
        new UploadError('accessDenied', message, { code: 'AccessDenied', ...more }),
        about,
        english,
      );
    const cases = [
      [denied('Put public object acl is not allowed', { ec }), /Block Public Access of films/],
      [denied('', { ec: '0002-00000080' }), /takes no V1 signatures/],
      [
        denied('OSS Transfer Acceleration is not configured on this bucket.'),
        /Transfer acceleration is not enabled for films/,
      ],
      [denied('This request is forbidden by kms.'), /The KMS key that encrypts films/],
      [denied('You have no right to access this object.'), /No permission for oss:PutObject/],
      [found('alreadyExists', { isBucketRule: true }), /films forbids to replace it/],
      [found('refused', { code: 'FileImmutable' }), /retention policy \(WORM\) of films/],
      [found('credentials', { code: 'InvalidAccessKeyId', ec: '0002-00000902' }), /or deleted/],
      [found('credentials', { code: 'InvalidAccessKeyId', ec: '0002-00000904' }), /is disabled/],
    ] as const;
    for (const [{ text }, expected] of cases) assert.match(text, expected);
    // One message for all that share an id: those of different sentences must not.
    assert.equal(new Set(cases.map(([{ id }]) => id)).size, cases.length);
    const kept = found('alreadyExists', { isBucketRule: true }).actions;
    assert.deepEqual(kept, ['keepBoth', 'skip']);
  });

  it('names the file that cannot be that of an unfinished upload, without settings to change', () => {
    const code = 'EmptyFile';
    const empty = found('invalidArgument', { code, field: 'filePath', sourcePath: '/a/b.bin' }, {});
    assert.equal(
      empty.text,
      'b.bin is empty: nothing of this upload can be from it. Choose the file that was being uploaded.',
    );
    assert.deepEqual(empty.actions, ['copyErrorDetails']);
  });

  it('names the right to tags where the object gets some, and only there', () => {
    const tagged = found('accessDenied', {}, { ...about, object: { tags: { a: 'b' } } });
    assert.equal(
      tagged.text,
      'No permission for oss:PutObject or oss:PutObjectTagging on films/2026.',
    );
    const plain = found('accessDenied');
    assert.equal(plain.text, 'No permission for oss:PutObject on films/2026.');
    assert.deepEqual(tagged.actions, plain.actions);
    assert.notEqual(tagged.id, plain.id);
    const unclear = found(
      'accessDenied',
      { ec: '0016-00000901' },
      { ...about, object: { tags: { a: 'b' } } },
    );
    assert.match(unclear.text, /Block Public Access/);
  });

  it('asks for a domain where the account needs one', () => {
    const text = (context: FailureContext, words = english): string =>
      failureOf(failure('publicEndpointForbidden'), context, words).text;
    assert.equal(text(about), 'This account must use a domain of its own for films.');
    assert.equal(text(about, chinese), '此账号必须使用自定义域名访问 films。');
    assert.equal(found('publicEndpointForbidden').verdict, 'video.mp4 was not uploaded.');
  });

  it('says which domain ended, how, and what to do, in both languages', () => {
    const text = (code: string, status?: number, words = english): string => {
      const domain = 'img.example.com';
      return failureOf(failure('domainUnusable', { code, status, domain }), about, words).text;
    };
    const certificate = 'ERR_TLS_CERT_ALTNAME_INVALID';
    assert.match(text(certificate), /^img\.example\.com, .* of films, has no valid certificate/);
    assert.match(text('ENOTFOUND'), /is not known any more \(ENOTFOUND\)\..* DNS record/);
    assert.match(text('NoSuchBucket', 404), /^img\.example\.com does not lead to films any more/);
    assert.match(
      text(certificate, undefined, chinese),
      /^films 的域名 img\.example\.com 不再有有效/,
    );
    assert.deepEqual(found('domainUnusable').actions, ['chooseDomain', 'retry']);
  });

  it('offers the region that the server names, and none that an endpoint only seems to name', () => {
    const actions = (endpoint: string): unknown => found('wrongRegion', { endpoint }).actions[0];
    assert.deepEqual(actions('oss-cn-beijing-internal.aliyuncs.com'), {
      kind: 'useRegion',
      region: 'cn-beijing',
    });
    assert.equal(actions('oss-accelerate-overseas.aliyuncs.com'), 'selectBucket');
    assert.equal(actions('upload.example.com'), 'selectBucket');
  });

  it('says why it waits, in both languages', () => {
    const waiting = (kind: Parameters<typeof failure>[0], seconds: number): string =>
      found(kind, {}, { seconds }).waiting;
    assert.equal(waiting('throttled', 3), 'OSS is busy. Next try in 3 s. Progress is kept.');
    assert.equal(waiting('server', 0), 'OSS is busy. Trying again. Progress is kept.');
    assert.match(waiting('badResponse', 3), /a login page\? Next try in 3 s\.$/);
    assert.equal(waiting('network', -1), 'OSS cannot be reached. Trying again. Progress is kept.');
    const gone = failureOf(undefined, { seconds: 2 }, chinese).waiting;
    assert.match(gone, /2/);
    assert.doesNotMatch(gone, /[{}]/);
  });
});
