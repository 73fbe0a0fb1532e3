import { shot, writeCredentialFiles } from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// A user in China with an account of after March 2025, from the first question to the last message.
const DOMAIN = 'img.example.com';
const NAME = '视频.mp4';

let session: Session;

test.beforeAll(async ({ profile }) => {
  const domains = [{ domain: DOMAIN, certificate: {} }];
  const buckets = [{ name: BUCKET, region: 'cn-hangzhou', domains }];
  const names = { buckets, account: { kind: 'since2025' } } as const;
  session = await Session.begin(profile, { locale: 'zh-cn' }, names);
});
test.afterAll(async () => {
  await session.end();
});

test('in Chinese: menu, credentials, questions, domain, progress, result', async () => {
  // So small that Cancel, Resume and the end come within the second in which the workbench drops
  // notifications beyond the third.
  const sha256 = await session.addFile(NAME, 9 * MIB + 1);
  writeCredentialFiles(session, 'never run');
  session.oss.faults.push({ on: 'uploadPart', do: { drainBytesPerSecond: 4 * MIB } });
  const window = await session.open();
  await window.contextMenu(window.file(NAME), '上传到 OSS（断点续传）');
  await expect(window.row(/（office）/)).toContainText('登录已失效');
  await expect(window.row(/（build）/)).toContainText('RsaKeyPair 类型的凭证不能用于上传');
  await expect(window.row(/ossutilconfig/)).toContainText('缺少 ramRoleArn');
  await window.pick(/输入新的凭证/);
  await window.input('AccessKey ID', ACCESS_KEY.accessKeyId);
  await window.input('AccessKey Secret', ACCESS_KEY.accessKeySecret);
  await window.pick(BUCKET);
  await window.input(BUCKET, '');
  const refused = window.notification(`此账号必须使用自定义域名访问 ${BUCKET}。`);
  await refused.waitFor();
  await shot(window, 'own-domain-message-zh');
  await window.button(refused, `使用 https://${DOMAIN}`).click();
  const progress = window.notification(`正在上传至 ${BUCKET}：`);
  await expect(window.message(progress)).toContainText(NAME);
  await window.button(progress, 'Cancel').click();
  const stopped = window.notification(/^视频\.mp4 已停止（\d+%），进度已保留。/);
  await expect(session.status).toContainText('1 个上传待续传');
  session.oss.faults.length = 0;
  await window.button(stopped, '继续').click();
  await session.expectObject(NAME, sha256);
  const done = window.notification(/^已将 视频\.mp4（9\.0 MB）上传至 oss:/);
  await expect(window.button(done, '复制链接')).toBeVisible();
  await session.expectNothingLeft();
});
