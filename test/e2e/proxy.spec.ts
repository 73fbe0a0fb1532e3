import { MENU_ITEM, shot, typeCredentials } from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, proxyUrl, test } from './session';

// Somebody whose only way out is the proxy of the editor's own setting `http.proxy`.
const PASSWORD = { username: 'somebody', password: 'p@ss:word' };
const SIZE_BYTES = 9 * MIB + 1;
const HOST = `${BUCKET}.oss-cn-hangzhou.aliyuncs.com`;
const PLAIN = { 'ossUpload.endpoint': 'http://oss-cn-hangzhou.aliyuncs.com' };

let session: Session;
let sha256: string;

test.afterEach(async () => {
  await session.end();
});

async function open(): Promise<void> {
  sha256 = await session.addFile('large.bin', SIZE_BYTES);
  await session.open();
}

async function upload(): Promise<void> {
  const { window } = session;
  await window.contextMenu(window.file('large.bin'), MENU_ITEM);
}

/** Uploads, looks at the link, and tells what the proxy was asked. */
async function uploadByProxy(isPlain = false): Promise<readonly string[]> {
  const { window } = session;
  await upload();
  if (isPlain) {
    // Before anything goes there, the look at the credentials included.
    await window.row('Use This Address').waitFor();
    expect(session.oss.operations).toEqual([]);
    await window.pick('Use This Address');
  }
  await session.answerFirstQuestions();
  await session.expectObject('large.bin', sha256);
  await window.button(window.notification('Uploaded large.bin'), 'Copy URL').click();
  // The question whether the link is private goes the same way.
  await window.notification('large.bin is private').waitFor();
  return session.proxy?.seen ?? [];
}

test('a password that is missing is told before anything reaches OSS; with it all goes by a tunnel', async ({
  profile,
}) => {
  session = await Session.begin(profile, {}, {}, { asked: PASSWORD });
  await open();
  await upload();
  await typeCredentials(session.window, ACCESS_KEY);
  await session.window.inputMessage('The proxy refuses the connection to OSS').waitFor();
  await shot(session.window, 'proxy-refuses');
  expect(session.oss.operations).toEqual([]);
  await session.changeUserSettings({ 'http.proxy': proxyUrl(session.proxy!, PASSWORD) });
  const seen = await uploadByProxy();
  expect(seen.every((line) => line.startsWith('CONNECT '))).toBe(true);
  expect(seen.join('\n')).toContain(`${HOST}:443`);
});

test('plain requests go by the proxy with its password, too', async ({ profile }) => {
  const password = { asked: PASSWORD, given: PASSWORD };
  session = await Session.begin(
    profile,
    { machineSettings: PLAIN },
    { https: undefined },
    password,
  );
  await open();
  const seen = await uploadByProxy(true);
  expect(seen.filter((line) => line.startsWith('CONNECT '))).toEqual([]);
  expect(seen.join('\n')).toContain(`${HOST}:80`);
});

test('certificates that nobody trusts are taken only with http.proxyStrictSSL off', async ({
  profile,
}) => {
  session = await Session.begin(profile, {}, { https: 'selfSigned' });
  await open();
  await upload();
  await typeCredentials(session.window, ACCESS_KEY);
  await session.window.inputMessage('The certificate of the server is not trusted').waitFor();
  await session.changeUserSettings({ 'http.proxyStrictSSL': false });
  await upload();
  await session.answerFirstQuestions();
  await session.expectObject('large.bin', sha256);
});
