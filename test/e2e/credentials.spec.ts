import fs from 'node:fs';
import path from 'node:path';
import { MENU_ITEM } from './gestures';
import { ACCESS_KEY, BUCKET, Session, expect, test } from './session';

// Whose key it is: what lies on a computer, what of it can be used, and what has to be asked first.
const PROGRAM = `"${process.execPath}" -e 'process.stdout.write(process.argv[1])' '${JSON.stringify(
  {
    mode: 'AK',
    access_key_id: ACCESS_KEY.accessKeyId,
    access_key_secret: ACCESS_KEY.accessKeySecret,
  },
)}'`;

let session: Session;

test.afterEach(async () => {
  await session.end();
});

/** A home folder as somebody has it who has tried each way once. */
function writeHome(): void {
  const home = path.join(path.dirname(session.workspace), 'home');
  fs.mkdirSync(path.join(home, '.aliyun'));
  const profiles = [
    { name: 'office', mode: 'OAuth', oauth_site_type: 'CN', oauth_access_token_expire: 5 },
    { name: 'build', mode: 'RsaKeyPair', key_pair_name: 'k', private_key: 'p' },
    { name: 'vault', mode: 'External', process_command: PROGRAM },
  ];
  fs.writeFileSync(path.join(home, '.aliyun', 'config.json'), JSON.stringify({ profiles }));
  fs.writeFileSync(
    path.join(home, '.ossutilconfig'),
    `[default]\nmode=RamRoleArn\naccessKeyID=${ACCESS_KEY.accessKeyId}\naccessKeySecret=x\n`,
  );
}

test('what cannot be used is in the list with its reason, and a program runs only after a yes', async ({
  profile,
}) => {
  session = await Session.begin(profile);
  writeHome();
  await session.addFile('a.txt', 100);
  const window = await session.open();
  await window.contextMenu(window.file('a.txt'), MENU_ITEM);
  const signIn = 'The sign-in is over. Run "aliyun configure --profile office" in a terminal';
  await expect(window.row(/config\.json \(office\)/)).toContainText(signIn);
  await expect(window.row(/config\.json \(build\)/)).toContainText('of the kind RsaKeyPair');
  await expect(window.row(/ossutilconfig/)).toContainText('ramRoleArn is missing');
  // Chosen all the same, it stays where it is.
  await window.pick(/config\.json \(build\)/);
  await expect(window.row(/config\.json \(build\)/)).toContainText('of the kind RsaKeyPair');
  expect(session.oss.operations).toEqual([]);
  await window.pick(/config\.json \(vault\)/);
  const question = window.page.locator('.monaco-dialog-box');
  await expect(question).toContainText('gets its key from a program');
  await expect(question).toContainText(PROGRAM);
  await window.dialogButton('Cancel').click();
  await expect(window.row(/config\.json \(vault\)/)).toContainText('The program was not run.');
  expect(session.oss.operations).toEqual([]);
  await window.pick(/config\.json \(vault\)/);
  await window.dialogButton('Run Program').click();
  await window.pick(BUCKET);
  await window.input(`Folder in bucket ${BUCKET}`, '');
  await expect.poll(() => session.oss.keys(BUCKET)).toEqual(['a.txt']);
});

test('the reasons are told in Chinese', async ({ profile }) => {
  session = await Session.begin(profile, { locale: 'zh-cn' });
  writeHome();
  await session.addFile('a.txt', 100);
  const window = await session.open();
  await window.contextMenu(window.file('a.txt'), '上传到 OSS（断点续传）');
  await expect(window.row(/（office）/)).toContainText('登录已失效');
  await expect(window.row(/（build）/)).toContainText('RsaKeyPair 类型的凭证不能用于上传');
  await expect(window.row(/ossutilconfig/)).toContainText('缺少 ramRoleArn');
});
