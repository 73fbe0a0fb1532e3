/** An element of a parsed document. `text` is all character data directly inside it. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

const entities: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
};

/** Makes text safe as character data. A carriage return is escaped because parsers turn it into a line feed. */
export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}

/** An element around children that are XML already. */
export function element(name: string, ...children: readonly string[]): string {
  return `<${name}>${children.join('')}</${name}>`;
}

/** An element around text, or nothing at all when there is no value. */
export function textElement(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : element(name, escapeXml(String(value)));
}

/** A whole document. */
export function xmlDocument(root: string): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${root}`;
}

function unescapeXml(text: string): string {
  return text.replace(/&([^;&]*);?/g, (whole, entity: string) => {
    const code = /^#x([0-9a-f]+)$/i.exec(entity)?.[1] ?? undefined;
    if (code !== undefined) return String.fromCodePoint(parseInt(code, 16));
    const decimal = /^#([0-9]+)$/.exec(entity)?.[1];
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    const character = entities[entity];
    if (character === undefined || !whole.endsWith(';')) throw new SyntaxError('Unknown entity');
    return character;
  });
}

interface OpenElement {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

/**
 * Parses the flat documents that OSS is sent. Throws a SyntaxError on everything else, on a
 * document type too: nothing that OSS reads needs one, and entities of one are an attack.
 */
export function parseXml(source: string): XmlElement {
  const top: OpenElement = { name: '', text: '', children: [] };
  const open = [top];
  const token = /<\?[^>]*\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z_][\w.:-]*)([^<>]*?)(\/?)>|([^<]+)|</g;
  for (const [whole, closing, name, , selfClosing, text] of source.matchAll(token)) {
    const current = open.at(-1)!;
    if (whole === '<') throw new SyntaxError('Not well-formed XML');
    if (text !== undefined) {
      current.text += unescapeXml(text);
    } else if (name !== undefined && closing === '/') {
      if (open.length === 1 || current.name !== name) throw new SyntaxError('Unexpected close tag');
      open.pop();
    } else if (name !== undefined) {
      const started: OpenElement = { name, text: '', children: [] };
      current.children.push(started);
      if (selfClosing !== '/') open.push(started);
    }
  }
  const root = top.children[0];
  if (open.length !== 1 || root === undefined || top.children.length !== 1 || top.text.trim()) {
    throw new SyntaxError('Not one XML document');
  }
  return root;
}

/** Text of the first child of this name; undefined when there is none. */
export function childText(parent: XmlElement, name: string): string | undefined {
  return parent.children.find((child) => child.name === name)?.text;
}
