import { MENU_ITEM, writeCredentialFiles } from './gestures';
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

test('what cannot be used is in the list with its reason, and a program runs only after a yes', async ({
  profile,
}) => {
  session = await Session.begin(profile);
  writeCredentialFiles(session, PROGRAM);
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
