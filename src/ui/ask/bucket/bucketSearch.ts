import * as vscode from 'vscode';

import { UploadError } from '../../../engine/index';
import type { ObjectStore, OpenStore, Transfers, UnfinishedUpload } from '../../../engine/index';
import type { Destinations } from '../setup/destination';
import { l10n, words } from '../../editor/editorWords';
import { formatAge } from '../../text/format';
import type { Destination } from '../../settings/knownDestination';
import { expandPrefix } from '../../text/keyNames';
import { withLateProgress } from '../../editor/lateProgress';
import type { TransferActions } from '../../actions/transferActions';
import type { Choice } from '../../editor/boxes';
import { plainText } from '../../text/plainText';
import { removableUploads } from './unfinishedUploads';
import type { FoundUpload } from './unfinishedUploads';

/** Unfinished uploads of a bucket, one or more, on which no window of this computer works. */
export interface BucketUploads {
  readonly destination: Destination;
  readonly store: ObjectStore;
  /** Where was looked: the bucket, or the folder where only that may be listed. */
  readonly place: string;
  /** Where uploads go to, as far as it is the same for all of them; '' at the top of the bucket. */
  readonly folder: string;
  readonly found: readonly FoundUpload[];
}

/** Looks for unfinished uploads in the bucket a resource would go to; asks for what is missing first. */
export class BucketSearch {
  constructor(
    private readonly transfers: Transfers,
    private readonly actions: TransferActions,
    private readonly destinations: Destinations,
    private readonly openStore: OpenStore,
  ) {}

  /** Undefined when the user left, and when there are none: then he was told. */
  async run(resource: vscode.Uri | undefined): Promise<BucketUploads | undefined> {
    const destination = await this.destinations.resolve(resource);
    if (destination === undefined) return undefined;
    const target = { ...destination, key: '' };
    const folder = plainPrefix(destination.prefix);
    const looked = await this.actions.withDomain([{ target }], () =>
      withLateProgress(l10n.t('Looking for unfinished uploads…'), async (_report, signal) => {
        // Other windows may have started or finished some meanwhile.
        await this.transfers.refresh();
        const store = await this.openStore(target);
        return { store, ...(await listIn(store, folder, signal)) };
      }),
    );
    if (looked === undefined) return undefined;
    const { store, uploads, prefix } = looked;
    const place = `oss://${destination.bucket}/${prefix}`;
    const found = removableUploads(uploads, destination.bucket, this.transfers.snapshot());
    if (found.length > 0) return { destination, store, place, folder, found };
    void vscode.window.showInformationMessage(
      l10n.t('No unfinished uploads in {place}.', { place: plainText(place) }),
    );
    return undefined;
  }
}

/** Those of the whole bucket; of the folder alone where a policy allows no more. */
async function listIn(
  store: ObjectStore,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly uploads: readonly UnfinishedUpload[]; readonly prefix: string }> {
  try {
    return { uploads: await store.listMultipartUploads('', { signal }), prefix: '' };
  } catch (error) {
    if (folder === '' || !UploadError.is(error, 'accessDenied')) throw error;
    return { uploads: await store.listMultipartUploads(folder, { signal }), prefix: folder };
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
