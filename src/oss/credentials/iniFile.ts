/** A section of INI text: its title as written, and its entries by {@link entryName}. */
export interface IniSection {
  readonly title: string;
  readonly entries: Map<string, string>;
}

/**
 * Reads INI text as ossutil and the SDKs do: `#` and `;` start a comment line, names are written in
 * any case and with any separator. Sections by their title in lower case.
 */
export function parseIni(text: string): ReadonlyMap<string, IniSection> {
  const sections = new Map<string, IniSection>();
  let section: IniSection = { title: '', entries: new Map() };
  for (const line of text.split(/\r?\n/)) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#') || trimmed.startsWith(';')) continue;
    if (trimmed.startsWith('[') && trimmed.endsWith(']')) {
      const title = trimmed.slice(1, -1).trim();
      section = sections.get(title.toLowerCase()) ?? { title, entries: new Map() };
      sections.set(title.toLowerCase(), section);
      continue;
    }
    const equals = trimmed.indexOf('=');
    if (equals <= 0) continue;
    const value = trimmed.slice(equals + 1).trim();
    const quoted = /^(["'])(.*)\1$/.exec(value)?.[2];
    section.entries.set(entryName(trimmed.slice(0, equals)), quoted ?? value);
  }
  return sections;
}

/** `access-key-id`, `access_key_id` and `accessKeyID` are one name. */
export function entryName(name: string): string {
  return name.trim().toLowerCase().replace(/[-_]/g, '');
}
