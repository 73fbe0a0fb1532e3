/**
 * The bill of materials of what we ship, as CycloneDX: asked of npm, which knows where each package
 * comes from, and cut to those that are inside of the bundles.
 */
import fs from 'node:fs';
import path from 'node:path';
import { bundledPackages } from './bundledPackages';
import { ROOT } from './paths';
import { runCommand } from './processes';

/** What is used here of a package in a CycloneDX document. */
export interface Component {
  readonly 'bom-ref': string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
  readonly licenses?: readonly unknown[];
  readonly properties?: readonly { readonly name: string }[];
}

/** What is used here of a CycloneDX document. */
export interface Bom {
  readonly bomFormat: string;
  readonly specVersion: string;
  readonly metadata: { readonly component: Component & { readonly description?: string } };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

/** The document of what is in the bundles. Rejects when npm cannot make one. */
export async function makeSbom(): Promise<Bom> {
  const shipped = await bundledPackages();
  const all = JSON.parse(await npmSbom()) as Bom;
  const read = (file: string): Record<string, string> =>
    JSON.parse(fs.readFileSync(path.join(ROOT, file), 'utf8')) as Record<string, string>;
  // npm takes the name of the folder, and our description lies elsewhere.
  const name = read('package.json')['name'] ?? '';
  const description = read('package.nls.json')['description'] ?? '';
  const component = { ...all.metadata.component, name, description };
  const refs = shipped.map((one) => `${one.name}@${one.version}`);
  return cutSbom({ ...all, metadata: { ...all.metadata, component } }, refs);
}

/** The same document with these packages alone. Throws when one of them is not in it. */
export function cutSbom(all: Bom, refs: readonly string[]): Bom {
  const components = all.components
    .filter((component) => refs.includes(component['bom-ref']))
    // To npm they are for development only, because everything is bundled.
    .map(({ properties, ...component }) => ({
      ...component,
      ...(properties && {
        properties: properties.filter(({ name }) => name !== 'cdx:npm:package:development'),
      }),
    }));
  const found = new Set(components.map((component) => component['bom-ref']));
  const missing = refs.filter((ref) => !found.has(ref));
  if (missing.length > 0) throw new Error(`npm does not know of ${missing.join(', ')}.`);
  const root = all.metadata.component['bom-ref'];
  return {
    ...all,
    components,
    dependencies: all.dependencies
      .filter(({ ref }) => ref === root || found.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((on) => found.has(on)) })),
  };
}

function npmSbom(): Promise<string> {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--sbom-type', 'application'];
  return runCommand('npm', args, { cwd: ROOT });
}
