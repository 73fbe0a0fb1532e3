import * as vscode from 'vscode';

import type { ObjectStore, OpenStore, Transfers } from '../../../engine/index';
import type { Destinations } from '../setup/destination';
import { l10n, words } from '../../editor/editorWords';
import { formatAge } from '../../text/format';
import type { Destination } from '../../settings/knownDestination';
import { expandPrefix } from '../../text/keyNames';
import { withLateProgress } from '../../editor/lateProgress';
import type { Choice } from '../../editor/boxes';
import { plainText } from '../../text/plainText';
import { removableUploads } from './unfinishedUploads';
import type { FoundUpload } from './unfinishedUploads';

/** Unfinished uploads of a bucket, one or more, on which no window of this computer works. */
export interface BucketUploads {
  readonly destination: Destination;
  readonly store: ObjectStore;
  /** Where was looked: `oss://bucket/folder/`. */
  readonly place: string;
  readonly found: readonly FoundUpload[];
}

/** Looks for unfinished uploads where a resource would go to; asks for what is missing first. */
export class BucketSearch {
  constructor(
    private readonly transfers: Transfers,
    private readonly destinations: Destinations,
    private readonly openStore: OpenStore,
  ) {}

  /** Undefined when the user left, and when there are none: then he was told. */
  async run(resource: vscode.Uri | undefined): Promise<BucketUploads | undefined> {
    const destination = await this.destinations.resolve(resource);
    if (destination === undefined) return undefined;
    const store = await this.openStore({ ...destination, key: '' });
    const prefix = plainPrefix(destination.prefix);
    const place = `oss://${destination.bucket}/${prefix}`;
    const uploads = await withLateProgress(
      l10n.t('Looking for unfinished uploads…'),
      async (_report, signal) => {
        // Other windows may have started or finished some meanwhile.
        await this.transfers.refresh();
        return store.listMultipartUploads(prefix, { signal });
      },
    );
    if (uploads === undefined) return undefined;
    const found = removableUploads(uploads, destination.bucket, this.transfers.snapshot());
    if (found.length > 0) return { destination, store, place, found };
    void vscode.window.showInformationMessage(
      l10n.t('No unfinished uploads in {place}.', { place: plainText(place) }),
    );
    return undefined;
  }
}

/** A row for an unfinished upload: its key and its age. */
export function uploadChoice(found: FoundUpload): Choice<FoundUpload> {
  const { key, initiatedMs } = found.upload;
  return { label: key, description: formatAge(initiatedMs, Date.now(), words), value: found };
}

/** The folder to look in: only as far as it is the same for every file. */
function plainPrefix(prefix: string): string {
  const fixed = prefix.split('${')[0] ?? '';
  const folder = fixed === prefix ? fixed : fixed.slice(0, fixed.lastIndexOf('/') + 1);
  return expandPrefix(folder, { filePath: '/', workspaceFolderPath: '', now: new Date() });
}
