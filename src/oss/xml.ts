import { isObject } from '../engine/base/guards';

/**
 * An element of an answer: its children by name, several of one name as an array; one without
 * children is its text. Attributes are left out: OSS says nothing in them.
 */
export type XmlElement = Readonly<Record<string, unknown>>;

/** What stands between the angle brackets of a tag: its name, and attributes, which are skipped. */
const TAG = /^([^\s<>/!?"'=]+)(?:\s+[^\s<>/"'=]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*\s*$/;
const CHARACTER_DATA = ['<![CDATA[', ']]>'] as const;
/** Begin and end of what is no tag: character data, comments, instructions. */
const OTHERS = [CHARACTER_DATA, ['<!--', '-->'], ['<?', '?>']] as const;

/** The ampersand last: what it stands for is no further entity. */
const ENTITIES = [
  ['&lt;', '<'],
  ['&gt;', '>'],
  ['&quot;', '"'],
  ['&apos;', "'"],
  ['&amp;', '&'],
] as const;

const NO_ENTITY = /&(?!(?:lt|gt|quot|apos|amp|#\d{1,7}|#[xX][\da-fA-F]{1,6});)/;

/** Documents of OSS have five levels. */
const MOST_LEVELS = 64;

interface OpenElement {
  readonly name: string;
  text: string;
  children: Record<string, unknown> | undefined;
}

/**
 * Reads a document, without its root. The parser of ali-oss takes many times as long: half a second
 * for 10,000 listed parts. Throws a SyntaxError for anything that is not well-formed, an answer that
 * is cut off included, and for more levels than OSS has. Takes time in proportion to the length.
 */
export function parseXml(document: string): unknown {
  const root: OpenElement = { name: '', text: '', children: undefined };
  const open: OpenElement[] = [];
  let element = root;
  for (let position = 0; position < document.length;) {
    const start = document.indexOf('<', position);
    const text = document.slice(position, start < 0 ? undefined : start);
    element.text += withoutEntities(text);
    if (start < 0) break;
    const isTag = !/[!?]/.test(document.charAt(start + 1));
    const other = isTag ? undefined : OTHERS.find(([begin]) => document.startsWith(begin, start));
    const [begin, close] = other ?? ['<', '>'];
    const end = document.indexOf(close, start + begin.length);
    if (end < 0) throw malformed();
    position = end + close.length;
    const inside = document.slice(start + begin.length, end);
    if (other !== undefined) {
      if (other === CHARACTER_DATA) element.text += inside;
      continue;
    }
    const isEnd = inside.startsWith('/');
    const isEmpty = !isEnd && inside.endsWith('/');
    const tag = inside.slice(isEnd ? 1 : 0, isEmpty ? -1 : undefined);
    const name = isEnd && tag === element.name ? tag : nameOf(tag);
    if (isEmpty) {
      add(element, name, '');
    } else if (isEnd) {
      const parent = open.pop();
      if (parent === undefined || element.name !== name) throw malformed();
      add(parent, name, element.children ?? element.text);
      element = parent;
    } else {
      if (open.push(element) > MOST_LEVELS) throw malformed();
      element = { name, text: '', children: undefined };
    }
  }
  const [content, ...others] = Object.values(root.children ?? {});
  const isWhole = open.length === 0 && root.text.trim() === '';
  if (!isWhole || content === undefined || Array.isArray(content) || others.length > 0) {
    throw malformed();
  }
  return content;
}

function nameOf(tag: string): string {
  const name = TAG.exec(tag)?.[1];
  if (name === undefined) throw malformed();
  return name;
}

function add(parent: OpenElement, name: string, content: unknown): void {
  // Without a prototype, so that no name means anything.
  parent.children ??= Object.create(null) as Record<string, unknown>;
  const before = parent.children[name];
  if (before === undefined) parent.children[name] = content;
  else if (Array.isArray(before)) before.push(content);
  else parent.children[name] = [before, content];
}

/** The text that stands in a document. Throws a SyntaxError for a reference that is none. */
export function withoutEntities(text: string): string {
  if (!text.includes('&')) return text;
  if (NO_ENTITY.test(text)) throw malformed();
  let named = '';
  let position = 0;
  for (let at; (at = text.indexOf('&#', position)) >= 0;) {
    const end = text.indexOf(';', at);
    named += text.slice(position, at) + characterOf(text.slice(at + 2, end));
    position = end + 1;
  }
  return ENTITIES.reduce(
    (rest, [entity, character]) => rest.replaceAll(entity, character),
    named + text.slice(position),
  );
}

/** Of the number in a reference, such as `8222` or `x201e`. */
function characterOf(reference: string): string {
  const codePoint = Number(/^x/i.test(reference) ? `0${reference}` : reference);
  if (!(codePoint <= 0x10ffff)) throw malformed();
  const character = String.fromCodePoint(codePoint);
  return character === '&' ? '&amp;' : character;
}

function malformed(): SyntaxError {
  return new SyntaxError('the XML is not well-formed');
}

/** A parsed element; {} for one without children. */
export function xmlElement(value: unknown): XmlElement {
  return isObject(value) ? value : {};
}

/** All elements of that name: none, one or several. */
export function xmlElements(parent: unknown, name: string): XmlElement[] {
  const value = xmlElement(parent)[name];
  if (value === undefined || value === '') return [];
  return (Array.isArray(value) ? value : [value]).map(xmlElement);
}

/** Text of an element; '' when it is missing or empty. */
export function xmlText(parent: unknown, name: string): string {
  const value = xmlElement(parent)[name];
  return typeof value === 'string' ? value : '';
}

/** Keys and prefixes of a listing: `encoding-type=url` lets them hold what XML cannot. */
export function xmlName(listing: unknown, parent: unknown, name: string): string {
  const text = xmlText(parent, name);
  if (xmlText(listing, 'EncodingType') !== 'url') return text;
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
