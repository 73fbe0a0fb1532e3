import type { Locator } from '@playwright/test';
import {
  MENU_ITEM,
  clipboard,
  partsAccepted,
  pressInRow,
  shot,
  stuckAfter,
  uploadRow,
} from './gestures';
import { MIB, Session, expect, test } from './session';

// The view of the uploads: there at once, readable when it is narrow, and true about every state.
test.describe.configure({ mode: 'serial' });

/** What a file manager in a left-to-right window makes the worst of. */
const NAMES = {
  long: `${'very-long-name-'.repeat(13)}end.bin`,
  wide: `${'👩‍💻🏳️‍🌈季度财务报告'.repeat(4)}-photo.bin`,
  rightToLeft: `${'תמונה-'.repeat(15)}סוף.bin`,
} as const;

/** As OSS refuses a file for a reason of its own. */
const REFUSAL = { status: 400, code: 'InvalidObjectName', ec: '0016-00000102' };

let session: Session;

test.beforeAll(async ({ profile }) => {
  session = await Session.begin(profile, {
    machineSettings: { 'ossUpload.partSize': '1 MB', 'ossUpload.concurrency': 8 },
  });
  await session.addFile('hello.txt', 1000);
  await session.addFile('bad.txt', 10);
  await session.addFile('offline.bin', 8 * MIB);
  for (const name of Object.values(NAMES)) await session.addFile(name, 4 * MIB);
  for (let n = 0; n < 3; n++) await session.addFile(`site/page${n}.html`, 500);
  await session.open();
});
test.afterAll(async () => {
  await session.end();
});

/** The colour that an element is drawn in. Runs in the page. */
function colorOf(element: unknown): string {
  const page = globalThis as unknown as {
    getComputedStyle(of: unknown): { readonly color: string };
  };
  return page.getComputedStyle(element).color;
}

/** Where an element ends, in pixels. */
async function rightOf(element: Locator): Promise<number> {
  const box = await element.boundingBox();
  return box ? box.x + box.width : Number.NaN;
}

/** The state of a row is not cut off, as the editor does with what has no room. */
async function expectWhole(row: Locator): Promise<void> {
  const room = row.locator('.monaco-icon-label-container');
  await expect
    .poll(async () => (await rightOf(row.locator('.label-description'))) - (await rightOf(room)))
    .toBeLessThanOrEqual(0.5);
}

const header = (): Locator =>
  session.window.page.locator('.pane-header', { hasText: 'OSS Uploads' });

test('its first expansion shows its rows before the editor lays the tree out again', async () => {
  const { window } = session;
  await window.contextMenu(window.file('hello.txt'), MENU_ITEM);
  await session.answerFirstQuestions();
  await window.notification('Uploaded hello.txt').waitFor();
  await window.command('Notifications: Clear All Notifications');
  await expect(header()).toHaveAttribute('aria-expanded', 'false');
  // From the tree to the first row in it; the editor's own second look comes 2 s after the first.
  await window.page.evaluate(`(() => {
    const look = () => {
      const pane = [...document.querySelectorAll('.pane')].find((one) =>
        one.querySelector('.pane-header')?.textContent.includes('OSS Uploads'));
      const now = performance.now();
      if (pane?.querySelector('.customview-tree .monaco-list')) window.treeMs ??= now;
      if (pane?.querySelector('.customview-tree .monaco-list-row')) window.rowMs ??= now;
      if (window.rowMs === undefined) requestAnimationFrame(look);
    };
    look();
  })()`);
  await header().click();
  await expect(uploadRow(session.window, 'hello.txt')).toBeVisible();
  // The row is there a frame before its time is taken.
  await window.page.waitForFunction('window.rowMs !== undefined');
  const blankMs = await window.page.evaluate<number>('window.rowMs - window.treeMs');
  console.log(`first expansion: ${Math.round(blankMs)} ms without rows`);
  expect(blankMs).toBeLessThan(1900);
});

test('a finished row says its size, time and place, and Enter copies its URL', async () => {
  const { window } = session;
  const row = uploadRow(window, 'hello.txt');
  await expect(row).toContainText(/done · 1,000 B · \d+:\d\d/);
  await window.page.evaluate(`navigator.clipboard.writeText('')`);
  await row.click();
  await window.page.keyboard.press('Enter');
  await expect.poll(() => clipboard(window)).toContain('hello.txt');
});

test('a folder counts as one upload, and can be opened when it is finished', async () => {
  const { window } = session;
  const hold = session.oss.hold({ on: 'putObject', times: 3 });
  await window.contextMenu(window.file('site'), MENU_ITEM);
  const badge = window.page.locator('.activitybar .action-item.checked .badge-content');
  await expect(badge).toHaveText('1');
  hold.release();
  await expect(uploadRow(window, 'site')).toContainText('done · 3 files');
  await uploadRow(window, 'site').click();
  await expect(uploadRow(window, 'page')).toHaveCount(3);
  await pressInRow(uploadRow(window, 'site').first(), 'Copy URL');
  await expect.poll(async () => (await clipboard(window)).split('\n').length).toBe(3);
  await uploadRow(window, 'site').first().click();
});

test('waiting for the network stands still, and can be tried now', async () => {
  const { window } = session;
  const hold = stuckAfter(session, 'offline.bin', 3);
  await window.contextMenu(window.file('offline.bin'), MENU_ITEM);
  await partsAccepted(session, 'offline.bin', 3);
  await session.oss.stopListening();
  hold.release();
  const row = uploadRow(window, 'offline.bin');
  await expect(row).toContainText('waiting for the network');
  await expect(row.locator('.codicon-modifier-spin')).toHaveCount(0);
  await shot(window, 'view-waiting');
  await row.hover();
  const tryNow = row.getByRole('button', { name: 'Try Now' });
  // While the network is still gone it tries, and waits on with all it has.
  await tryNow.click();
  await expect(row).toContainText(/waiting for the network at \d\d %/);
  await expect(window.notification('was not uploaded')).toHaveCount(0);
  await session.oss.listenAgain();
  // Unless it has just tried by itself.
  await expect(async () => {
    if ((await row.textContent())?.includes('done') === true) return;
    await row.hover();
    await tryNow.click({ timeout: 1000 });
    await expect(row).toContainText('done', { timeout: 5000 });
  }).toPass({ timeout: 20_000 });
});

test('the state is readable beside the longest names, at 800 × 600', async () => {
  const { window } = session;
  session.oss.faults.push({ on: 'putObject', key: 'bad.txt', do: { answer: REFUSAL } });
  await window.contextMenu(window.file('bad.txt'), MENU_ITEM);
  await expect(uploadRow(window, 'bad.txt')).toContainText('failed: refused by OSS');
  const holds = Object.values(NAMES).map((name) => stuckAfter(session, name, 1));
  for (const name of Object.values(NAMES)) {
    await window.contextMenu(
      window.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name.slice(0, 8) }),
      MENU_ITEM,
    );
  }
  await window.page.setViewportSize({ width: 800, height: 600 });
  const rows = window.treeRows('OSS Uploads').filter({ hasText: /\d+ %/ });
  await expect(rows).toHaveCount(Object.keys(NAMES).length);
  for (const row of await rows.all()) await expectWhole(row);
  await shot(window, 'view-long-names');
  // A state is another shape and another colour, beside its words.
  await pressInRow(rows.first(), 'Pause');
  await window.page.mouse.move(1, 1);
  await expect(rows.first()).toContainText('paused at 25 %');
  await expectWhole(rows.first());
  const all = window.treeRows('OSS Uploads');
  const states = [
    all.filter({ hasText: 'done' }),
    all.filter({ hasText: 'failed' }),
    all.filter({ hasText: 'paused' }),
    rows.filter({ hasNotText: 'paused' }),
  ];
  const looks: [shape: string, color: string][] = [];
  for (const state of states) {
    const icon = state.first().locator('.custom-view-tree-node-item-icon');
    const shape = /codicon-(?!modifier)[a-z-]+/.exec((await icon.getAttribute('class')) ?? '');
    looks.push([shape?.[0] ?? '', await icon.evaluate(colorOf)]);
  }
  expect(new Set(looks.map(([shape]) => shape)).size).toBe(states.length);
  expect(new Set(looks.map(([, color]) => color)).size).toBe(states.length);
  await shot(window, 'view-states');
  await pressInRow(all.filter({ hasText: 'paused' }), 'Resume');
  holds.forEach((hold) => {
    hold.release();
  });
  await expect(rows).toHaveCount(0);
  await window.page.setViewportSize({ width: 1280, height: 800 });
});
