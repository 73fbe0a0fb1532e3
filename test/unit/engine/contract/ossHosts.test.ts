import assert from 'node:assert/strict';
import { regionOfEndpoint } from '../../../../src/engine/contract/ossHosts';

describe('regionOfEndpoint', () => {
  for (const [endpoint, region] of [
    ['oss-cn-hangzhou.aliyuncs.com', 'cn-hangzhou'],
    ['https://oss-cn-hangzhou-internal.aliyuncs.com:443/x', 'cn-hangzhou'],
    ['bucket.oss-ap-southeast-1.aliyuncs.com', 'ap-southeast-1'],
    ['vpc100-oss-cn-beijing.aliyuncs.com', 'cn-beijing'],
    ['cn-shanghai.oss.aliyuncs.com', 'cn-shanghai'],
    ['OSS-CN-Hangzhou.aliyuncs.com.', 'cn-hangzhou'],
    ['oss-cn-beijing-finance-1.aliyuncs.com', 'cn-beijing-finance-1'],
    ['oss-accelerate.aliyuncs.com', ''],
    ['oss-accelerate-overseas.aliyuncs.com', ''],
    ['oss-cn-wuhan-lr-internal.aliyuncs.com', 'cn-wuhan-lr'],
    ['photos.cn-hangzhou.oss.aliyuncs.com', 'cn-hangzhou'],
    ['oss-rg-china-mainland.aliyuncs.com', 'rg-china-mainland'],
    ['oss-cn-hzjbp-a-internal.aliyuncs.com', 'cn-hzjbp'],
    ['photos.oss-cn-hzjbp-b-internal.aliyuncs.com', 'cn-hzjbp'],
    ['oss-cn-hzjbp-internal.aliyuncs.com', 'cn-hzjbp'],
    ['cn-beijing-h-internal.oss-data-acc.aliyuncs.com', ''],
    ['photos-7.oss-cn-hangzhou.oss-accesspoint.aliyuncs.com', ''],
    ['oss-internal.aliyuncs.com', ''],
    ['photos.oss-internal.aliyuncs.com', ''],
    ['oss.aliyuncs.com', ''],
    ['photos.oss.aliyuncs.com', ''],
    ['oss.example.com', ''],
    ['http://127.0.0.1:9000', ''],
    ['', ''],
  ] as const) {
    it(`finds "${region}" in ${endpoint}`, () => {
      assert.equal(regionOfEndpoint(endpoint), region);
    });
  }
});
