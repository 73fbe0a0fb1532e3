import assert from 'node:assert/strict';
import { cutOff, maskAccessKeyId, redact } from '../../../../src/engine/base/redact';
import { assertLinear } from '../../../support/growth';

const ID = 'LTAI5tQnKv9exampleKx3Qf';
const TEMPORARY_ID = 'STS.NUgYrLnoC37mZZCNnAbez';
const CONSOLE_ID = 'TMP.3KkPvNmexample7Rt';
const OLD_ID = 'h8xTqexample9Ze2';
const SECRET = 'yourVerySecretKeyOf30Characters';
const TOKEN = 'CAISxAJ1q6Ft5B2yfSjIr5bBJNTTexample+/==';

/** Each holds at least one of the secrets above, in a form that was seen somewhere. */
const CORPUS = [
  // Settings, environments, command lines.
  `accessKeySecret: ${SECRET}`,
  `access-key-secret=${SECRET}`,
  `access_key_secret = '${SECRET}'`,
  `ALIBABA_CLOUD_ACCESS_KEY_SECRET=${SECRET}`,
  `OSS_SESSION_TOKEN=${TOKEN}`,
  `OIDCToken=${SECRET}`,
  `oidc_token: "${SECRET}"`,
  `password=${SECRET}`,
  `"password":"a,b;${SECRET}"`,
  // JSON, also inside JSON; XML; forms.
  `{"AccessKeyId":"${ID}","AccessKeySecret":"${SECRET}","SecurityToken":"${TOKEN}"}`,
  JSON.stringify(JSON.stringify({ AccessKeySecret: SECRET, SecurityToken: TOKEN })),
  JSON.stringify(JSON.stringify(JSON.stringify({ Authorization: `OSS ${ID}:${SECRET}+=` }))),
  `<AccessKeySecret>${SECRET}</AccessKeySecret>`,
  `<OSSAccessKeyId>${OLD_ID}</OSSAccessKeyId><SignatureProvided>${SECRET}</SignatureProvided>`,
  `AccessKeyId%3D${ID}%26AccessKeySecret%3D${SECRET}`,
  `&quot;AccessKeySecret&quot;:&quot;${SECRET}&quot;`,
  `{"AccessKeySecret":"${SECRET}`,
  // Headers.
  `x-oss-security-token: ${TOKEN}`,
  `Authorization: OSS ${ID}:${SECRET}+/abc=`,
  `authorization: OSS4-HMAC-SHA256 Credential=${ID}/20261122/cn-hangzhou/oss/aliyun_v4_request,Signature=${SECRET}`,
  `'authorization': 'OSS ${ID}:${SECRET}'`,
  `"authorization":"Bearer ${SECRET}","host":"x"`,
  `OSS4-HMAC-SHA256 Credential=${ID}/20261122/cn-hangzhou/oss/aliyun_v4_request, Signature=${SECRET}`,
  `Proxy-Authorization: Basic ${SECRET}`,
  // Addresses.
  `GET https://films.oss-cn-hangzhou.aliyuncs.com/a.mp4?x-oss-credential=${ID}%2F2026&x-oss-signature=${SECRET}`,
  `https://films.oss-cn-hangzhou.aliyuncs.com/a.mp4?OSSAccessKeyId=${ID}&Expires=1&Signature=${SECRET}`,
  `https://login.example.com/?to=https%3A%2F%2Fx%2F%3FOSSAccessKeyId%3D${ID}%26Signature%3D${SECRET}`,
  `http://user:${SECRET}@proxy.example.com:3128`,
  `socks5://user:${SECRET}@proxy.example.com:1080`,
  `HTTPS_PROXY=https://${SECRET}@proxy.example.com`,
  // Alone in a sentence.
  `the key ${ID} is unknown`,
  `the key ${TEMPORARY_ID}, or ${CONSOLE_ID}.`,
  `token%3A${TOKEN}`,
  `the token ${TOKEN} is expired`,
];

describe('redact', () => {
  it('masks AccessKey ids so that they can be recognised', () => {
    assert.equal(maskAccessKeyId(ID), 'LTAI****x3Qf');
    assert.equal(redact(`key ${ID} is used`), 'key LTAI****x3Qf is used');
    assert.equal(redact(`${TEMPORARY_ID} is used`), 'STS.****Abez is used');
    assert.equal(redact(`${CONSOLE_ID} is used`), 'TMP.****e7Rt is used');
    assert.equal(maskAccessKeyId('short'), '****');
  });

  it('removes secrets, tokens and signatures however they are written', () => {
    for (const text of CORPUS) {
      const clean = redact(text);
      assert.notEqual(clean, text);
      for (const secret of [SECRET, TOKEN, ID, TEMPORARY_ID, CONSOLE_ID, OLD_ID]) {
        assert.ok(!clean.includes(secret), `${text}\n→ ${clean}`);
      }
    }
  });

  it('keeps what is needed to help', () => {
    for (const text of [
      'uploaded oss://films/2026/video.mp4 size=1 requestId=5F3C uploadId=0004B99B8E70 https://x.example.com/a?partNumber=3',
      'The specified bucket does not exist: my-signatures',
      'oss://films/2026/icon@2x.png and https://x.example.com/icon@2x.png?list-type=2&continuation-token=CgJiYw--',
      'SignatureDoesNotMatch: The request signature we calculated does not match the signature you provided.',
      'ALIBABA_CLOUD_OIDC_TOKEN_FILE=/var/run/secrets/token',
      '视频 文件.mp4 👩‍👩‍👧 key=日本語/a.txt',
    ]) {
      assert.equal(redact(text), text);
    }
    assert.equal(
      redact('PUT https://films.example.com/a.mp4?Signature=abc done'),
      'PUT https://films.example.com/a.mp4?*** done',
    );
  });

  it('shows what is not seen, so that no word of a server makes a line or turns one round', () => {
    assert.equal(redact('a\r\nb\tc'), String.raw`a\r\nb\tc`);
    assert.equal(
      redact('\u001b[31mred \u202egnp.exe \u2028 \u200e'),
      String.raw`\u001b[31mred \u202egnp.exe \u2028 \u200e`,
    );
  });

  it('cuts what is long, and a secret that is cut in two does not get through', () => {
    assert.ok(redact('a'.repeat(1_000_000)).length < 8200);
    assert.ok(redact(`${'a '.repeat(4080)}"accessKeySecret":"${SECRET}"`).endsWith('***'));
    assert.equal(cutOff('abc', 3), 'abc');
    assert.equal(cutOff('abcd', 3), 'abc…');
  });

  it('takes twice the time for twice the text, whatever is in it', () => {
    assertLinear(redact, [
      'a',
      ' ',
      'http://',
      'http://http://a?',
      'https://a?signature',
      '://',
      '://@',
      'authorization',
      'authorization:',
      'authorization="',
      `authorization:'"`,
      'authorization    ',
      'OSS ',
      'OSS Credential=',
      'OSS aaaaaaaaaaaa',
      'signature',
      'signature="',
      `signature'`,
      'signature: ',
      'signature%3D',
      String.raw`signature\\\"`,
      'access_key_secret',
      'accesskeyid=aaaaaaaaaaaaaaaa',
      'LTAI',
      'STS.',
      'CAIS',
      'CAIS.',
      '%3DLTAI',
      '\n',
      '\u202e',
    ]);
  });
});
