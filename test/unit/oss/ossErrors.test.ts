import assert from 'node:assert/strict';
import { UploadError } from '../../../src/engine/contract/errors';
import type { UploadErrorKind } from '../../../src/engine/contract/errors';
import {
  answererOf,
  errorOfAnswer,
  errorOfConnection,
  isErrorBody,
  kindOfAnswer,
} from '../../../src/oss/ossErrors';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

const errorXml = (elements: Record<string, string>) =>
  Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${Object.entries(elements)
      .map(([name, value]) => `<${name}>${value}</${name}>`)
      .join('')}</Error>`,
  );

const answer = (
  status: number,
  elements: Record<string, string> | undefined,
  headers: Record<string, string> = {},
) => ({
  status,
  headers: { 'x-oss-request-id': 'REQUEST', ...headers },
  body: elements === undefined ? Buffer.alloc(0) : errorXml(elements),
});

describe('kindOfAnswer', () => {
  const table: Record<string, readonly (readonly [status: number, code: string])[]> = {
    timeout: [
      [400, 'RequestTimeout'],
      [408, 'Http408'],
    ],
    network: [[400, 'IncompleteBody']],
    throttled: [
      [503, 'ServiceUnavailable'],
      [503, 'SlowDown'],
      [429, 'TooManyRequests'],
      [503, 'QpsLimitExceeded'],
      [503, 'TotalQpsLimitExceeded'],
      [503, 'MetaOperationQpsLimitExceeded'],
      [503, 'UploadTrafficRateLimitExceeded'],
      [503, 'DownloadTrafficRateLimitExceeded'],
      [503, 'ActiveRequestLimitExceeded'],
      [503, 'CpuLimitExceeded'],
      [400, 'Throttling.User'],
      [429, 'Http429'],
      [503, 'Http503'],
    ],
    server: [
      [500, 'InternalError'],
      [500, 'Http500'],
      [502, 'Http502'],
      [504, 'Http504'],
    ],
    badResponse: [
      [302, 'Http302'],
      [511, 'Http511'],
      [200, 'Http200'],
    ],
    checksumMismatch: [
      [400, 'InvalidCRC64'],
      [400, 'InvalidDigest'],
    ],
    noSuchUpload: [[404, 'NoSuchUpload']],
    invalidParts: [
      [400, 'InvalidPart'],
      [400, 'InvalidPartOrder'],
      [400, 'EntityTooSmall'],
      [400, 'FilePartNotExist'],
    ],
    credentials: [
      [403, 'InvalidAccessKeyId'],
      [403, 'SignatureDoesNotMatch'],
      [403, 'SecurityTokenExpired'],
      [403, 'InvalidSecurityToken'],
      [403, 'AccessKeyIdAndSecurityTokenNotMatch'],
      [403, 'SecurityTokenNotSupported'],
      [404, 'InvalidAccessKeyId.NotFound'],
      [401, 'Unauthorized'],
    ],
    clockSkew: [
      [403, 'RequestTimeTooSkewed'],
      [400, 'InvalidTimeStamp.Expired'],
    ],
    accessDenied: [
      [403, 'AccessDenied'],
      [403, 'SecondLevelDomainForbidden'],
    ],
    noSuchBucket: [[404, 'NoSuchBucket']],
    accountBlocked: [
      [403, 'UserDisable'],
      [403, 'QuotaExceeded'],
    ],
    alreadyExists: [[409, 'FileAlreadyExists']],
    refused: [
      [400, 'InvalidArgument'],
      [400, 'InvalidObjectName'],
      [400, 'EntityTooLarge'],
      [400, 'MalformedXML'],
      [401, 'Http401'],
      [403, 'Http403'],
      [404, 'NoSuchKey'],
      [405, 'MethodNotAllowed'],
      [407, 'Http407'],
      [409, 'FileImmutable'],
      [411, 'MissingContentLength'],
      [412, 'PreconditionFailed'],
    ],
  };
  for (const [kind, answers] of Object.entries(table)) {
    for (const [status, code] of answers) {
      it(`takes ${status} ${code} for ${kind}`, () => {
        assert.equal(kindOfAnswer(status, code), kind);
      });
    }
  }

  it('takes any refusal that names another endpoint for the wrong region', () => {
    const endpoint = 'oss-cn-beijing.aliyuncs.com';
    assert.equal(kindOfAnswer(403, 'AccessDenied', { endpoint }), 'wrongRegion');
    assert.equal(kindOfAnswer(307, 'TemporaryRedirect', { endpoint }), 'wrongRegion');
    assert.equal(kindOfAnswer(503, 'ServiceUnavailable', { endpoint }), 'throttled');
  });

  it('takes a signature for another region for the wrong region', () => {
    assert.equal(kindOfAnswer(400, 'InvalidArgument', { ec: '0002-00000226' }), 'wrongRegion');
  });
});

describe('errorOfAnswer', () => {
  it('keeps code, message, request id, EC and the page OSS recommends', () => {
    const error = errorOfAnswer(
      answer(403, {
        Code: 'AccessDenied',
        Message: 'You have no &quot;right&quot; &amp;\n that is &#x4E2D;.',
        EC: '0003-00000001',
        RecommendDoc: 'https://api.aliyun.com/troubleshoot?q=0003-00000001&amp;x=1',
      }),
    );
    assert.equal(error.kind, 'accessDenied');
    assert.equal(error.code, 'AccessDenied');
    assert.equal(error.status, 403);
    assert.equal(error.message, 'You have no "right" & that is 中.');
    assert.equal(error.requestId, 'REQUEST');
    assert.equal(error.ec, '0003-00000001');
    assert.equal(error.helpUrl, 'https://api.aliyun.com/troubleshoot?q=0003-00000001&x=1');
  });

  it('makes the help page from the EC, of the header too', () => {
    const error = errorOfAnswer(answer(403, { Code: 'X' }, { 'x-oss-ec': '1-2' }));
    assert.equal(error.helpUrl, 'https://api.aliyun.com/troubleshoot?q=1-2');
    for (const RecommendDoc of [
      'javascript:alert(1)',
      'https://evil.example.com/aliyun.com/',
      'https://evilaliyun.com/',
      'https://api.aliyun.com@evil.example.com/',
      `https://api.aliyun.com/${'a'.repeat(501)}`,
    ]) {
      const other = errorOfAnswer(answer(403, { EC: '1-2', RecommendDoc }));
      assert.equal(other.helpUrl, 'https://api.aliyun.com/troubleshoot?q=1-2', RecommendDoc);
    }
  });

  it('reads the error of a HEAD out of x-oss-err: NoSuchBucket is not NoSuchKey', () => {
    const header = (code: string) => ({
      'x-oss-err': errorXml({ Code: code, Message: 'm' }).toString('base64'),
    });
    const noBucket = errorOfAnswer(answer(404, undefined, header('NoSuchBucket')));
    assert.equal(noBucket.kind, 'noSuchBucket');
    assert.equal(errorOfAnswer(answer(404, undefined, header('NoSuchKey'))).code, 'NoSuchKey');
    assert.equal(errorOfAnswer(answer(404, undefined)).code, 'NoSuchKey');
    assert.equal(errorOfAnswer(answer(403, undefined)).kind, 'accessDenied');
    assert.equal(
      errorOfAnswer(answer(403, undefined, header('UserDisable'))).kind,
      'accountBlocked',
    );
  });

  it('does not take the refusal of a proxy for one of OSS', () => {
    const html = { status: 403, headers: {}, body: Buffer.from('<html>blocked by policy</html>') };
    const error = errorOfAnswer(html);
    assert.deepEqual([error.kind, error.code], ['refused', 'Http403']);
    const gateway = errorOfAnswer({ ...html, status: 502 });
    assert.deepEqual([gateway.kind, gateway.code], ['server', 'Http502']);
    assert.ok(!gateway.message.includes('OSS answered'));
    assert.deepEqual([error.isForeign, gateway.isForeign], [true, true]);
    const login = errorOfAnswer({ ...html, status: 401, body: Buffer.alloc(0) });
    assert.deepEqual([login.kind, login.isForeign], ['refused', true]);
    assert.equal(errorOfAnswer({ ...html, status: 404, body: Buffer.alloc(0) }).code, 'Http404');
  });

  it('takes the time of the server from the body first, then from its Date', () => {
    const skewed = { Code: 'RequestTimeTooSkewed' };
    const date = { date: new Date(NOW_MS + 7000).toUTCString() };
    const serverTime = new Date(NOW_MS - 3_600_000).toISOString();
    const both = errorOfAnswer(answer(403, { ...skewed, ServerTime: serverTime }, date), NOW_MS);
    assert.equal(both.kind, 'clockSkew');
    assert.equal(both.clockSkewMs, -3_600_000);
    assert.equal(errorOfAnswer(answer(403, skewed, date), NOW_MS).clockSkewMs, 7000);
    const bogus = { date: 'Thu, 01 Jan 1970 00:00:00 GMT' };
    assert.equal(errorOfAnswer(answer(403, skewed, bogus), NOW_MS).clockSkewMs, undefined);
    assert.equal(errorOfAnswer(answer(403, { Code: 'AccessDenied' }, date)).clockSkewMs, undefined);
  });

  it('says how long to wait', () => {
    const of = (headers: Record<string, string>) =>
      errorOfAnswer(answer(503, undefined, headers), NOW_MS).retryAfterMs;
    assert.equal(of({ 'retry-after': '3' }), 3000);
    assert.equal(of({ 'retry-after': new Date(NOW_MS + 9000).toUTCString() }), 9000);
    assert.equal(of({ 'retry-after': new Date(NOW_MS - 9000).toUTCString() }), 0);
    assert.equal(
      of({
        'retry-after': new Date(NOW_MS + 109_000).toUTCString(),
        date: new Date(NOW_MS + 100_000).toUTCString(),
      }),
      9000,
    );
    assert.equal(of({ 'x-oss-qos-delay-time': '250', 'retry-after': '3' }), 250);
    assert.equal(of({ 'retry-after': 'soon' }), undefined);
    assert.equal(of({}), undefined);
  });

  it('names the right endpoint', () => {
    const endpoint = 'oss-cn-beijing.aliyuncs.com';
    const error = errorOfAnswer(answer(403, { Code: 'AccessDenied', Endpoint: endpoint }));
    assert.deepEqual([error.kind, error.endpoint], ['wrongRegion', endpoint]);
  });

  it('holds no secret, whatever OSS echoes', () => {
    const error = errorOfAnswer(
      answer(403, {
        Code: 'SignatureDoesNotMatch',
        Message:
          'id LTAI5tAbcdefghijklmnopqr token CAISabcdefghijklmnopqrstuv/w== Signature=abc+d=',
        OSSAccessKeyId: 'LTAI5tAbcdefghijklmnopqr',
        SignatureProvided: 'SIGNATUREPROVIDED',
        StringToSign: 'PUT STRINGTOSIGN',
      }),
    );
    const shown = JSON.stringify(Object.entries(error)) + error.message + (error.stack ?? '');
    for (const secret of ['tAbcdefghij', 'CAISabc', 'abc+d', 'SIGNATUREPROVIDED', 'STRINGTOSIGN']) {
      assert.ok(!shown.includes(secret), `${secret} in ${shown}`);
    }
    assert.ok(shown.includes('LTAI****opqr'));
  });

  it('cuts a long message', () => {
    const error = errorOfAnswer(answer(400, { Code: 'X', Message: 'm'.repeat(10_000) }));
    assert.ok(error.message.length < 600);
  });

  it('never throws, whatever the body holds', () => {
    for (const text of [
      '',
      '<Error>',
      '<Error><Code>',
      '<Error><Code>&#99999999;</Code></Error>',
      '\0',
    ]) {
      const error = errorOfAnswer({ status: 400, headers: {}, body: Buffer.from(text) });
      assert.ok(UploadError.is(error));
    }
  });
});

describe('what an error lets through', () => {
  const HOSTILE = 'a\n\u001b[31m\u202Egnp.exe';

  it('is no code, EC or request id but a word', () => {
    const long = 'C'.repeat(200_000);
    for (const word of [HOSTILE, long, 'two words', '']) {
      const error = errorOfAnswer(
        answer(403, { Code: word, EC: word, RequestId: word }, { 'x-oss-ec': word }),
      );
      assert.deepEqual(
        [error.code, error.ec, error.kind, error.requestId],
        ['Http403', undefined, 'accessDenied', 'REQUEST'],
      );
      const { requestId, isForeign } = errorOfAnswer({
        ...answer(403, { Code: 'AccessDenied' }),
        headers: { 'x-oss-request-id': word },
      });
      assert.deepEqual([requestId, isForeign], [undefined, true]);
    }
  });

  it('is no character that a terminal or a text obeys', () => {
    const { message } = errorOfAnswer(answer(400, { Code: 'X', Message: HOSTILE }));
    assert.equal(message, String.raw`a \u001b[31m\u202egnp.exe`);
  });

  it('is no link but one to the vendor', () => {
    const helpUrl = (RecommendDoc: string) =>
      errorOfAnswer(answer(403, { Code: 'X', RecommendDoc })).helpUrl;
    assert.equal(helpUrl('https://help.aliyun.com/a'), 'https://help.aliyun.com/a');
    assert.equal(helpUrl('https://www.alibabacloud.com/b'), 'https://www.alibabacloud.com/b');
    for (const address of [
      'https://evil.com/aliyun.com',
      'https://aliyun.com.evil.com/',
      'https://notaliyun.com/',
      'https://api.aliyun.com@evil.com/',
      'http://api.aliyun.com/',
      `https://api.aliyun.com/${'x'.repeat(1000)}`,
      'https://api.aliyun.com/\u202e',
    ]) {
      assert.equal(helpUrl(address), undefined, address);
    }
  });

  it('is no endpoint but a host', () => {
    const of = (Endpoint: string) => errorOfAnswer(answer(403, { Code: 'AccessDenied', Endpoint }));
    assert.equal(of('x.evil.com#').endpoint, undefined);
    assert.equal(of('x.evil.com#').kind, 'accessDenied');
    assert.equal(of('a b').endpoint, undefined);
  });

  it('is no time of more than a day, and in clear text none of a header', () => {
    const skewed = { Code: 'RequestTimeTooSkewed' };
    const of = (elements: object, date: number, isSecure: boolean) => {
      const headers = { date: new Date(date).toUTCString() };
      const refused = answer(403, { ...skewed, ...elements }, headers);
      return errorOfAnswer({ ...refused, isSecure }, NOW_MS).clockSkewMs;
    };
    const hour = 3_600_000;
    assert.equal(of({}, NOW_MS + hour, true), hour);
    assert.equal(of({}, NOW_MS + hour, false), undefined);
    assert.equal(of({ ServerTime: new Date(NOW_MS + hour).toISOString() }, 0, false), hour);
    assert.equal(of({}, NOW_MS + 25 * hour, true), undefined);
    assert.equal(of({ ServerTime: '2038-01-19T00:00:00.000Z' }, NOW_MS, true), undefined);
    assert.equal(of({ ServerTime: '+275760-09-13T00:00:00.000Z' }, NOW_MS, true), undefined);
  });
});

describe('answererOf', () => {
  const of = (headers: Record<string, string>, body = '') =>
    answererOf({ status: 200, headers, body: Buffer.from(body) });

  it('knows OSS by its request id, or by a document that OSS writes', () => {
    assert.equal(of({ 'x-oss-request-id': '5C3D9175B6FC201293AD****'.slice(0, 20) }), 'oss');
    assert.equal(
      of({}, '<?xml version="1.0"?>\n<ListPartsResult><Part/></ListPartsResult>'),
      'oss',
    );
    assert.equal(of({}, '<Error><Code>A</Code><RequestId>5C</RequestId></Error>'), 'oss');
  });

  it('knows a stranger by what he says', () => {
    assert.equal(of({}, '{"ok":true}'), 'other');
    assert.equal(of({}, 'ok'), 'other');
    assert.equal(of({}, '<html><ListPartsResult></ListPartsResult></html>'), 'other');
    assert.equal(of({}, '<Error><Code>AccessDenied</Code></Error>'), 'other');
    assert.equal(of({ 'content-type': 'text/html; charset=utf-8' }), 'other');
  });

  it('takes a refusal with the document of a success for that of a stranger', () => {
    const body = Buffer.from('<ListMultipartUploadsResult></ListMultipartUploadsResult>');
    assert.equal(answererOf({ status: 403, headers: {}, body }), 'other');
    assert.equal(errorOfAnswer({ status: 403, headers: {}, body }).isForeign, true);
    const error = Buffer.from('<Error><Code>A</Code><RequestId>5C</RequestId></Error>');
    assert.equal(answererOf({ status: 403, headers: {}, body: error }), 'oss');
  });

  it('does not know who said nothing', () => {
    assert.equal(of({ etag: '"A"' }), 'unknown');
    assert.equal(of({ 'x-oss-request-id': 'no word\u0007' }), 'unknown');
  });
});

describe('isErrorBody', () => {
  it('knows an error document from another one', () => {
    assert.ok(isErrorBody(errorXml({ Code: 'X' })));
    assert.ok(isErrorBody(Buffer.from('<Error><Code>X</Code></Error>')));
    assert.ok(!isErrorBody(Buffer.from('<html><Error>')));
    assert.ok(!isErrorBody(Buffer.from('<?xml version="1.0"?><ListPartsResult/>')));
    assert.ok(!isErrorBody(Buffer.alloc(0)));
  });
});

describe('errorOfConnection', () => {
  const table: Partial<Record<UploadErrorKind, readonly string[]>> = {
    network: [
      'ENOTFOUND',
      'EAI_AGAIN',
      'ECONNREFUSED',
      'ENETUNREACH',
      'EHOSTUNREACH',
      'ENETDOWN',
      'ECONNRESET',
      'EPIPE',
      'EPROTO',
      'ERR_SSL_WRONG_VERSION_NUMBER',
      'HPE_INVALID_CONSTANT',
      'ERR_STREAM_PREMATURE_CLOSE',
    ],
    timeout: ['ETIMEDOUT', 'ESOCKETTIMEDOUT'],
    certificate: [
      'CERT_HAS_EXPIRED',
      'DEPTH_ZERO_SELF_SIGNED_CERT',
      'SELF_SIGNED_CERT_IN_CHAIN',
      'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
      'ERR_TLS_CERT_ALTNAME_INVALID',
    ],
    invalidArgument: ['ERR_INVALID_CHAR', 'ERR_UNESCAPED_CHARACTERS'],
  };
  for (const [kind, codes] of Object.entries(table)) {
    for (const code of codes) {
      it(`takes ${code} for ${kind}`, () => {
        const error = errorOfConnection(Object.assign(new Error('m'), { code }));
        assert.deepEqual([error.kind, error.code, error.message], [kind, code, 'm']);
      });
    }
  }

  it('takes what it does not know for the network, and speaks where the error does not', () => {
    assert.equal(errorOfConnection(new Error('proxy said no')).kind, 'network');
    const tried = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    assert.equal(errorOfConnection(tried).message, 'ECONNREFUSED');
    assert.equal(errorOfConnection('text').message, 'text');
  });

  it('leaves an abort an abort, and an UploadError what it is', () => {
    assert.equal(errorOfConnection(new DOMException('x', 'AbortError')).kind, 'aborted');
    const own = new UploadError('sourceChanged', 'm', { code: 'C' });
    assert.equal(errorOfConnection(own), own);
  });
});
