import assert from 'node:assert/strict';
import { bundledPackages } from '../../../scripts/bundledPackages';
import { assertTag, notesOf } from '../../../scripts/release';
import { cutSbom, makeSbom } from '../../../scripts/sbom';
import type { Bom } from '../../../scripts/sbom';

const CHANGE_LOG = `# Changelog

## 0.2.0 - 2026-12-01

- Second.

## 0.1.0

First release.

- It uploads.

## 0.0.1
`;

describe('a release', () => {
  it('has the notes of its version and no other', () => {
    assert.equal(notesOf(CHANGE_LOG, '0.2.0'), '- Second.\n');
    assert.equal(notesOf(CHANGE_LOG, '0.1.0'), 'First release.\n\n- It uploads.\n');
  });

  it('is not made without notes, nor from a tag of another version', () => {
    assert.throws(() => notesOf(CHANGE_LOG, '0.3.0'), /no entry for 0\.3\.0/);
    assert.throws(() => notesOf(CHANGE_LOG, '0.2'), /no entry/);
    assert.throws(() => notesOf(CHANGE_LOG, '0.0.1'), /no entry/);
    assertTag('v0.1.0', '0.1.0');
    assert.throws(() => {
      assertTag('v0.2.0', '0.1.0');
    }, /v0\.2\.0.*0\.1\.0/);
  });
});

describe('the bill of materials', () => {
  const shipped = { name: 'cdx:npm:package:path' };
  const bom: Bom = {
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    metadata: { component: { 'bom-ref': 'us@1.0.0', name: 'us', version: '1.0.0' } },
    components: ['in@1.0.0', 'tool@2.0.0', 'in@3.0.0'].map((ref) => ({
      'bom-ref': ref,
      name: ref.replace(/@.*/, ''),
      version: ref.replace(/.*@/, ''),
      properties: [{ name: 'cdx:npm:package:development' }, shipped],
    })),
    dependencies: [
      { ref: 'us@1.0.0', dependsOn: ['in@1.0.0', 'tool@2.0.0'] },
      { ref: 'in@1.0.0', dependsOn: ['tool@2.0.0', 'in@3.0.0'] },
      { ref: 'tool@2.0.0', dependsOn: ['in@1.0.0'] },
    ],
  };

  it('names what ships and nothing else, and refers to nothing else', () => {
    const { components, dependencies } = cutSbom(bom, ['in@3.0.0', 'in@1.0.0']);
    assert.deepEqual(
      components.map((one) => [one['bom-ref'], one.properties]),
      [
        ['in@1.0.0', [shipped]],
        ['in@3.0.0', [shipped]],
      ],
    );
    assert.deepEqual(dependencies, [
      { ref: 'us@1.0.0', dependsOn: ['in@1.0.0'] },
      { ref: 'in@1.0.0', dependsOn: ['in@3.0.0'] },
    ]);
  });

  it('is not made when a package that ships is unknown', () => {
    assert.throws(() => cutSbom(bom, ['in@1.0.0', 'in@2.0.0']), /in@2\.0\.0/);
  });

  it('says of each bundled package what it is, its licence, and what its tarball must be', async function () {
    this.timeout(60_000);
    const { metadata, components } = await makeSbom();
    assert.equal(metadata.component.name, 'oss-resumable-upload');
    assert.doesNotMatch(metadata.component.description ?? '', /^(%.*)?$/);
    const wanted = (await bundledPackages()).map(({ name, version }) => `${name}@${version}`);
    assert.deepEqual(components.map((one) => one['bom-ref']).sort(), [...wanted].sort());
    for (const { name, version, purl, hashes, licenses } of components) {
      assert.equal(purl, `pkg:npm/${name.replace('@', '%40')}@${version}`);
      assert.match(hashes?.[0]?.content ?? '', /^[0-9a-f]{128}$/, name);
      assert.ok(licenses && licenses.length > 0, name);
    }
  });
});
