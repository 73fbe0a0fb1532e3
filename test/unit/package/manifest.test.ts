import assert from 'node:assert/strict';
import fs from 'node:fs';

import { COMMAND_NAMES, CONTEXT_KEYS, commandId } from '../../../src/ui/editor/commandIds';
import { prefixProblem } from '../../../src/ui/text/keyNames';
import {
  readUploadSettings,
  readWindowSettings,
  SECTION,
} from '../../../src/ui/settings/settingsModel';

interface MenuItem {
  readonly command: string;
  readonly alt?: string;
  readonly when?: string;
  readonly group?: string;
}

interface Manifest {
  readonly capabilities: { readonly untrustedWorkspaces: { restrictedConfigurations: string[] } };
  readonly contributes: {
    readonly commands: { readonly command: string }[];
    readonly menus: Record<string, MenuItem[]>;
    readonly configuration: {
      readonly properties: Record<
        string,
        {
          default: unknown;
          scope: string;
          order: number;
          markdownDescription: string;
          pattern?: string;
        }
      >;
    };
    readonly walkthroughs: { steps: { media: { svg: string }; completionEvents: string[] }[] }[];
  };
}

const text = fs.readFileSync('package.json', 'utf8');
const manifest = JSON.parse(text) as Manifest;
const { commands, menus, configuration, walkthroughs } = manifest.contributes;

describe('package.json', () => {
  it('declares the commands of the code, and no other', () => {
    assert.deepEqual(
      commands.map((command) => command.command).sort(),
      COMMAND_NAMES.map(commandId).sort(),
    );
  });

  it('has only known commands in menus and in links of texts', () => {
    const known = new Set<string>(COMMAND_NAMES.map(commandId));
    const inMenus = Object.values(menus)
      .flat()
      .flatMap((item) => [item.command, ...(item.alt === undefined ? [] : [item.alt])]);
    const inTexts = ['package.nls.json', 'package.nls.zh-cn.json']
      .flatMap((file) => [...fs.readFileSync(file, 'utf8').matchAll(/\(command:([\w.]+)/g)])
      .map((match) => match[1] ?? '');
    const inEvents = walkthroughs
      .flatMap((walkthrough) => walkthrough.steps.flatMap((step) => step.completionEvents))
      .flatMap((event) => /^onCommand:(.*)$/.exec(event)?.[1] ?? []);
    const unknown = [...inMenus, ...inTexts, ...inEvents].filter((id) => !known.has(id));
    assert.deepEqual(unknown, []);
  });

  it('asks only for context keys that the code sets', () => {
    const known = new Set<string>(CONTEXT_KEYS.map((key) => `ossUpload.${key}`));
    const conditions = [
      ...Object.values(menus)
        .flat()
        .map((item) => item.when ?? ''),
      text,
    ].join();
    const used = [...conditions.matchAll(/ossUpload\.has\w+/g)].map((match) => match[0]);
    assert.deepEqual(
      used.filter((key) => !known.has(key)),
      [],
    );
  });

  it('has every icon of a row in its menu too, where the keyboard gets to it', () => {
    const items = menus['view/item/context'] ?? [];
    const isInline = (item: MenuItem): boolean => item.group?.startsWith('inline') === true;
    const inMenu = new Set(items.filter((item) => !isInline(item)).map((item) => item.command));
    assert.deepEqual(
      items.filter(isInline).filter((item) => !inMenu.has(item.command)),
      [],
    );
  });

  it('asks a row for one of its words: what helps it follows its state', () => {
    const whole = (menus['view/item/context'] ?? []).filter((item) =>
      (item.when ?? '').includes('viewItem =='),
    );
    assert.deepEqual(whole, []);
  });

  it('hides every command of a row from the palette', () => {
    const inRows = new Set((menus['view/item/context'] ?? []).map((item) => item.command));
    const hidden = (menus['commandPalette'] ?? [])
      .filter((item) => item.when === 'false')
      .map((item) => item.command);
    assert.deepEqual(
      [...inRows].filter((id) => !hidden.includes(id)),
      [],
    );
  });

  it('has the settings that the code reads, with the same defaults', () => {
    const read = new Map<string, unknown>();
    const get = (name: string): unknown => {
      const key = `${SECTION}.${name}`;
      read.set(key, configuration.properties[key]?.default);
      return undefined;
    };
    const upload = readUploadSettings(get).value;
    const window = readWindowSettings(get).value;
    const values: Record<string, unknown> = {
      ...upload,
      ...window,
      maxSpeed: window.maxBytesPerSecond,
    };
    assert.deepEqual([...read.keys()].sort(), Object.keys(configuration.properties).sort());
    for (const [key, declared] of read) {
      assert.deepEqual(values[key.slice(SECTION.length + 1)], declared, key);
    }
  });

  it('marks the same prefixes as the box that asks for one', () => {
    const pattern = new RegExp(configuration.properties['ossUpload.prefix']?.pattern ?? '');
    const prefixes = [
      '',
      'a/${yyyy}/${MM}-${dd}',
      '${relativeDir}',
      'costs$/',
      'a/${YYYY}',
      '${x}',
      '../a',
      'a/./b',
      'a/..',
      '.hidden/a..b',
    ];
    assert.deepEqual(
      prefixes.map((prefix) => pattern.test(prefix)),
      prefixes.map((prefix) => prefixProblem(prefix) === undefined),
    );
  });

  it('orders the settings without a gap', () => {
    const orders = Object.values(configuration.properties).map((property) => property.order);
    assert.deepEqual(
      orders,
      orders.map((_order, at) => at + 1),
    );
  });

  it('lets no workspace redirect uploads: what its files may set counts only when it is trusted', () => {
    const ofWorkspace = Object.entries(configuration.properties)
      .filter(([, { scope }]) => scope !== 'machine')
      .map(([key]) => key);
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    assert.deepEqual([...restrictedConfigurations].sort(), ofWorkspace.sort());
    assert.equal(configuration.properties['ossUpload.endpoint']?.scope, 'machine');
  });

  it('has every text in both languages, and none that is not used', () => {
    const used = [...text.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1]).sort();
    for (const file of ['package.nls.json', 'package.nls.zh-cn.json']) {
      const texts = JSON.parse(fs.readFileSync(file, 'utf8')) as Record<string, string>;
      assert.deepEqual(Object.keys(texts).sort(), [...new Set(used)], file);
      const empty = Object.entries(texts).filter(([, value]) => value.trim() === '');
      assert.deepEqual(empty, [], file);
    }
  });

  it('has the pictures of the walkthrough', () => {
    const pictures = walkthroughs.flatMap((one) => one.steps.map((step) => step.media.svg));
    assert.deepEqual(
      pictures.filter((picture) => !fs.existsSync(picture)),
      [],
    );
  });
});
