import { until } from '../../scripts/processes';
import { MENU_ITEM, STOP_MS, progress, selectFiles } from './gestures';
import { BUCKET, MIB, Session, expect, percentOf, test } from './session';

// A window takes seconds to open and a gesture in it takes a tenth of one, so these tests share
// one: they are the first day of one user, in this order.
test.describe.configure({ mode: 'serial' });

/** Eight parts and a short one. */
const BIG_BYTES = 64 * MIB + 12_345;

const FILES = {
  'video.mp4': BIG_BYTES,
  'cancelled.bin': BIG_BYTES,
  'unwanted.bin': BIG_BYTES,
  'looked-at.bin': BIG_BYTES,
  'notes.txt': 1234,
  'one.bin': 9 * MIB,
  'two.bin': 100,
  'assets/index.html': 500,
  'assets/video/intro.mp4': 9 * MIB,
  'assets/空 格.txt': 10,
  'assets/.git/config': 10,
};

let session: Session;
/** SHA-256 by name. */
let sums: Record<keyof typeof FILES, string>;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile);
  // All of them before the window opens: how soon an explorer shows a new file is not our business.
  const entries = Object.entries(FILES).map(async ([name, sizeBytes]) => {
    return [name, await session.addFile(name, sizeBytes)] as const;
  });
  sums = Object.fromEntries(await Promise.all(entries)) as typeof sums;
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

/** Each part takes a second or more, so that a person, and a test, can see the progress. */
function slowDown(bytesPerSecond: number): void {
  session.oss.faults.push({ on: 'uploadPart', do: { drainBytesPerSecond: bytesPerSecond } });
}

function speedUp(): void {
  session.oss.faults.length = 0;
}

test('right-click on a large file: questions, rising percentage, the same bytes in OSS', async () => {
  const { window } = session;
  await expect(session.status).toHaveCount(0);
  slowDown(6 * MIB);
  await window.contextMenu(window.file('video.mp4'), MENU_ITEM);
  await session.answerFirstQuestions();

  const message = window.message(progress(window));
  await expect(message).toContainText(/video\.mp4 · \d+ % · [\d.]+ .?i?B of 64(\.0)? Mi?B/);
  const seen = new Set<number>();
  await expect(async () => {
    seen.add(await percentOf(progress(window)));
    expect(seen.size).toBeGreaterThanOrEqual(4);
  }).toPass({ intervals: [50] });
  const values = [...seen];
  expect(values).toEqual([...values].sort((a, b) => a - b));
  expect(Math.max(...values)).toBeLessThanOrEqual(100);
  speedUp();

  await session.expectObject('video.mp4', sums['video.mp4']);
  const done = window.notification('Uploaded video.mp4');
  await window.button(done, 'Copy URL').click();
  await expect(progress(window)).toHaveCount(0);
  const clipboard = (): Promise<string> =>
    window.page.evaluate<string>('navigator.clipboard.readText()');
  await expect.poll(clipboard).toMatch(new RegExp(`${BUCKET}.*/video\\.mp4$`));
  expect(session.acceptedParts('video.mp4').sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await session.expectNothingLeft();
});

test('Cancel stops within a second and keeps the progress; Resume goes on', async () => {
  const { window } = session;
  slowDown(2 * MIB);
  await window.contextMenu(window.file('cancelled.bin'), MENU_ITEM);
  // Three parts are on their way at a time; the first of them have come.
  await until('a part', () => session.acceptedParts('cancelled.bin').length > 0);
  await cancelAndExpectSilence();
  const acceptedBefore = session.acceptedParts('cancelled.bin');

  speedUp();
  const stopped = window.notification(/ is stopped at \d+ %\. Progress is kept\./);
  expect(session.checkpoints().length).toBeGreaterThan(0);
  expect(session.oss.uploads(BUCKET)).toHaveLength(1);
  await window.button(stopped, 'Resume').click();
  await session.expectObject('cancelled.bin', sums['cancelled.bin']);
  // What was accepted before the stop was not sent again.
  const accepted = session.acceptedParts('cancelled.bin');
  expect(new Set(accepted).size).toBe(9);
  expect(accepted.filter((part) => acceptedBefore.includes(part))).toEqual(acceptedBefore);
  await session.expectNothingLeft();
  const file = `oss://${BUCKET}/cancelled.bin size=${BIG_BYTES}`;
  await expect.poll(() => session.extensionLog()).toContain(`started ${file} parts=9 id=`);
  // A run that is over before the window looks at it has its line at its end only.
  const resumedBytes = acceptedBefore.length * 8 * MIB;
  const ended = `uploaded ${file} parts=9 retried=0 resumed=${resumedBytes} sent=`;
  await expect.poll(() => session.extensionLog()).toContain(ended);
});

test('Discard after Cancel leaves nothing in OSS and nothing on disk', async () => {
  const { window } = session;
  slowDown(2 * MIB);
  await window.contextMenu(window.file('unwanted.bin'), MENU_ITEM);
  await until('a part', () => session.acceptedParts('unwanted.bin').length > 0);
  await cancelAndExpectSilence();
  speedUp();
  await expect(session.status).toContainText('1 upload to resume');
  const stopped = window.notification(/ is stopped at \d+ %/);
  await window.button(stopped, 'Discard...').click();
  await window.dialogButton('Discard').click();
  await session.expectNothingLeft();
  await expect(session.status).toHaveCount(0);
  expect(session.oss.object(BUCKET, 'unwanted.bin')).toBeUndefined();
});

test('a row tells how far it is, and its menu pauses and resumes it', async () => {
  const { window } = session;
  slowDown(1 * MIB);
  await window.contextMenu(window.file('looked-at.bin'), MENU_ITEM);
  await window.command('OSS: Show Uploads');
  const row = window.treeRows('OSS Uploads').filter({ hasText: 'looked-at.bin' });
  await expect(row).toContainText(/[1-9]\d* %/);
  await window.contextMenu(row, 'Pause');
  await expect(row).toContainText('paused');
  speedUp();
  await window.contextMenu(row, 'Resume');
  await session.expectObject('looked-at.bin', sums['looked-at.bin']);
  await session.expectNothingLeft();
});

test('the palette uploads the current file', async () => {
  const { window } = session;
  await window.file('notes.txt').dblclick();
  await window.page.locator('.tab', { hasText: 'notes.txt' }).waitFor();
  await window.command(`OSS: ${MENU_ITEM}`);
  await window.pick('Current file');
  await session.expectObject('notes.txt', sums['notes.txt']);
});

test('several selected files are uploaded together', async () => {
  const { window } = session;
  // The first one opens: the small one.
  await selectFiles(window, 'two.bin', 'one.bin');
  await window.contextMenu(window.file('one.bin'), MENU_ITEM);
  await session.expectObject('one.bin', sums['one.bin']);
  await session.expectObject('two.bin', sums['two.bin']);
  await expect(window.notification('Uploaded 2 files')).toBeVisible();
});

test('a folder is uploaded with its name and its folders', async () => {
  const { window } = session;
  const keys = ['assets/index.html', 'assets/video/intro.mp4', 'assets/空 格.txt'] as const;
  await window.contextMenu(window.file('assets'), MENU_ITEM);
  for (const key of keys) await session.expectObject(key, sums[key]);
  const inFolder = session.oss.keys(BUCKET).filter((key) => key.startsWith('assets/'));
  // What is excluded, such as .git, stays out.
  expect(inFolder.sort()).toEqual([...keys].sort());
  await session.expectNothingLeft();
});

/** Presses Cancel; soon the upload stands still, and stays so. */
async function cancelAndExpectSilence(): Promise<void> {
  const { window, oss } = session;
  const cancel = window.button(progress(window), 'Cancel');
  await cancel.hover();
  const pressedMs = Date.now();
  await cancel.click();
  await window.notification(/ is stopped at \d+ %/).waitFor();
  const stoppedMs = Date.now();
  expect(stoppedMs - pressedMs).toBeLessThan(STOP_MS);
  await expect(progress(window)).toHaveCount(0);
  // The server still reads what was on its way, slowly; after that nothing more comes.
  await until('the end of all requests', () => oss.openRequests.length === 0);
  expect(oss.operations.filter(({ startedAt }) => startedAt > stoppedMs)).toEqual([]);
}
