import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { ROOT } from '../../../scripts/paths';
import { ramPolicy } from '../../../src/ui/text/ramPolicy';

interface Manifest {
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: {
      readonly commandPalette: readonly { readonly command: string; readonly when: string }[];
    };
  };
}

interface Policy {
  readonly Version: string;
  readonly Statement: readonly { readonly Action: readonly string[] }[];
}

const READMES = [
  { name: 'README.md', texts: 'package.nls.json' },
  { name: 'README.zh-CN.md', texts: 'package.nls.zh-cn.json' },
];

const read = (name: string): string => fs.readFileSync(path.join(ROOT, name), 'utf8');

/** What a document is made of, without its words. */
function outlineOf(markdown: string): string[] {
  const kinds = [...markdown.matchAll(/^(#+ |- |\d+\. |\| |!\[|```\w*|\*\*)/gm)];
  return kinds.map(([kind]) => kind);
}

describe('the READMEs', () => {
  it('say the same in both languages: as many chapters, points, pictures and rows', () => {
    const [english = [], chinese] = READMES.map(({ name }) => outlineOf(read(name)));
    assert.ok(english.length > 100);
    assert.deepEqual(chinese, english);
  });

  for (const { name, texts } of READMES) {
    it(`${name} has the policy that the extension copies, and the list of buckets`, () => {
      const [, json = ''] = /```json\n(\{\n {2}"Version"[\s\S]*?)```/.exec(read(name)) ?? [];
      const policy = JSON.parse(json) as Policy;
      const listBuckets = policy.Statement.at(-1);
      assert.deepEqual(listBuckets?.Action, ['oss:ListBuckets']);
      assert.deepEqual(
        { ...policy, Statement: policy.Statement.slice(0, -1) },
        JSON.parse(ramPolicy([{ target: { bucket: 'my-bucket', key: 'my-folder/' } }])),
      );
    });

    it(`${name} says of each action of the policy what it is for`, () => {
      const actions = new Set(read(name).match(/(?<=")oss:\w+(?=")/g));
      const rows = read(name).match(/^\| `oss:.*$/gm) ?? [];
      const described = rows.flatMap((row) => row.split(' | ')[0]?.match(/oss:\w+/g) ?? []);
      assert.deepEqual(described.sort(), [...actions].sort());
    });

    it(`${name} has no row outside of a table: each table is a head, its line and rows`, () => {
      const tables = read(name).match(/(?:^\|.*\n)+/gm) ?? [];
      assert.ok(tables.length > 5);
      const broken = tables.filter((table) => !/^\|.*\n(?:\| -+ )+\|\n\|/.test(table));
      assert.deepEqual(broken, []);
    });

    it(`${name} names each command of the palette as the editor does`, () => {
      const { commands, menus } = (JSON.parse(read('package.json')) as Manifest).contributes;
      const titles = JSON.parse(read(texts)) as Record<string, string>;
      const [, table = ''] = /^## (?:Commands|命令)\n([\s\S]*?)^## /m.exec(read(name)) ?? [];
      const isHidden = (command: string): boolean =>
        menus.commandPalette.some((entry) => entry.command === command && entry.when === 'false');
      const missing = commands
        .filter(({ command }) => !isHidden(command))
        .map(({ title }) => titles[title.slice(1, -1)] ?? title)
        .filter((title) => !table.includes(title));
      assert.deepEqual(missing, []);
    });
  }
});
