import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { build } from 'esbuild';
import type { Metafile } from 'esbuild';
import { bundleOptions } from '../../../esbuild.js';

/** What a start of the editor needs none of: the bytes of an upload, and what asks before it. */
const NOT_AT_START =
  /^(node_modules|src\/oss|src\/ui\/ask)\/|^src\/engine\/(base\/crc64Module|file\/(folderScan|sourceFile)|upload\/upload)\.ts$|^src\/ui\/editor\/boxes\.ts$|^src\/ui\/show\/transfer(Rows|sTree)\.ts$/;

/** Loads a bundle with an editor that counts how often somebody goes through all its names. */
const LOAD_BUNDLE = `
  const Module = require('node:module');
  let copies = 0;
  const editor = new Proxy(function () {}, {
    get: (target, name) => (name in target ? target[name] : editor),
    ownKeys: (target) => { copies += 1; return Reflect.ownKeys(target); },
  });
  const load = Module._load;
  const loaded = [];
  Module._load = (name, ...rest) => {
    loaded.push(name);
    return name === 'vscode' ? editor : load(name, ...rest);
  };
  require(process.argv[1]);
  const others = loaded.slice(1).filter((name) => name !== 'vscode' && !name.startsWith('node:'));
  console.log(JSON.stringify({ copies, others }));
`;

describe('what a start of the editor loads', function () {
  this.timeout(60_000);
  let folder = '';
  const inputs = new Map<string, Metafile['outputs'][string]['inputs']>();

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'oss-start-'));
    for (const options of bundleOptions({ production: true, outputFolder: folder })) {
      const { metafile } = await build({ ...options, metafile: true });
      for (const [file, output] of Object.entries(metafile.outputs)) {
        inputs.set(path.basename(file), output.inputs);
      }
    }
  });

  after(() => rm(folder, { recursive: true, force: true }));

  const sourcesOf = (bundle: string): string[] =>
    Object.entries(inputs.get(bundle) ?? {})
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([file]) => file);

  it('is a bundle that holds nothing that only an upload or a question before it needs', () => {
    assert.deepEqual(
      sourcesOf('extension.js').filter((file) => NOT_AT_START.test(file)),
      [],
    );
    // The pattern finds them where they are.
    assert.ok(sourcesOf('upload.js').filter((file) => NOT_AT_START.test(file)).length > 6);
    assert.ok(sourcesOf('oss.js').some((file) => NOT_AT_START.test(file)));
  });

  for (const bundle of ['extension.js', 'upload.js']) {
    it(`loads no file beside it and copies nothing of the editor: ${bundle}`, () => {
      const args = ['-e', LOAD_BUNDLE, path.join(folder, bundle)];
      const { stdout, stderr } = spawnSync(process.execPath, args);
      assert.equal(String(stderr), '');
      assert.deepEqual(JSON.parse(String(stdout)), { copies: 0, others: [] });
    });
  }

  for (const [name, wanted, exported] of [
    ['./oss/index', 'oss.js', 'createOss'],
    ['./ui/ask/onDemand', 'upload.js', 'uploadHandler'],
    ['../upload/upload', 'upload.js', 'runUpload'],
  ] as const) {
    it(`finds what it imports on demand as ${name} in ${wanted}`, async () => {
      const entry = path.join(folder, 'entry.ts');
      await writeFile(entry, `export const open = () => import('${name}');`);
      const [options] = bundleOptions({ production: true, outputFolder: folder });
      const outfile = path.join(folder, 'entry.js');
      await build({ ...options, entryPoints: [entry], outfile });
      const script = `
        const Module = require('node:module');
        const load = Module._load;
        const loaded = [];
        const editor = new Proxy(function () {}, {
          get: (target, name) => (name in target ? target[name] : editor),
        });
        Module._load = (file, ...rest) => {
          loaded.push(file);
          return file === 'vscode' ? editor : load(file, ...rest);
        };
        require('./entry.js').open().then((room) => {
          console.log(loaded.includes('./${wanted}'), typeof room.${exported});
        });
      `;
      const { stdout } = spawnSync(process.execPath, ['-e', script], { cwd: folder });
      assert.equal(String(stdout).trim(), 'true function');
    });
  }
});
