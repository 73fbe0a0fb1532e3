import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { commands } from 'vscode';
import { COMMAND_NAMES, CONTEXT_KEYS, commandId } from '../../src/ui/editor/commandIds';
import {
  SECTION,
  readUploadSettings,
  readWindowSettings,
} from '../../src/ui/settings/settingsModel';
import { manifest, readJson, theExtension } from './extension';

const sorted = (values: Iterable<string>): string[] => [...values].sort();

describe('package.json and the code', () => {
  it('declares the commands that the code names', () => {
    const declared = manifest().contributes.commands.map(({ command }) => command);
    assert.deepEqual(sorted(declared), sorted(COMMAND_NAMES.map(commandId)));
  });

  it('has a handler for every command', async () => {
    await theExtension().activate();
    const registered = new Set(await commands.getCommands(true));
    const missing = COMMAND_NAMES.map(commandId).filter((id) => !registered.has(id));
    assert.deepEqual(missing, []);
  });

  it('has only its own commands in menus', () => {
    const declared = new Set<string>(COMMAND_NAMES.map(commandId));
    const items = Object.values(manifest().contributes.menus).flat();
    const used = items.flatMap(({ command, alt }) => (alt ? [command, alt] : [command]));
    assert.deepEqual(
      used.filter((id) => !declared.has(id)),
      [],
    );
    assert.ok(used.length >= declared.size / 2);
  });

  it('offers every command somewhere', () => {
    const { menus, keybindings } = manifest().contributes;
    const bound = JSON.stringify(keybindings);
    const hidden = new Set(
      (menus['commandPalette'] ?? []).filter((i) => i.when === 'false').map((i) => i.command),
    );
    const shown = new Set(
      Object.entries(menus)
        .filter(([menu]) => menu !== 'commandPalette')
        .flatMap(([, items]) => items.flatMap((i) => (i.alt ? [i.command, i.alt] : [i.command]))),
    );
    const unreachable = COMMAND_NAMES.map(commandId).filter(
      (id) => hidden.has(id) && !shown.has(id) && !bound.includes(`"${id}"`),
    );
    assert.deepEqual(unreachable, []);
  });

  it('uses in its conditions only context keys that the code sets', () => {
    const text = JSON.stringify([manifest().contributes.menus, manifest().contributes.views]);
    const used = new Set([...text.matchAll(/ossUpload\.(has\w+|configured)/g)].map((m) => m[1]));
    const known = new Set<string | undefined>(CONTEXT_KEYS);
    assert.deepEqual(
      [...used].filter((key) => !known.has(key)),
      [],
    );
    assert.ok(used.has('hasWaiting'));
  });

  it('declares the settings that the code reads', () => {
    const read = new Set<string>();
    const get = (name: string): unknown => {
      read.add(`${SECTION}.${name}`);
      return undefined;
    };
    readUploadSettings(get);
    readWindowSettings(get);
    const declared = Object.keys(manifest().contributes.configuration.properties);
    assert.deepEqual(sorted(declared), sorted(read));
  });

  it('declares the defaults, choices and limits that the code has', () => {
    const { properties } = manifest().contributes.configuration;
    const readAll = (get: (name: string) => unknown): [unknown, readonly unknown[]] => {
      const upload = readUploadSettings(get);
      const window = readWindowSettings(get);
      return [{ ...upload.value, ...window.value }, [...upload.problems, ...window.problems]];
    };
    const [codeDefaults] = readAll(() => undefined);
    const declared = (name: string): unknown => properties[`${SECTION}.${name}`]?.default;
    assert.deepEqual(readAll(declared), [codeDefaults, []]);

    for (const [key, property] of Object.entries(properties)) {
      const problemsWith = (value: unknown): number =>
        readAll((name) => (`${SECTION}.${name}` === key ? value : undefined))[1].length;
      const accepted = [...(property.enum ?? []), property.minimum, property.maximum];
      for (const value of accepted.filter((v) => v !== undefined)) {
        assert.equal(problemsWith(value), 0, `${key} must accept ${JSON.stringify(value)}`);
      }
      const refused = [
        ...(property.enum ? ['no-such-choice'] : []),
        ...(property.minimum === undefined ? [] : [property.minimum - 1]),
        ...(property.maximum === undefined ? [] : [property.maximum + 1]),
      ];
      for (const value of refused) {
        assert.equal(problemsWith(value), 1, `${key} must refuse ${JSON.stringify(value)}`);
      }
    }
  });
});

describe('texts', () => {
  const english = (): Record<string, string> => readJson('package.nls.json') as never;
  const chinese = (): Record<string, string> => readJson('package.nls.zh-cn.json') as never;

  it('has the same keys in English and Chinese', () => {
    assert.deepEqual(sorted(Object.keys(chinese())), sorted(Object.keys(english())));
  });

  it('has a text for every %key% of package.json, and no other', () => {
    const file = path.join(theExtension().extensionPath, 'package.json');
    const text = fs.readFileSync(file, 'utf8');
    const used = new Set([...text.matchAll(/"%([^%"]+)%"/g)].map((match) => match[1] ?? ''));
    assert.deepEqual(sorted(Object.keys(english())), sorted(used));
  });

  it('has no empty text', () => {
    const empty = Object.entries({ ...english(), ...chinese() }).filter(
      ([, text]) => text.trim() === '',
    );
    assert.deepEqual(empty, []);
  });
});
