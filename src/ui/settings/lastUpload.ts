/** What was uploaded last, over all windows and starts of the editor. Knows no editor. */
import type { TransferList, TransferSnapshot } from '../../engine/index';
import { isObject } from '../../engine/index';
import type { KeyValueStore } from './destinationMemory';

/** An object, and the file it was made of. */
export type UploadedObject = Pick<TransferSnapshot, 'filePath' | 'target'>;

const KEY = 'lastUpload';
/** So many are kept for later starts: the editor reads all it keeps for an extension at once. */
const MOST_KEPT = 100;

/** Remembers the objects of the last upload, for their URLs. */
export class LastUpload {
  private latest: readonly TransferList[] | undefined;

  constructor(private readonly ofUser: KeyValueStore) {}

  /** Nothing was ever uploaded. */
  get isFirst(): boolean {
    return this.latest === undefined && !Array.isArray(this.ofUser.get(KEY));
  }

  /** Its objects; none where nothing was uploaded, or too many before this start to be kept. */
  objects(): readonly UploadedObject[] {
    if (this.latest !== undefined) return this.latest.flatMap((list) => list.select(['completed']));
    const kept = this.ofUser.get(KEY);
    return Array.isArray(kept) ? kept.filter(isUploadedObject) : [];
  }

  /** Those of these that are completed. */
  async remember(ended: readonly TransferList[]): Promise<void> {
    this.latest = ended;
    const count = ended.reduce((sum, { counts }) => sum + counts.completed, 0);
    const objects = count > MOST_KEPT ? [] : this.objects();
    await this.ofUser.update(
      KEY,
      objects.map(({ filePath, target }) => ({ filePath, target })),
    );
  }
}

/** An earlier version or another program may have written anything. */
function isUploadedObject(value: unknown): value is UploadedObject {
  if (!isObject(value) || !isObject(value['target'])) return false;
  const { bucket, key, region, profile } = value['target'];
  const texts = [value['filePath'], bucket, key, region, profile];
  return texts.every((text) => typeof text === 'string');
}
