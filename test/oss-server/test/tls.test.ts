import assert from 'node:assert/strict';
import { sendRequest } from '../client.ts';
import { openTestServer } from './testServer.ts';

const bucketRequest = { method: 'GET', key: 'k' };

describe('the OSS server over TLS', () => {
  it('is trusted by those who trust the test CA, by address and by host name of OSS', async () => {
    const oss = await openTestServer({ https: true });
    try {
      assert.match(oss.server.endpoint, /^https:/);
      assert.equal((await oss.send({ method: 'PUT', key: 'k', body: 'x' })).status, 200);
      const host = 'bucket-one.oss-cn-hangzhou.aliyuncs.com';
      assert.equal((await oss.send({ ...bucketRequest, host })).text, 'x');
      const local = oss.server.endpoint.replace('127.0.0.1', 'localhost');
      assert.equal((await sendRequest(local, { method: 'GET' })).status, 403);
    } finally {
      await oss.close();
    }
  });

  it('can reset a connection under TLS', async () => {
    const oss = await openTestServer({ https: true });
    try {
      oss.server.faults.push({ do: { cut: { by: 'reset', afterBytes: 0 } } });
      await assert.rejects(oss.send(bucketRequest), { code: 'ECONNRESET' });
    } finally {
      await oss.close();
    }
  });

  for (const [certificate, code] of [
    ['expired', 'CERT_HAS_EXPIRED'],
    ['wrongHost', 'ERR_TLS_CERT_ALTNAME_INVALID'],
    ['selfSigned', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
  ] as const) {
    it(`shows a certificate that is ${certificate}`, async () => {
      const oss = await openTestServer({ https: certificate });
      try {
        await assert.rejects(oss.send(bucketRequest), { code });
      } finally {
        await oss.close();
      }
    });
  }
});
