/** What was uploaded last, over all windows and starts of the editor. Knows no editor. */
import type { TransferList, TransferSnapshot, UploadHistory } from '../../engine/index';
import type { KeyValueStore } from './destinationMemory';

/** An object, and the file it was made of. */
export type UploadedObject = Pick<TransferSnapshot, 'filePath' | 'target'>;

const KEY = 'lastUpload';

/** Knows the objects of the last upload, for their URLs: those of this window, else the history's. */
export class LastUpload {
  private latest: readonly TransferList[] | undefined;

  constructor(
    private readonly ofUser: KeyValueStore,
    private readonly history: Pick<UploadHistory, 'entries' | 'filesOf' | 'whenWritten'>,
  ) {}

  /** Nothing was ever uploaded. */
  get isFirst(): boolean {
    return this.ofUser.get(KEY) === undefined;
  }

  /** Its objects; none where nothing was uploaded, or the history of it is gone. */
  async objects(): Promise<readonly UploadedObject[]> {
    if (this.latest !== undefined) return this.latest.flatMap((list) => list.select(['completed']));
    const [entry] = await this.history.entries();
    const objects: UploadedObject[] = [];
    if (entry === undefined) return objects;
    for await (const file of this.history.filesOf(entry)) objects.push(file);
    return objects;
  }

  /** Those of these that are completed. Resolves when the next start will find them. */
  async remember(ended: readonly TransferList[]): Promise<void> {
    this.latest = ended;
    if (this.isFirst) await this.ofUser.update(KEY, true);
    await this.history.whenWritten();
  }

  /** The history was cleared. That something was uploaded stays known. */
  forget(): void {
    this.latest = undefined;
  }
}
