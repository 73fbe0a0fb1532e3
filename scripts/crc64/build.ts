import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assembleCrc64, crc64ModuleSource } from './assemble';

async function build(): Promise<void> {
  const bytes = await assembleCrc64();
  const path = join(__dirname, '../../src/engine/base/crc64Module.ts');
  await writeFile(path, crc64ModuleSource(bytes));
  console.log(`${path}: ${bytes.length} bytes of WebAssembly`);
}

void build();
