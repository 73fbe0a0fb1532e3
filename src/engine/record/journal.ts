import { hash } from 'node:crypto';

/**
 * The lines of our files on disk. A line is `<check> <json>\n`. The check value of the first line
 * covers the kind of file, that of every other line covers the first line too, so that a line which
 * was moved here from another file does not verify.
 */
const CHECK_LENGTH = 16;
const LINE_END = 0x0a;

/** What a file is, as far as it can be trusted, without its records. */
export type JournalFrame = {
  /** Not to be trusted: good for finding what can be cleaned up. */
  readonly firstLine: string;
} & (
  | {
      readonly state: 'intact';
      readonly header: unknown;
      /** Length of what verifies; what follows is a line that was torn while it was appended. */
      readonly intactBytes: number;
    }
  | {
      readonly state: 'damaged';
      /** The first line if it is JSON at all. Not to be trusted. */
      readonly header: unknown;
      /** The first line verifies; only others do not. */
      readonly isHeaderIntact: boolean;
    }
);

/** What a file holds: its records are those that verify, when the first line does. */
export type JournalContent = JournalFrame & { readonly records: readonly unknown[] };

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
  const records: unknown[] = [];
  return { ...readRecords(kind, bytes, (record) => records.push(record)), records };
}

/**
 * The same, with each record given to `take` in place of a list: a large file is never in memory as
 * objects. What was given may turn out to be of a damaged file, as in {@link readJournal}.
 */
export function readRecords(
  kind: string,
  bytes: Uint8Array,
  take: (record: unknown) => void,
): JournalFrame {
  // Bytes that are no text become characters that fail the check of their own line only.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  // What follows the last line end was torn while it was appended, perhaps inside a character.
  const intactBytes = bytes.lastIndexOf(LINE_END) + 1;
  const firstEnd = bytes.indexOf(LINE_END);
  const firstLine = decoder.decode(firstEnd < 0 ? bytes : bytes.subarray(0, firstEnd));
  const salt = firstEnd < 0 ? undefined : verified(kind, firstLine);
  const header = parseJson(firstLine.slice(CHECK_LENGTH + 1));
  if (salt === undefined) return { state: 'damaged', firstLine, header, isHeaderIntact: false };
  let isDamaged = false;
  for (let start = firstEnd + 1; start < intactBytes;) {
    const end = bytes.indexOf(LINE_END, start);
    const line = decoder.decode(bytes.subarray(start, end));
    start = end + 1;
    if (verified(salt, line) === undefined) isDamaged = true;
    else take(parseJson(line.slice(CHECK_LENGTH + 1)));
  }
  if (isDamaged) return { state: 'damaged', firstLine, header, isHeaderIntact: true };
  return { state: 'intact', firstLine, header, intactBytes };
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
