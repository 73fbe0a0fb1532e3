import assert from 'node:assert/strict';
import { bundledPackages } from '../../../scripts/bundledPackages';
import type { BundledPackage } from '../../../scripts/bundledPackages';
import { noticesOf, unclearLicenses } from '../../../scripts/notices';

describe('licences of what is bundled', function () {
  this.timeout(60_000);
  let packages: readonly BundledPackage[] = [];

  before(async () => {
    packages = await bundledPackages();
  });

  it('all allow it', () => {
    assert.ok(packages.some(({ name }) => name === 'ali-oss'));
    assert.deepEqual(unclearLicenses(packages), []);
  });

  it('are given with their texts', () => {
    const notices = noticesOf(packages);
    for (const { name, version, licenseText } of packages) {
      assert.ok(notices.includes(`${name} ${version} (`), name);
      assert.ok(notices.includes(licenseText ?? 'dead_horse'), name);
    }
  });

  it('are looked at when they are of another kind, and never left out', () => {
    const [first] = packages;
    assert.ok(first);
    const other = { ...first, license: 'GPL-3.0-only', licenseText: undefined };
    assert.deepEqual(unclearLicenses([other]), [`${first.name}@${first.version} GPL-3.0-only`]);
    assert.throws(() => noticesOf([other]), /without the text/);
  });
});
