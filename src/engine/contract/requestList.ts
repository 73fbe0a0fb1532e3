import { TextPack, grown } from '../base/textPack';
import type { UploadTarget } from './ports';
import type { UploadOptions, UploadRequest } from './transfers';

const FIRST_ROOM = 64;
/** In place of a size that is not known. */
const UNKNOWN = -1;

/** What files of one folder that go to one place have in common: all but name and size. */
interface Group {
  readonly folder: string;
  /** Of the real path; undefined when that is still to be asked of the disk. */
  readonly realFolder: string | undefined;
  readonly keyFolder: string;
  readonly target: UploadTarget;
  readonly options: UploadOptions;
}

/**
 * Requests of one batch, in order. What files of one folder have in common is kept once, so that a
 * hundred thousand of them take some megabytes. What comes out equals what went in, as a new object.
 */
export class RequestList implements Iterable<UploadRequest> {
  private readonly groups: Group[] = [];
  private readonly names = new TextPack();
  private groupOf = new Uint32Array(FIRST_ROOM);
  private sizes = new Float64Array(FIRST_ROOM);
  private last: { readonly index: number; readonly group: Group } | undefined;
  private readonly whole = new Map<number, UploadRequest>();

  /** A list of these. */
  static of(requests: Iterable<UploadRequest>): RequestList {
    const list = new RequestList();
    for (const request of requests) list.push(request);
    return list;
  }

  get length(): number {
    return this.names.length;
  }

  push(request: UploadRequest): void {
    const index = this.length;
    this.groupOf = grown(this.groupOf, index + 1);
    this.sizes = grown(this.sizes, index + 1);
    const name = nameOf(request.filePath);
    this.names.push(name);
    this.put(index, name, request);
  }

  /** Takes another request in the place of one for the same file. */
  replace(index: number, request: UploadRequest): void {
    this.whole.delete(index);
    this.put(index, this.names.at(index), request);
  }

  /** The request with that number, which is below {@link length}. */
  at(index: number): UploadRequest {
    const whole = this.whole.get(index);
    const group = this.groups[this.groupOf[index] ?? 0];
    if (whole !== undefined) return whole;
    if (group === undefined) throw new RangeError(`there is no request ${index}`);
    const name = this.names.at(index);
    const { folder, realFolder, keyFolder, options } = group;
    const { bucket, region, profile } = group.target;
    return {
      filePath: folder + name,
      realPath: realFolder === undefined ? undefined : realFolder + name,
      sizeBytes: this.sizeOf(index),
      target: { bucket, region, profile, key: keyFolder + name },
      options,
    };
  }

  /** Bytes of that file; undefined while they are not known. */
  sizeOf(index: number): number | undefined {
    const sizeBytes = this.sizes[index] ?? UNKNOWN;
    return sizeBytes === UNKNOWN ? undefined : sizeBytes;
  }

  /** The folders in OSS that the objects of these requests lie in, each once for a group of files. */
  foldersOf(indices: Iterable<number>): Pick<UploadTarget, 'bucket' | 'key'>[] {
    const targets = new Set<UploadTarget>();
    for (const index of indices) {
      // That of a group is of one of its files, and so are all in the same folder.
      const one = this.whole.get(index) ?? this.groups[this.groupOf[index] ?? 0];
      if (one !== undefined) targets.add(one.target);
    }
    return Array.from(targets, ({ bucket, key }) => ({
      bucket,
      key: key.slice(0, key.lastIndexOf('/') + 1),
    }));
  }

  /** Another size of that file. */
  setSize(index: number, sizeBytes: number): void {
    this.sizes[index] = sizeBytes;
  }

  *[Symbol.iterator](): Generator<UploadRequest, void, undefined> {
    for (let index = 0; index < this.length; index++) yield this.at(index);
  }

  private put(index: number, name: string, request: UploadRequest): void {
    const { filePath, realPath, sizeBytes, target, options } = request;
    this.sizes[index] = sizeBytes ?? UNKNOWN;
    const folder = without(filePath, name);
    const realFolder = realPath === undefined ? undefined : without(realPath, name);
    const keyFolder = without(target.key, name);
    const isPlain =
      folder !== undefined &&
      keyFolder !== undefined &&
      (realPath === undefined || realFolder !== undefined);
    // A link, or an object that is called otherwise than its file.
    if (!isPlain) this.whole.set(index, request);
    else this.groupOf[index] = this.groupFor({ folder, realFolder, keyFolder, target, options });
  }

  /** Files come folder by folder: the last group is nearly always that of the next file, too. */
  private groupFor(wanted: Group): number {
    const options = sameOptions(this.last?.group.options, wanted.options) ?? wanted.options;
    if (this.last !== undefined && isSame(this.last.group, wanted)) {
      if (this.last.group.options === options) return this.last.index;
    }
    this.last = { index: this.groups.length, group: { ...wanted, options } };
    this.groups.push(this.last.group);
    return this.last.index;
  }
}

function nameOf(filePath: string): string {
  return filePath.slice(Math.max(filePath.lastIndexOf('/'), filePath.lastIndexOf('\\')) + 1);
}

function without(text: string, end: string): string | undefined {
  return text.endsWith(end) ? text.slice(0, text.length - end.length) : undefined;
}

function isSame(one: Group, other: Group): boolean {
  return (
    one.folder === other.folder &&
    one.realFolder === other.realFolder &&
    one.keyFolder === other.keyFolder &&
    one.target.bucket === other.target.bucket &&
    one.target.region === other.target.region &&
    one.target.profile === other.target.profile
  );
}

/** The known options where the wanted ones say the same. */
function sameOptions(
  known: UploadOptions | undefined,
  wanted: UploadOptions,
): UploadOptions | undefined {
  if (known === undefined || known === wanted) return known;
  return JSON.stringify(known) === JSON.stringify(wanted) ? known : undefined;
}
