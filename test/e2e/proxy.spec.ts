import { MENU_ITEM, shot, typeCredentials } from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// Somebody whose only way out is the proxy of the editor's own setting `http.proxy`.
const PASSWORD = { username: 'somebody', password: 'p@ss:word' };
const SIZE_BYTES = 9 * MIB + 1;
const HOST = `${BUCKET}.oss-cn-hangzhou.aliyuncs.com`;
const PLAIN = { 'ossUpload.endpoint': 'http://oss-cn-hangzhou.aliyuncs.com' };

for (const [how, isSecure, password] of [
  ['a tunnel, with its password', true, { asked: PASSWORD, given: PASSWORD }],
  ['plain requests', false, {}],
  ['plain requests, with its password', false, { asked: PASSWORD, given: PASSWORD }],
] as const) {
  test(`everything goes by the proxy: ${how}`, async ({ profile }) => {
    const options = isSecure ? {} : { machineSettings: PLAIN };
    const names = isSecure ? {} : { https: undefined };
    const session = await Session.begin(profile, options, names, password);
    try {
      const sha256 = await session.addFile('large.bin', SIZE_BYTES);
      const window = await session.open();
      await window.contextMenu(window.file('large.bin'), MENU_ITEM);
      await session.answerFirstQuestions();
      if (!isSecure) await window.pick('Upload');
      await session.expectObject('large.bin', sha256);
      const note = window.notification('Uploaded large.bin');
      await window.button(note, 'Copy URL').click();
      // The question whether the link is private goes the same way.
      await window.notification('large.bin is private').waitFor();
      const seen = session.proxy?.seen ?? [];
      expect(seen.every((line) => line.startsWith('CONNECT ') === isSecure)).toBe(true);
      expect(seen.join('\n')).toContain(`${HOST}:${isSecure ? 443 : 80}`);
    } finally {
      await session.end();
    }
  });
}

test('a proxy whose password is missing is told as that, before anything reaches OSS', async ({
  profile,
}) => {
  const session = await Session.begin(profile, {}, {}, { asked: PASSWORD });
  try {
    await session.addFile('large.bin', SIZE_BYTES);
    const window = await session.open();
    await window.contextMenu(window.file('large.bin'), MENU_ITEM);
    await typeCredentials(window, ACCESS_KEY);
    await window.inputMessage('The proxy refuses the connection to OSS').waitFor();
    await shot(window, 'proxy-refuses');
    expect(session.oss.operations).toEqual([]);
  } finally {
    await session.end();
  }
});

test('certificates that nobody trusts are taken only with http.proxyStrictSSL off', async ({
  profile,
}) => {
  for (const isStrict of [true, false]) {
    const settings = isStrict ? {} : { 'http.proxyStrictSSL': false };
    const session = await Session.begin(profile, { settings }, { https: 'selfSigned' });
    try {
      const sha256 = await session.addFile('large.bin', SIZE_BYTES);
      const window = await session.open();
      await window.contextMenu(window.file('large.bin'), MENU_ITEM);
      if (isStrict) {
        await typeCredentials(window, ACCESS_KEY);
        await window.inputMessage('The certificate of the server is not trusted').waitFor();
      } else {
        await session.answerFirstQuestions();
        await session.expectObject('large.bin', sha256);
      }
    } finally {
      await session.end();
    }
  }
});
