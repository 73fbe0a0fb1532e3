import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import loadWabt from 'wabt';

const SOURCE = join(__dirname, 'crc64.wat');

/** Assembles `crc64.wat`. The same source gives the same bytes. Rejects when it is not valid. */
export async function assembleCrc64(): Promise<Uint8Array> {
  const features = { simd: true, bulk_memory: true };
  const wabt = await loadWabt();
  const module = wabt.parseWat('crc64.wat', await readFile(SOURCE, 'utf8'), features);
  try {
    module.resolveNames();
    module.validate();
    return module.toBinary({ write_debug_names: false }).buffer;
  } finally {
    module.destroy();
  }
}

/** The TypeScript file that carries the assembled module. */
export function crc64ModuleSource(bytes: Uint8Array): string {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,92}/g) ?? [];
  return [
    '// Generated from scripts/crc64/crc64.wat by `npx tsx scripts/crc64/build.ts`.',
    '',
    '/** The WebAssembly module behind crc64.ts, in base64. */',
    'export const CRC64_MODULE_BASE64 =',
    ...lines.map((line, index) => `  '${line}'${index === lines.length - 1 ? ';' : ' +'}`),
    '',
  ].join('\n');
}
