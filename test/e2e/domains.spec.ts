import path from 'node:path';
import { sendRequest } from '../oss-server/client';
import {
  MENU_ITEM,
  chooseFile,
  countOf,
  partsAccepted,
  shot,
  showUploads,
  stuckAfter,
  uploadRow,
} from './gestures';
import { ACCESS_KEY, BUCKET, MIB, Session, expect, test } from './session';

// An account since March 2025, and domains that end, have no certificate or may not be looked up.
test.describe.configure({ mode: 'serial' });

const SIZE_BYTES = 24 * MIB + 1;
const region = 'cn-hangzhou';
const first = { domain: 'first.example.com', certificate: {} };
const next = { domain: 'next.example.com', certificate: {} };
const BUCKETS = [
  { name: BUCKET, region, domains: [first] },
  { name: 'cleaned', region, domains: [{ domain: 'cleaned.example.com', certificate: {} }] },
  { name: 'away', region, domains: [{ domain: 'away.example.com', certificate: {} }] },
  { name: 'plain', region, domains: [{ domain: 'plain.example.com' }] },
  { name: 'secret', region, domains: [{ domain: 'secret.example.com', certificate: {} }] },
] as const;

let session: Session;
let sums: Record<string, string>;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, {}, { buckets: BUCKETS, account: { kind: 'since2025' } });
  sums = {};
  for (const name of ['moved', 'again', 'away', 'plain', 'secret']) {
    sums[`${name}.bin`] = await session.addFile(`${name}.bin`, SIZE_BYTES);
  }
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

const upload = (name: string): Promise<void> =>
  session.window.contextMenu(session.window.file(name), MENU_ITEM);

const expectIn = (bucket: string, key: string): Promise<void> =>
  session.expectObject(key, sums[key] ?? '', bucket);

/** The names that the accepted requests about an object were sent to. */
function hostsOf(key: string): string[] {
  const about = session.oss.operations.filter((r) => r.key === key && r.accepted);
  return [...new Set(about.map(({ host }) => host))];
}

async function selectBucket(name: string): Promise<void> {
  await session.window.command('OSS: Select Bucket and Folder...');
  await session.window.pick(name);
}

/** Takes the bucket's top, which this account was still let in to list. */
async function useTop(name: string): Promise<void> {
  const { window, oss } = session;
  oss.account = { kind: 'before2025' };
  await selectBucket(name);
  await window.pick('Use this folder');
  // What is chosen is remembered a moment after the list has gone.
  const header = window.page.locator('.pane-header').filter({ hasText: 'OSS Uploads' });
  await expect(header).toContainText(name);
  oss.account = { kind: 'since2025' };
}

/** Begins an upload that this editor knows nothing of. */
async function beginElsewhere(bucket: string, key: string): Promise<void> {
  const { accessKeyId, accessKeySecret } = ACCESS_KEY;
  await sendRequest(session.oss.endpoint, {
    method: 'POST',
    key,
    query: { uploads: '' },
    host: `${bucket}.example.com`,
    signing: { version: 'v4', accessKeyId, accessKeySecret },
    bucket,
  });
  expect(session.oss.uploads(bucket)).toHaveLength(1);
}

test('a domain that is unbound in the middle is told, and another goes on with the upload', async () => {
  const { window, oss } = session;
  await upload('moved.bin');
  await session.answerFirstQuestions();
  const asks = window.notification('This account must use a domain of its own');
  const hold = stuckAfter(session, 'moved.bin', 2);
  await window.button(asks, 'Use https://first.example.com').click();
  await partsAccepted(session, 'moved.bin', 2);
  const before = session.acceptedParts('moved.bin');
  oss.changeBucket(BUCKET, { domains: [next] });
  hold.release();
  // A new connection meets a foreign certificate, one that was kept open the answer of OSS.
  const told = window.notification(
    /first\.example\.com(, the domain of e2e-bucket, has no valid certificate| does not lead to e2e-bucket any more)/,
  );
  await told.waitFor();
  await expect(told).toContainText('moved.bin was not uploaded.');
  await expect(window.button(told, 'Try Again')).toBeVisible();
  await shot(window, 'domains-unbound');
  await showUploads(window);
  await expect(uploadRow(window, 'moved.bin')).toContainText('domain does not work');
  await window.button(told, 'Use https://next.example.com').click();
  await expectIn(BUCKET, 'moved.bin');
  const parts = session.acceptedParts('moved.bin');
  expect(parts.filter((part) => before.includes(part))).toEqual(before);
  expect(countOf(session, 'initiateMultipartUpload', 'moved.bin')).toBe(1);
});

test('one that ended since the last upload is asked about anew, also where folders are listed', async () => {
  const { window, oss } = session;
  oss.changeBucket(BUCKET, { domains: [first] });
  await selectBucket(BUCKET);
  const list = window.quickInput;
  await expect(list).toHaveAttribute('placeholder', /^next\.example\.com does not work any more/);
  await shot(window, 'domains-list');
  await window.pick('https://first.example.com');
  await window.pick('Use this folder');
  await upload('again.bin');
  await expectIn(BUCKET, 'again.bin');
});

test('Clean Up asks for the domain, and removes by it', async () => {
  const { window, oss } = session;
  await beginElsewhere('cleaned', 'foreign.bin');
  await useTop('cleaned');
  await window.command('OSS: Clean Up Unfinished Uploads in Bucket...');
  const asks = window.notification('This account must use a domain of its own for cleaned');
  await window.button(asks, 'Use https://cleaned.example.com').click();
  await window.quickTitle(': 1, 0 B · chosen: 0').waitFor();
  await window.row('foreign.bin').getByRole('checkbox').click();
  await window.quickTitle('chosen: 1').waitFor();
  await window.quickInput.press('Enter');
  // It was begun elsewhere, and may still run there.
  await window.dialogButton('Remove').click();
  await window.notification('Removed the unfinished upload of foreign.bin').waitFor();
  expect(oss.uploads('cleaned')).toEqual([]);
});

test('Resume from OSS asks for the domain, and goes on by it', async () => {
  const { window } = session;
  await beginElsewhere('away', 'away.bin');
  await useTop('away');
  await window.command('OSS: Resume Upload from OSS...');
  const asks = window.notification('This account must use a domain of its own for away');
  await window.button(asks, 'Use https://away.example.com').click();
  await window.pick('away.bin');
  await chooseFile(window, path.join(session.workspace, 'away.bin'));
  await expectIn('away', 'away.bin');
  expect(countOf(session, 'initiateMultipartUpload', 'away.bin')).toBe(1);
  expect(hostsOf('away.bin')).toEqual(['away.example.com']);
});

test('one without a certificate is used unencrypted, after a yes only', async () => {
  const { window, oss } = session;
  await selectBucket('plain');
  const row = window.row('http://plain.example.com');
  await expect(row).toContainText('no valid certificate, unencrypted');
  const sent = oss.operations.length;
  await window.pick('http://plain.example.com');
  await window.dialogButton('Cancel').click();
  expect(oss.operations.slice(sent).filter(({ key }) => key === 'plain.bin')).toEqual([]);
  await window.pick('http://plain.example.com');
  await shot(window, 'domains-unencrypted');
  await window.dialogButton('Send Unencrypted').click();
  await window.pick('Use this folder');
  await upload('plain.bin');
  await expectIn('plain', 'plain.bin');
  expect(hostsOf('plain.bin')).toEqual(['plain.example.com']);
});

test('without the right to look domains up, one is typed', async () => {
  const { window, oss } = session;
  oss.credentials.splice(0, 1, { ...ACCESS_KEY, deny: ['listCname'] });
  await selectBucket('secret');
  await window.inputMessage('A domain that is bound to bucket secret').waitFor();
  await window.quickInput.fill('secret.example.com');
  await window.quickInput.press('Enter');
  await window.pick('Use this folder');
  await upload('secret.bin');
  await expectIn('secret', 'secret.bin');
  expect(hostsOf('secret.bin')).toEqual(['secret.example.com']);
});
