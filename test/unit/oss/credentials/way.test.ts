import assert from 'node:assert/strict';
import { UploadError } from '../../../../src/engine/contract/errors';
import { secretUrl, stsHost } from '../../../../src/oss/credentials/way';
import { signParameters } from '../../../../src/oss/credentials/securityTokens';

/** The result, or the code and the subject of the error. */
function outcome(run: () => string | URL): string {
  try {
    return String(run());
  } catch (error) {
    assert.ok(UploadError.is(error));
    return `${error.code} ${error.field ?? ''}`;
  }
}

describe('where a key is asked for', () => {
  for (const [region, endpoint, isVpc, host] of [
    ['', '', false, 'sts.aliyuncs.com'],
    ['', '', true, 'sts.aliyuncs.com'],
    ['cn-beijing', '', false, 'sts.cn-beijing.aliyuncs.com'],
    ['CN-beijing', '', true, 'sts-vpc.cn-beijing.aliyuncs.com'],
    ['evil.com/?', '', false, 'ValueNotUsable region'],
    ['cn-beijing@evil.com#', '', false, 'ValueNotUsable region'],
    ['-x', '', false, 'ValueNotUsable region'],
    ['x', 'https://sts.cn-shanghai.aliyuncs.com/', false, 'sts.cn-shanghai.aliyuncs.com'],
    ['', 'sts-vpc.cn-shanghai.aliyuncs.com', false, 'sts-vpc.cn-shanghai.aliyuncs.com'],
    ['', 'sts.evil.com', false, 'ValueNotUsable endpoint'],
    ['', 'evil.com/sts.aliyuncs.com', false, 'ValueNotUsable endpoint'],
    ['', 'sts.aliyuncs.com.evil.com', false, 'ValueNotUsable endpoint'],
    ['', 'sts@evil.com/.aliyuncs.com', false, 'ValueNotUsable endpoint'],
  ] as const) {
    it(`STS of "${region}" and "${endpoint}": ${host}`, () => {
      const named = (entry: string, text: string) => ({ entry, text });
      const run = () => stsHost(named('region', region), named('endpoint', endpoint), isVpc);
      assert.equal(outcome(run), host);
    });
  }

  for (const [text, result] of [
    ['https://keys.example.com/x?y=1', 'https://keys.example.com/x?y=1'],
    ['http://localhost:8080/', 'http://localhost:8080/'],
    ['http://127.0.0.1/', 'http://127.0.0.1/'],
    ['http://[::1]:1/', 'http://[::1]:1/'],
    ['http://100.100.100.200/latest', 'http://100.100.100.200/latest'],
    ['http://169.254.170.2/x', 'http://169.254.170.2/x'],
    ['http://keys.example.com/', 'PlainHttp it'],
    ['http://127.0.0.1.evil.com/', 'PlainHttp it'],
    ['http://localhost.evil.com/', 'PlainHttp it'],
    ['https://me:secret@example.com/', 'ValueNotUsable it'],
    ['file:///etc/passwd', 'ValueNotUsable it'],
    ['keys', 'ValueNotUsable it'],
  ] as const) {
    it(`the address ${text}: ${result}`, () => {
      assert.equal(
        outcome(() => secretUrl(text, 'it')),
        result,
      );
    });
  }

  it('signs for STS as the document of Alibaba Cloud does', () => {
    const parameters = {
      Timestamp: '2016-02-23T12:46:24Z',
      Format: 'XML',
      AccessKeyId: 'testid',
      Action: 'DescribeRegions',
      SignatureMethod: 'HMAC-SHA1',
      SignatureNonce: '3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf',
      Version: '2014-05-26',
      SignatureVersion: '1.0',
    };
    const signature = signParameters('GET', parameters, 'testsecret');
    assert.equal(signature, 'OLeaidS1JvxuMvnyHOwuJ+uX5qY=');
  });
});
