/**
 * What ali-oss's XML parser leaves: elements are properties, all text, and one element looks
 * different from several.
 */
export type XmlElement = Readonly<Record<string, unknown>>;

/** A parsed element; {} for one without children. */
export function xmlElement(value: unknown): XmlElement {
  return typeof value === 'object' && value !== null ? (value as XmlElement) : {};
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
