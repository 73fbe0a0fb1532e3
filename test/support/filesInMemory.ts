/**
 * The files of the unit tests, in memory where Linux has room for them: the tests make and delete
 * tens of thousands of small ones, and ext4 looks at each that was deleted within the last minutes
 * before it makes a new one. `npx mocha --no-config` is on disk, as the other systems are.
 */
import fs from 'node:fs';
import path from 'node:path';

const MEMORY = '/dev/shm';
/** Ten times what the tests have there at once. In a container there are often 64 MB in all. */
const LEAST_FREE_BYTES = 1024 ** 3;

// A folder of each worker: mocha's own process makes no files and starts the workers.
const isWorker = process.env['MOCHA_WORKER_ID'] !== undefined;
if (isWorker && process.platform === 'linux' && fs.existsSync(MEMORY)) {
  const { bavail, bsize } = fs.statfsSync(MEMORY);
  if (bavail * bsize >= LEAST_FREE_BYTES) {
    const folder = fs.mkdtempSync(path.join(MEMORY, 'oss-upload-unit-'));
    // As the system's own: a test that becomes another user looks into its folder.
    fs.chmodSync(folder, 0o755);
    process.env['TMPDIR'] = folder;
    process.once('exit', () => {
      fs.rmSync(folder, { recursive: true, force: true });
    });
  }
}
