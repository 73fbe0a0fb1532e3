import { hash } from 'node:crypto';

/**
 * The lines of our files on disk. A line is `<check> <json>\n`. The check value of the first line
 * covers the kind of file, that of every other line covers the first line too, so that a line which
 * was moved here from another file does not verify.
 */
const CHECK_LENGTH = 16;
const LINE_END = 0x0a;

/** What a file holds, as far as it can be trusted. */
export type JournalContent = {
  /** Not to be trusted: good for finding what can be cleaned up. */
  readonly firstLine: string;
} & (
  | {
      readonly state: 'intact';
      readonly header: unknown;
      readonly records: readonly unknown[];
      /** Length of what verifies; what follows is a line that was torn while it was appended. */
      readonly intactBytes: number;
    }
  | {
      readonly state: 'damaged';
      /** The first line if it is JSON at all. Not to be trusted. */
      readonly header: unknown;
      /** Those records that verify, when the first line does. */
      readonly records: readonly unknown[];
      /** The first line verifies; only others do not. */
      readonly isHeaderIntact: boolean;
    }
);

function check(salt: string, json: string): string {
  return hash('sha256', `${salt}\n${json}`).slice(0, CHECK_LENGTH);
}

/** Writes the lines of one file: first the header, then records that belong to this header. */
export class JournalWriter {
  readonly headerLine: string;
  private readonly salt: string;

  constructor(kind: string, header: object) {
    const json = JSON.stringify(header);
    this.salt = check(kind, json);
    this.headerLine = `${this.salt} ${json}\n`;
  }

  line(record: unknown): string {
    const json = JSON.stringify(record);
    return `${check(this.salt, json)} ${json}\n`;
  }

  /** The record of a line without its end; undefined unless it verifies behind this header. */
  parse(line: string): unknown {
    return verified(this.salt, line) === undefined
      ? undefined
      : parseJson(line.slice(CHECK_LENGTH + 1));
  }
}

/** The header in the first line of a file of that kind; undefined unless it verifies. */
export function readHeader(kind: string, firstLine: string): unknown {
  return verified(kind, firstLine) === undefined
    ? undefined
    : parseJson(firstLine.slice(CHECK_LENGTH + 1));
}

/** Reads a file, whatever it holds; never throws. `kind` must be that of the writer. */
export function readJournal(kind: string, bytes: Uint8Array): JournalContent {
  const intactBytes = bytes.lastIndexOf(LINE_END) + 1;
  // Bytes that are no text become signs that fail the check of their own line only.
  const lines = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes).split('\n');
  const [firstLine = ''] = lines;
  // What follows the last line end was torn while it was appended, perhaps inside a character.
  lines.pop();
  const salt = lines.length > 0 ? verified(kind, firstLine) : undefined;
  const header = parseJson(firstLine.slice(CHECK_LENGTH + 1));
  if (salt === undefined) {
    return { state: 'damaged', firstLine, header, records: [], isHeaderIntact: false };
  }
  const recordLines = lines.slice(1);
  const good = recordLines.filter((line) => verified(salt, line) !== undefined);
  const records = good.map((line) => parseJson(line.slice(CHECK_LENGTH + 1)));
  if (good.length < recordLines.length) {
    return { state: 'damaged', firstLine, header, records, isHeaderIntact: true };
  }
  return { state: 'intact', firstLine, header, records, intactBytes };
}

/** The line's check value if it is right. */
function verified(salt: string, line: string): string | undefined {
  const said = line.slice(0, CHECK_LENGTH);
  const isRight = line[CHECK_LENGTH] === ' ' && check(salt, line.slice(CHECK_LENGTH + 1)) === said;
  return isRight ? said : undefined;
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
