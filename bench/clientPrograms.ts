import path from 'node:path';
import { build } from 'esbuild';
import type { BuildOptions, Plugin } from 'esbuild';
import { bundleOptions } from '../esbuild.js';

/**
 * Our engine as it ships, and without its checksum or its checkpoint; two peers in Node. And the
 * search of a folder, beside its own peer.
 */
export const NODE_CLIENTS = [
  'engine',
  'engine without checksum',
  'engine without checkpoint',
  'engine, only what differs',
  'ali-oss',
  'raw node',
  'search',
  'readdir and stat',
] as const;
export type NodeClient = (typeof NODE_CLIENTS)[number];

const withoutChecksum: Plugin = {
  name: 'without-checksum',
  setup(build) {
    build.onResolve({ filter: /\/crc64$/ }, () => ({
      path: path.join(__dirname, 'clients/noChecksum.ts'),
    }));
  },
};

/** Bundles the clients into that folder; the engine by the options that make what is shipped. */
export async function buildClients(folder: string): Promise<Record<NodeClient, string>> {
  const [, oss] = bundleOptions({ production: true, outputFolder: folder });
  const common: BuildOptions = {
    ...oss,
    target: 'node20',
    // ali-oss as a user of it has it: from node_modules, with all it loads.
    external: ['ali-oss'],
  };
  const bundle = async (name: string, source: string, options: BuildOptions): Promise<string> => {
    const outfile = path.join(folder, `${name}.cjs`);
    const entryPoints = [path.join(__dirname, 'clients', source)];
    await build({ ...options, entryPoints, outfile });
    return outfile;
  };
  const asShipped = { ...common, external: [] };
  const [engine, unchecked, aliOss, raw, search, rawSearch] = await Promise.all([
    bundle('engine', 'engine.ts', asShipped),
    bundle('engineWithoutChecksum', 'engine.ts', {
      ...asShipped,
      plugins: [withoutChecksum, ...(common.plugins ?? [])],
    }),
    bundle('aliOss', 'aliOss.ts', { ...common, plugins: [] }),
    bundle('raw', 'raw.ts', { ...common, plugins: [] }),
    bundle('scan', 'scan.ts', asShipped),
    bundle('rawScan', 'rawScan.ts', { ...common, plugins: [] }),
  ]);
  return {
    engine,
    'engine without checksum': unchecked,
    'engine without checkpoint': engine,
    'engine, only what differs': engine,
    'ali-oss': aliOss,
    'raw node': raw,
    search,
    'readdir and stat': rawSearch,
  };
}
