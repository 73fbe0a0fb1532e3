/** Fetches what tests need from the npm registry: tarballs that are pinned by hash, nothing of them run. */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { messageOf, run, runCommand } from './processes';

/** A package of the npm registry and the sha512 its tarball must have. */
export interface Pin {
  readonly spec: string;
  readonly integrity: string;
}

/**
 * Fetches the tarball of a package into a folder of its own in `dest`; resolves with its path. Rejects
 * when it is not, byte for byte, the one that is pinned.
 */
export async function fetchTarball(pin: Pin, dest: string): Promise<string> {
  // A folder of its own, so that the tarball's name need not be guessed.
  const folder = fs.mkdtempSync(path.join(dest, 'pack-'));
  await npm(['pack', pin.spec, '--ignore-scripts', '--pack-destination', folder], dest);
  const [name] = fs.readdirSync(folder);
  if (name === undefined) throw new Error(`npm pack ${pin.spec} left no file in ${folder}.`);
  const file = path.join(folder, name);
  const digest = createHash('sha512').update(fs.readFileSync(file)).digest('base64');
  if (`sha512-${digest}` !== pin.integrity) {
    throw new Error(
      `${pin.spec} is not the file it should be: its checksum is sha512-${digest}, pinned is ${pin.integrity}. ` +
        'Nothing of it was run.',
    );
  }
  return file;
}

/** Unpacks some members of a tarball into a folder, `strip` leading names left away. */
export async function untar(
  file: string,
  dir: string,
  strip: number,
  members: readonly string[],
): Promise<void> {
  fs.mkdirSync(dir, { recursive: true });
  await run('tar', [
    '--no-same-owner',
    '-xzf',
    file,
    '-C',
    dir,
    `--strip-components=${strip}`,
    ...members,
  ]);
}

/** Runs npm without a word but errors; rejects with what to do about it. */
export async function npm(args: readonly string[], cwd: string): Promise<void> {
  const quiet = ['--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'];
  // Under `npm run` npm gives its own settings to its children; those of an install are not meant.
  const env = Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_(prefix|global)|package_)/i.test(name),
    ),
  );
  try {
    await runCommand('npm', [...args, ...quiet], { cwd, env });
  } catch (error) {
    const text = messageOf(error);
    const hint = /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|ECONNRESET|network/i.test(text)
      ? 'The npm registry cannot be reached. What is pinned is fetched from it once; after that it works offline.'
      : /E404|ETARGET|notarget/i.test(text)
        ? 'The npm registry does not have a pinned version (any more).'
        : text.includes('ENOSPC')
          ? `The disk is full: an editor needs 400 MB in ${cwd} while it is installed.`
          : 'npm could not fetch a package.';
    throw new Error(`${hint}\n${text}`, { cause: error });
  }
}
