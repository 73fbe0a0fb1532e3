/** A section of INI text: its title as written, and its entries by {@link entryName}. */
export interface IniSection {
  readonly title: string;
  readonly entries: Map<string, string>;
}

/**
 * Reads INI text as ossutil and the SDKs do: `#` and `;` start a comment, behind a value only after
 * a blank and outside of its quotes. Names are written in any case and with any separator. Sections
 * by their title in lower case.
 */
export function parseIni(text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, IniSection>();
  let section: IniSection = { title: '', entries: new Map() };
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    // Also where it is not closed: entries below it belong to no section above it.
    const title = /^\[([^\]]*)/.exec(trimmed)?.[1]?.trim();
    if (title !== undefined) {
      section = sections.get(title.toLowerCase()) ?? { title, entries: new Map() };
      sections.set(title.toLowerCase(), section);
      continue;
    }
    const equals = trimmed.indexOf('=');
    if (equals <= 0) continue;
    section.entries.set(entryName(trimmed.slice(0, equals)), valueOf(trimmed.slice(equals + 1)));
  }
  return sections;
}

function valueOf(written: string): string {
  const value = written.trim();
  const quoted = /^(["'])(.*?)\1(?:\s+[#;].*)?$/.exec(value)?.[2];
  return quoted ?? written.replace(/\s[#;].*$/, '').trim();
}

/** `access-key-id`, `access_key_id` and `accessKeyID` are one name. */
export function entryName(name: string): string {
  return name.trim().toLowerCase().replace(/[-_]/g, '');
}
