/** The extension under test, as the tests see it. */
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import type { Extension } from 'vscode';
import { extensions } from 'vscode';
import { EXTENSION_ID } from '../../scripts/paths';

/** The parts of package.json that tests look at. */
export interface Manifest {
  readonly main: string;
  readonly contributes: {
    readonly commands: readonly { readonly command: string; readonly title: string }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly keybindings: readonly unknown[];
    readonly configuration: {
      readonly properties: Readonly<Record<string, Property>>;
    };
    readonly languageModelTools: readonly { readonly name: string }[];
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
  };
}

/** An entry of a menu. */
export interface MenuItem {
  readonly command: string;
  readonly alt?: string;
  readonly when?: string;
}

/** A setting. */
export interface Property {
  readonly default: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
}

/** The extension, activated or not. */
export function theExtension(): Extension<unknown> {
  const extension = extensions.getExtension(EXTENSION_ID);
  assert.ok(extension, `${EXTENSION_ID} is not there`);
  return extension;
}

/** Its package.json as it is in the folder; the editor's copy has the texts filled in. */
export function manifest(): Manifest {
  return readJson('package.json') as Manifest;
}

/** A JSON file of the extension's folder. */
export function readJson(name: string): unknown {
  const file = path.join(theExtension().extensionPath, name);
  return JSON.parse(fs.readFileSync(file, 'utf8')) as unknown;
}
