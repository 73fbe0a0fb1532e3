/** What a menu or another extension handed over, made into a list of files and folders. */

/** The part of `vscode.Uri` that is looked at here. */
export interface ChosenUri {
  readonly scheme: string;
  readonly fsPath: string;
  toString(): string;
}

/**
 * What was chosen in a tree: the clicked item alone when it is outside of the selection, otherwise
 * the selection, without what lies in a folder that is selected too.
 */
export function chosenUris<T extends ChosenUri>(
  clicked: T | undefined,
  selected: readonly T[] | undefined,
): readonly T[] {
  if (clicked === undefined) return withoutChildren(selected ?? []);
  const wanted = clicked.toString();
  const isSelected = selected?.some((uri) => uri.toString() === wanted) ?? false;
  return withoutChildren(isSelected && selected !== undefined ? selected : [clicked]);
}

/** Drops duplicates, and whatever lies below another one of the list. */
export function withoutChildren<T extends ChosenUri>(uris: readonly T[]): readonly T[] {
  const byText = new Map(uris.map((uri) => [uri.toString().replace(/\/$/, ''), uri]));
  const texts = new Set(byText.keys());
  return [...byText].filter(([text]) => !hasParentIn(text, texts)).map(([, uri]) => uri);
}

/** Whether the bytes can be read from the disk of the extension host. */
export function isOnDisk(uri: ChosenUri): boolean {
  return uri.scheme === 'file' || uri.scheme === 'vscode-remote';
}

function hasParentIn(text: string, texts: ReadonlySet<string>): boolean {
  for (let end = text.lastIndexOf('/'); end > 0; end = text.lastIndexOf('/', end - 1)) {
    if (texts.has(text.slice(0, end))) return true;
  }
  return false;
}
