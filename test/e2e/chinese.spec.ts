import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, { locale: 'zh-cn' });
});
test.afterAll(async () => {
  await session.end();
});

test('in Chinese: menu, questions, progress, result', async () => {
  // So small that Cancel, Resume and the end come within the second in which the workbench drops
  // notifications beyond the third.
  const sha256 = await session.addFile('视频.mp4', 9 * MIB + 1);
  session.oss.faults.push({ on: 'uploadPart', do: { drainBytesPerSecond: 4 * MIB } });
  const window = await session.open();
  await window.contextMenu(window.file('视频.mp4'), '上传到 OSS（断点续传）');
  await window.input('AccessKey ID', ACCESS_KEY.accessKeyId);
  await window.input('AccessKey Secret', ACCESS_KEY.accessKeySecret);
  await window.pick(BUCKET);
  await window.input(BUCKET, '');
  const progress = window.notification(`正在上传至 ${BUCKET}：`);
  await expect(window.message(progress)).toContainText('视频.mp4');
  await window.button(progress, 'Cancel').click();
  const stopped = window.notification(/^视频\.mp4 已停止（\d+%），进度已保留。/);
  await expect(session.status).toContainText('1 个上传待续传');
  session.oss.faults.length = 0;
  await window.button(stopped, '继续').click();
  await session.expectObject('视频.mp4', sha256);
  const done = window.notification(/^已将 视频\.mp4（9\.0 MB）上传至 oss:/);
  await expect(window.button(done, '复制链接')).toBeVisible();
  await session.expectNothingLeft();
});
