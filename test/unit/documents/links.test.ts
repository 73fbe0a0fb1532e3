import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/paths';

/** Documents that are read on the web too; a dead link in them helps nobody. */
const DOCUMENTS = ['', 'docs/', 'test/oss-server/']
  .flatMap((folder) => fs.readdirSync(path.join(ROOT, folder)).map((name) => folder + name))
  .filter((name) => name.endsWith('.md'))
  .sort();

/** Where a link of ours may lead outside of this repository. */
const PUBLIC_HOSTS = new Set([
  'code.visualstudio.com',
  'github.com',
  'help.aliyun.com',
  'marketplace.visualstudio.com',
  'open-vsx.org',
  'ram.console.aliyun.com',
  'www.alibabacloud.com',
]);

/** The anchors that GitHub makes of the headings of a document. */
function anchorsOf(markdown: string): Set<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, title = ''] of withoutCode(markdown).matchAll(/^#{1,6} +(.+)$/gm)) {
    const slug = title
      .trim()
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\p{M} _-]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    anchors.add(count === 0 ? slug : `${slug}-${count}`);
  }
  return anchors;
}

function withoutCode(markdown: string): string {
  return markdown.replace(/^ *```[\s\S]*?^ *```/gm, '').replace(/`[^`\n]*`/g, (code) =>
    // A heading keeps the words of its code.
    code.slice(1, -1).replace(/[[\]()]/g, ''),
  );
}

function linksOf(markdown: string): string[] {
  const inText = [...withoutCode(markdown).matchAll(/\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)\)/g)];
  const inTags = [...markdown.matchAll(/(?:src|href)="([^"]+)"/g)];
  return [...inText, ...inTags].map(([, link = '']) => link);
}

describe('links of the documents', () => {
  it('are looked for in all of them', () => {
    assert.ok(DOCUMENTS.includes('README.md') && DOCUMENTS.includes('README.zh-CN.md'));
  });

  for (const name of DOCUMENTS) {
    it(`in ${name} lead somewhere`, () => {
      const markdown = fs.readFileSync(path.join(ROOT, name), 'utf8');
      const dead = linksOf(markdown).filter(
        (link) => !leadsSomewhere(link, markdown, path.dirname(name)),
      );
      assert.deepEqual(dead, []);
    });
  }
});

function leadsSomewhere(link: string, markdown: string, folder: string): boolean {
  if (/^[a-z]+:/.test(link)) {
    const url = new URL(link);
    return url.protocol === 'https:' && PUBLIC_HOSTS.has(url.hostname);
  }
  const [file = '', anchor] = link.split('#');
  if (file === '') return anchorsOf(markdown).has(decodeURIComponent(anchor ?? ''));
  const target = path.join(ROOT, folder, decodeURIComponent(file));
  if (!fs.existsSync(target)) return false;
  return (
    anchor === undefined ||
    anchorsOf(fs.readFileSync(target, 'utf8')).has(decodeURIComponent(anchor))
  );
}
