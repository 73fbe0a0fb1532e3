import fs from 'node:fs';
import https from 'node:https';
import { until } from '../../scripts/processes';
import { testCaFile } from '../oss-server/server';
import type { OssServer } from '../oss-server/server';
import {
  MENU_ITEM,
  clipboard,
  countOf,
  partsAccepted,
  pickInList,
  shot,
  showUploads,
  stuckAfter,
  uploadRow,
} from './gestures';
import { BUCKET, MIB, Session, expect, test } from './session';

// Somebody who opened an account since March 2025: data by a domain of the bucket only.
test.describe.configure({ mode: 'serial' });

const SIZE_BYTES = 24 * MIB + 1;
const DOMAIN = 'img.example.com';
const BUCKETS = [
  { name: BUCKET, region: 'cn-hangzhou', domains: [{ domain: DOMAIN, certificate: {} }] },
  {
    name: 'two-domains',
    region: 'cn-hangzhou',
    domains: [
      { domain: 'plain.example.com' },
      { domain: 'off.example.com', certificate: {}, status: 'Disabled' },
      { domain: 'two.example.com', certificate: {} },
    ],
  },
  { name: 'no-domain', region: 'cn-hangzhou' },
  { name: 'abroad', region: 'cn-hongkong' },
] as const;

let session: Session;
const names = ['first', 'second', 'killed', 'abroad', 'begun', 'bare'] as const;
let sums: Record<string, string>;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(
    profile,
    {},
    {
      buckets: BUCKETS,
      account: { kind: 'since2025' },
    },
  );
  sums = {};
  for (const name of names) {
    sums[`${name}.bin`] = await session.addFile(`${name}.bin`, SIZE_BYTES);
  }
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const upload = (name: string): Promise<void> =>
  session.window.contextMenu(session.window.file(name), MENU_ITEM);

/** The names that the accepted requests about an object were sent to. */
function hostsOf(key: string): string[] {
  const about = session.oss.operations.filter((r) => r.key === key && r.accepted);
  return [...new Set(about.map(({ host }) => host))];
}

/** Takes another bucket, with its top as the folder. */
async function selectBucket(name: string): Promise<void> {
  await session.window.command('OSS: Select Bucket and Folder...');
  await session.window.pick(name);
}

test('a first upload: the message offers the one bound domain, and it goes on by that', async () => {
  const { window } = session;
  await upload('first.bin');
  await session.answerFirstQuestions();
  const message = window.notification(
    `first.bin was not uploaded. This account must use a domain of its own for ${BUCKET}.`,
  );
  await message.waitFor();
  await expect(window.button(message, 'Choose Another...')).toBeVisible();
  await expect(window.button(message, 'Open Help')).toBeVisible();
  await shot(window, 'own-domain-message');
  await window.button(message, `Use https://${DOMAIN}`).click();
  await session.expectObject('first.bin', sums['first.bin'] ?? '');
  expect(hostsOf('first.bin')).toEqual([DOMAIN]);
});

test('a second upload asks nothing, and its link leads to the domain', async () => {
  const { window } = session;
  await upload('second.bin');
  await session.expectObject('second.bin', sums['second.bin'] ?? '');
  await window.button(window.notification('Uploaded second.bin'), 'Copy URL').click();
  await expect.poll(() => clipboard(window)).toBe(`https://${DOMAIN}/second.bin`);
  await expect(window.notification('domain of its own')).toHaveCount(0);
});

test('killed in the middle, it goes on by the domain and sends nothing twice', async () => {
  const hold = stuckAfter(session, 'killed.bin', 2);
  await upload('killed.bin');
  await partsAccepted(session, 'killed.bin', 2);
  await session.editor.kill();
  await session.closeWindow();
  hold.release();
  await until('the end of all requests', () => session.oss.openRequests.length === 0);
  const before = session.acceptedParts('killed.bin');
  const from = session.oss.operations.length;
  await session.open();
  await expect(session.status).toContainText('1 upload to resume');
  await pickInList(session, /Resume all/);
  await session.expectObject('killed.bin', sums['killed.bin'] ?? '');
  const sent = session.acceptedParts('killed.bin', from);
  expect(sent.filter((part) => before.includes(part))).toEqual([]);
  expect(countOf(session, 'initiateMultipartUpload', 'killed.bin')).toBe(1);
  expect(hostsOf('killed.bin')).toEqual([DOMAIN]);
});

test('another bucket, outside the mainland, keeps its default domain', async () => {
  const { window } = session;
  await selectBucket('abroad');
  await window.pick('Use this folder');
  await upload('abroad.bin');
  await session.expectObject('abroad.bin', sums['abroad.bin'] ?? '', 'abroad');
  expect(hostsOf('abroad.bin')).toEqual(['abroad.oss-cn-hongkong.aliyuncs.com']);
});

test('begun at the default domain, with two domains: the chosen one goes on with the same upload', async () => {
  const { window, oss } = session;
  // Somebody whose account is not yet of the new kind.
  oss.account = { kind: 'before2025' };
  await selectBucket('two-domains');
  await window.pick('Use this folder');
  const hold = stuckAfter(session, 'begun.bin', 2);
  await upload('begun.bin');
  await partsAccepted(session, 'begun.bin', 2);
  const before = session.acceptedParts('begun.bin');
  oss.account = { kind: 'since2025' };
  hold.release();
  const message = window.notification('begun.bin was not uploaded. This account must use a domain');
  await window.button(message, 'Choose Domain...').click();
  await window.row('https://two.example.com').waitFor();
  expect(await window.rowLabels()).toEqual([
    'https://two.example.com',
    'http://plain.example.com',
    'Type another domain...',
  ]);
  await shot(window, 'own-domain-list');
  await window.pick('https://two.example.com');
  await session.expectObject('begun.bin', sums['begun.bin'] ?? '', 'two-domains');
  const parts = session.acceptedParts('begun.bin');
  expect(parts.filter((part) => before.includes(part))).toEqual(before);
  expect(countOf(session, 'initiateMultipartUpload', 'begun.bin')).toBe(1);
});

test('none bound: choosing the folder asks already, and the box says what is wrong', async () => {
  const { window, oss } = session;
  await selectBucket('no-domain');
  const box = window.inputMessage('A domain that is bound to bucket no-domain');
  await box.waitFor();
  await expect(box).toContainText('Bucket Settings > Domain Names');
  for (const [typed, wrong] of [
    ['two.example.com', 'two.example.com belongs to another bucket, not to no-domain.'],
    ['later.example.com', 'later.example.com is not bound to no-domain. Bind one in the OSS'],
    ['no-domain.oss-cn-hangzhou.aliyuncs.com', 'This is a domain of OSS, not one of your own.'],
  ] as const) {
    await window.quickInput.fill(typed);
    await window.quickInput.press('Enter');
    await window.inputMessage(wrong).waitFor();
    if (typed === 'later.example.com') await shot(window, 'own-domain-box');
  }
  oss.changeBucket('no-domain', { domains: [{ domain: 'later.example.com', certificate: {} }] });
  await window.quickInput.fill('later.example.com');
  await window.quickInput.press('Enter');
  await window.pick('Use this folder');
  await upload('bare.bin');
  await session.expectObject('bare.bin', sums['bare.bin'] ?? '', 'no-domain');
  expect(hostsOf('bare.bin')).toEqual(['later.example.com']);
});

test('a signed link leads to the domain, and opens', async () => {
  const { window } = session;
  await showUploads(window);
  await window.contextMenu(uploadRow(window, 'bare.bin'), 'Copy Signed URL...');
  await expect(window.quickInput).toHaveAttribute('placeholder', /7 days/);
  await window.pick('1 hr');
  await expect.poll(() => clipboard(window)).toContain(`https://later.example.com/bare.bin?`);
  expect(await bytesAt(await clipboard(window), session.oss)).toBe(SIZE_BYTES);
});

/** How many bytes an address answers with, to whoever has it. */
async function bytesAt(url: string, { port }: OssServer): Promise<number> {
  const { hostname, pathname, search } = new URL(url);
  const ca = fs.readFileSync(testCaFile);
  return new Promise((resolve, reject) => {
    const options = {
      host: '127.0.0.1',
      port,
      path: `${pathname}${search}`,
      servername: hostname,
      headers: { host: hostname },
      ca,
    };
    https
      .get(options, (answer) => {
        let sizeBytes = 0;
        answer.on('data', (chunk: Buffer) => (sizeBytes += chunk.length));
        answer.on('end', () => {
          resolve(answer.statusCode === 200 ? sizeBytes : -1);
        });
      })
      .on('error', reject);
  });
}
