import { readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { RecordFolder } from '../../../engine/index';
import type { Logger } from '../../../engine/index';
import { nameInSentence } from '../../text/format';

/** So many are kept: a tab of an older one was hardly left open. */
const MOST_REPORTS = 20;

/** Reports as files of a folder, for their owner only. Knows no editor. */
export class ReportFiles {
  private readonly records: RecordFolder;

  constructor(
    private readonly folder: string,
    logger: Logger,
  ) {
    this.records = new RecordFolder(folder, logger);
  }

  /**
   * Writes a report and forgets those that are too many; resolves with its path. Rejects where others
   * could read it or lead it elsewhere, see {@link RecordFolder.prepare}.
   */
  async write(title: string, timeMs: number, extension: string, text: string): Promise<string> {
    await this.records.prepare();
    const file = path.join(this.folder, reportName(title, timeMs, extension));
    await writeFile(file, text, { mode: 0o600 });
    await this.forgetOld().catch(() => undefined);
    return file;
  }

  private async forgetOld(): Promise<void> {
    const files = await Promise.all(
      (await readdir(this.folder)).map(async (name) => {
        const file = path.join(this.folder, name);
        return { file, mtimeMs: (await stat(file)).mtimeMs };
      }),
    );
    const old = files.sort((one, other) => other.mtimeMs - one.mtimeMs).slice(MOST_REPORTS);
    await Promise.all(old.map(({ file }) => rm(file)));
  }
}

/** A name that every file system takes, with the local time to the second. */
function reportName(title: string, timeMs: number, extension: string): string {
  const offsetMs = new Date(timeMs).getTimezoneOffset() * 60_000;
  const [date = '', time = ''] = new Date(timeMs - offsetMs).toISOString().split(/[T.]/);
  const safe = nameInSentence(title).replace(/[\\/:*?"<>|\p{Cc}]/gu, '_');
  return `${safe} ${date} ${time.replaceAll(':', '.')}.${extension}`;
}
