import assert from 'node:assert/strict';
import { maskAccessKeyId, redact } from '../../../../src/ui/text/redact';

const ID = 'LTAI5tQnKv9exampleKx3Qf';
const SECRET = 'yourVerySecretKeyOf30Characters';
const TOKEN = 'CAISxAJ1q6Ft5B2yfSjIr5bBJNTTexample+/==';

describe('redact', () => {
  it('masks AccessKey ids so that they can be recognised', () => {
    assert.equal(maskAccessKeyId(ID), 'LTAI****x3Qf');
    assert.equal(redact(`key ${ID} is used`), 'key LTAI****x3Qf is used');
    assert.equal(redact('STS.NUgYrLnoC37mZZCNnAbez is used'), 'STS.****Abez is used');
    assert.equal(maskAccessKeyId('short'), '****');
  });

  it('removes secrets, tokens and signatures however they are written', () => {
    const texts = [
      `accessKeySecret: ${SECRET}`,
      `{"AccessKeySecret":"${SECRET}","SecurityToken":"${TOKEN}"}`,
      `ALIBABA_CLOUD_ACCESS_KEY_SECRET=${SECRET}`,
      `x-oss-security-token: ${TOKEN}`,
      `Authorization: OSS ${ID}:${SECRET}+/abc=`,
      `authorization: OSS4-HMAC-SHA256 Credential=${ID}/20261122/cn-hangzhou/oss/aliyun_v4_request,Signature=${SECRET}`,
      `'authorization': 'OSS ${ID}:${SECRET}'`,
      `OSS4-HMAC-SHA256 Credential=${ID}/20261122/cn-hangzhou/oss/aliyun_v4_request, Signature=${SECRET}`,
      `GET https://films.oss-cn-hangzhou.aliyuncs.com/a.mp4?x-oss-credential=${ID}%2F2026&x-oss-signature=${SECRET}`,
      `https://films.oss-cn-hangzhou.aliyuncs.com/a.mp4?OSSAccessKeyId=${ID}&Expires=1&Signature=${SECRET}`,
      `http://user:${SECRET}@proxy.example.com:3128`,
      `Proxy-Authorization: Basic ${SECRET}`,
    ];
    for (const text of texts) {
      const clean = redact(text);
      for (const secret of [SECRET, TOKEN, ID]) {
        assert.ok(!clean.includes(secret), `${text}\n→ ${clean}`);
      }
    }
  });

  it('keeps what is needed to help', () => {
    const text =
      'uploaded oss://films/2026/video.mp4 size=1 requestId=5F3C uploadId=0004B99B8E70 https://x.example.com/a?partNumber=3';
    assert.equal(redact(text), text);
    assert.equal(
      redact('PUT https://films.example.com/a.mp4?Signature=abc done'),
      'PUT https://films.example.com/a.mp4?*** done',
    );
  });
});
