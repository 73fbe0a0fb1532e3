import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import JSZip from 'jszip';
import { BUNDLE_BUDGETS, PACKAGE_BUDGET_BYTES, checkBudget } from '../../../scripts/budgets';
import { ROOT } from '../../../scripts/paths';
import { packageVsix } from '../../../scripts/vsix';

/** All of it. vsce spells two of the names its own way. */
const CONTENTS = [
  '[Content_Types].xml',
  'extension.vsixmanifest',
  'extension/LICENSE.txt',
  'extension/README.zh-CN.md',
  'extension/changelog.md',
  'extension/dist/ThirdPartyNotices.txt',
  'extension/dist/extension.js',
  'extension/dist/oss.js',
  'extension/dist/upload.js',
  'extension/l10n/bundle.l10n.zh-cn.json',
  'extension/media/icon.png',
  'extension/media/walkthrough/bucket.svg',
  'extension/media/walkthrough/credentials.svg',
  'extension/media/walkthrough/resume.svg',
  'extension/media/walkthrough/upload.svg',
  'extension/package.json',
  'extension/package.nls.json',
  'extension/package.nls.zh-cn.json',
  'extension/readme.md',
];

describe('the package', function () {
  this.timeout(120_000);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'oss-package-'));
  /** `VSIX` names a package to test instead of making one. */
  const given = process.env['VSIX'];
  const file = given ?? path.join(folder, 'extension.vsix');
  let zip: JSZip;

  before(async () => {
    if (given === undefined) await packageVsix(file);
    zip = await JSZip.loadAsync(fs.readFileSync(file));
  });
  after(() => {
    fs.rmSync(folder, { recursive: true, force: true });
  });

  const read = async (name: string): Promise<Buffer> => {
    const entry = zip.file(name);
    assert.ok(entry, name);
    return entry.async('nodebuffer');
  };

  it('holds what is needed and nothing else', () => {
    const names = Object.values(zip.files)
      .filter(({ dir }) => !dir)
      .map(({ name }) => name);
    assert.deepEqual(names.sort(), [...CONTENTS].sort());
  });

  it('keeps to its budgets', async () => {
    for (const [name, budgetBytes] of Object.entries(BUNDLE_BUDGETS)) {
      checkBudget(name, (await read(`extension/${name}`)).length, budgetBytes);
    }
    checkBudget('the package', fs.statSync(file).size, PACKAGE_BUDGET_BYTES);
  });

  it('is not made when something is over its budget', () => {
    assert.throws(() => checkBudget('a bundle', 1025, 1024), /a bundle/);
  });

  it('says all that the marketplaces show, in both languages', async () => {
    const manifest = JSON.parse(String(await read('extension/package.json'))) as Record<
      string,
      unknown
    >;
    const shown = ['icon', 'galleryBanner', 'repository', 'bugs', 'homepage', 'qna', 'keywords'];
    for (const name of [...shown, 'categories', 'pricing', 'license']) {
      assert.ok(manifest[name], name);
    }
    for (const name of ['package.nls.json', 'package.nls.zh-cn.json']) {
      const texts = JSON.parse(String(await read(`extension/${name}`))) as Record<string, string>;
      assert.ok(texts['displayName'] && texts['description'], name);
    }
  });

  it('has a README that begins with what it does and a picture, and builds nothing', async () => {
    const text = String(await read('extension/readme.md'));
    const beginning = text.slice(0, text.indexOf('\n## '));
    assert.match(beginning, /^# /m);
    assert.match(beginning, /!\[[^\]]*\]\(https:/);
    assert.doesNotMatch(text, /<!-- \/?repository/);
    const shown = text.replace(/<!--.*?-->/gs, '');
    assert.doesNotMatch(shown, /npm |clone/);
    const anchors = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, name]) => name);
    const headings = [...text.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    );
    assert.ok(anchors.length > 5);
    assert.deepEqual(
      anchors.filter((name) => !headings.includes(name ?? '')),
      [],
    );
  });

  it('is offered as a pre-release while its version begins with 0', async () => {
    const { version } = JSON.parse(String(await read('extension/package.json'))) as {
      version: string;
    };
    const manifest = String(await read('extension.vsixmanifest'));
    const isOffered = manifest.includes('Id="Microsoft.VisualStudio.Code.PreRelease" Value="true"');
    assert.equal(isOffered, version.startsWith('0.'));
  });

  it('has pictures in its READMEs that are found on the web', async () => {
    for (const name of ['readme.md', 'README.zh-CN.md']) {
      const text = String(await read(`extension/${name}`));
      const pictures = [...text.matchAll(/!\[[^\]]*\]\(([^)]+)\)/g)].map(([, link = '']) => link);
      assert.ok(pictures.length > 0, name);
      // vsce rewrites the links of the README that is shown; the other one is read in the repository.
      if (name !== 'readme.md') continue;
      for (const link of pictures) {
        const [, picture] =
          /^https:\/\/github\.com\/[^/]+\/[^/]+\/raw\/HEAD\/(.+)$/.exec(link) ?? [];
        assert.ok(picture !== undefined && fs.existsSync(path.join(ROOT, picture)), link);
      }
    }
  });

  it('tells nothing of the computer it was built on', async () => {
    for (const name of CONTENTS.filter((one) => /\.(js|json|txt|md)$/.test(one))) {
      assert.ok(!String(await read(name)).includes(ROOT), name);
    }
  });
});
