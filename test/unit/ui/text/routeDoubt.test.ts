import assert from 'node:assert/strict';
import { routeDoubt } from '../../../../src/ui/text/routeDoubt';

describe('a way of uploads', () => {
  it('is asked about when it is not encrypted and leads over a public network', () => {
    for (const endpoint of [
      'http://oss-cn-hangzhou.aliyuncs.com',
      'http://upload.example.com',
      'http://{bucket}.example.com',
      'http://example.com/{bucket}',
      'HTTP://8.8.8.8:9000',
      'http://[2001:4860:4860::8888]',
      'http://127.0.0.1.example.com',
      'http://172.32.0.1',
      'http://localhost.example.com',
    ]) {
      assert.equal(routeDoubt(endpoint, undefined), 'clearText', endpoint);
    }
  });

  it('is not asked about when it is encrypted, or stays in a private network', () => {
    for (const endpoint of [
      'public',
      'internal',
      'accelerate',
      'upload.example.com',
      'https://upload.example.com',
      'http://localhost:9000',
      'http://minio.localhost',
      'http://127.0.0.1:8123',
      'http://0x7f.1',
      'http://[::1]:80',
      'http://[::ffff:10.0.0.1]',
      'http://10.1.2.3',
      'http://100.115.33.33',
      'http://172.31.255.255',
      'http://192.168.0.7',
      'http://[fd00::1]',
      'http://nas',
      'http://nas.local',
      'http://oss.example.test',
      'http://oss-cn-hangzhou-internal.aliyuncs.com',
    ]) {
      assert.equal(routeDoubt(endpoint, undefined), undefined, endpoint);
    }
  });

  it('is asked about in a container, whose settings a repository writes, unless it is a word', () => {
    for (const remote of ['dev-container', 'attached-container', 'codespaces']) {
      assert.equal(routeDoubt('https://oss.example.com', remote), 'container');
      assert.equal(routeDoubt('http://127.0.0.1:1', remote), 'container');
      assert.equal(routeDoubt('http://oss.example.com', remote), 'clearText');
      assert.equal(routeDoubt('internal', remote), undefined);
    }
    assert.equal(routeDoubt('https://oss.example.com', 'ssh-remote'), undefined);
  });
});
