import { createHash, randomBytes } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  createReadStream,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { startCrc64 } from './crc64.ts';

/** What a client fixes about an object when it puts it or initiates its upload. */
export interface ObjectProperties {
  /** Content-Type and the other kept headers, lower-case names, byte strings as values. */
  readonly headers: Readonly<Record<string, string>>;
  /** User metadata with the `x-oss-meta-` prefix, byte strings as values. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly acl: string;
  readonly storageClass: string;
  /** `x-oss-server-side-encryption` and its key id. */
  readonly encryption: Readonly<Record<string, string>>;
  readonly tags: Readonly<Record<string, string>>;
}

/** Bytes on disk with the digests of what was really stored. */
export interface StoredBytes {
  /** Name inside the data folder. */
  readonly file: string;
  readonly sizeBytes: number;
  /** MD5, upper-case hex. */
  readonly etag: string;
  /** Unsigned decimal CRC-64. */
  readonly crc64: string;
}

/** A part of an unfinished upload. */
export interface StoredPart extends StoredBytes {
  readonly partNumber: number;
  readonly lastModifiedMs: number;
}

/** An unfinished upload. */
export interface StoredUpload {
  readonly uploadId: string;
  readonly bucket: string;
  readonly key: string;
  readonly initiatedMs: number;
  readonly sequential: boolean;
  readonly properties: ObjectProperties;
  readonly parts: Map<number, StoredPart>;
}

/** An object: a manifest of files. */
export interface ObjectManifest {
  readonly key: string;
  readonly type: 'Normal' | 'Multipart';
  readonly sizeBytes: number;
  /** Without quotes. */
  readonly etag: string;
  readonly crc64: string;
  /** Base64; only where the service knows the MD5 of the whole object. */
  readonly contentMd5?: string | undefined;
  readonly lastModifiedMs: number;
  readonly versionId?: string | undefined;
  /** The upload it came from: tells after a crash that this upload is completed. */
  readonly uploadId?: string | undefined;
  readonly properties: ObjectProperties;
  readonly files: readonly { readonly file: string; readonly sizeBytes: number }[];
}

/** What is known of a bucket, apart from its contents. */
export interface BucketRecord {
  readonly name: string;
  /** Without `oss-`. */
  readonly region: string;
  readonly createdMs: number;
  readonly acl: string;
  readonly storageClass: string;
  /** Left out: never enabled. */
  readonly versioning?: 'Enabled' | 'Suspended' | undefined;
  /** Domains that are bound to the bucket, as ListCname shows them. */
  readonly domains?: readonly BoundDomain[] | undefined;
  /** Refuses public ACLs, and ignores those that are there. */
  readonly blockPublicAccess?: boolean | undefined;
  /** Answers at the accelerate endpoint. */
  readonly transferAcceleration?: boolean | undefined;
  /** What must not be replaced; has no effect where versioning was ever enabled. */
  readonly overwriteRules?: readonly OverwriteRule[] | undefined;
  /** Days in which an object can be neither replaced nor deleted (WORM). */
  readonly retentionDays?: number | undefined;
  /** Created since 2025-09-01: refuses V1 signatures. */
  readonly v4Only?: boolean | undefined;
}

/** A domain bound to a bucket (PutCname). */
export interface BoundDomain {
  /** A wildcard's without `*.`. */
  readonly domain: string;
  /** Left out: Enabled. */
  readonly status?: 'Enabled' | 'Disabled' | undefined;
  readonly isWildcard?: boolean | undefined;
  /** Left out: there is none, and no HTTPS at this domain. */
  readonly certificate?:
    | {
        /** Left out: Enabled. */
        readonly status?: 'Enabled' | 'Disabled' | undefined;
        /** Left out: in 2124. */
        readonly validUntilMs?: number | undefined;
      }
    | undefined;
}

/** A rule of PutBucketOverwriteConfig: forbids to replace objects whose key fits. */
export interface OverwriteRule {
  readonly id: string;
  readonly prefix?: string | undefined;
  readonly suffix?: string | undefined;
}

interface Bucket {
  record: BucketRecord;
  readonly objects: Map<string, ObjectManifest>;
  /** Those that a newer version stands before, oldest first. */
  readonly formerVersions: ObjectManifest[];
}

type UploadHead = Omit<StoredUpload, 'parts'>;
type UploadJournalLine =
  { readonly upload: UploadHead } | { readonly part: StoredPart } | { readonly forget: number };

function writeAtomically(path: string, text: string): void {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/**
 * Buckets, objects and uploads in one folder. The state is in memory and on disk; each change is
 * on disk before its method returns, so a server that is killed goes on where it was. Layout:
 * `data/` holds bytes under random names, `buckets/<name>/` a record and one manifest per object,
 * `uploads/` one journal per unfinished upload.
 */
export class OssStorage {
  readonly #dir: string;
  readonly #buckets = new Map<string, Bucket>();
  readonly #uploads = new Map<string, StoredUpload>();
  /** How often each file is being read. */
  readonly #readers = new Map<string, number>();
  readonly #removedWhileRead = new Set<string>();

  /** Opens the folder, which may be new, empty, or left behind by a killed server. */
  constructor(dir: string) {
    this.#dir = dir;
    for (const folder of ['data', 'buckets', 'uploads']) {
      mkdirSync(join(dir, folder), { recursive: true });
    }
    this.#loadBuckets();
    this.#loadUploads();
    this.#removeUnusedData();
  }

  #loadBuckets(): void {
    const root = join(this.#dir, 'buckets');
    for (const name of readdirSync(root)) {
      const recordFile = join(root, name, 'bucket.json');
      if (!existsSync(recordFile)) continue;
      const objects = new Map<string, ObjectManifest>();
      const formerVersions: ObjectManifest[] = [];
      for (const file of readdirSync(join(root, name, 'objects'))) {
        const manifest = () => readJson(join(root, name, 'objects', file)) as ObjectManifest;
        if (file.endsWith('.json')) objects.set(manifest().key, manifest());
        else if (file.endsWith('.version')) formerVersions.push(manifest());
      }
      formerVersions.sort((a, b) => a.lastModifiedMs - b.lastModifiedMs);
      const record = readJson(recordFile) as BucketRecord;
      this.#buckets.set(name, { record, objects, formerVersions });
    }
  }

  #loadUploads(): void {
    const completed = new Set(
      [...this.#buckets.values()].flatMap(({ objects }) =>
        [...objects.values()].map(({ uploadId }) => uploadId),
      ),
    );
    for (const file of readdirSync(join(this.#dir, 'uploads'))) {
      const path = join(this.#dir, 'uploads', file);
      const upload = readUploadJournal(path);
      // Killed between the manifest and the end of the journal: the object wins.
      if (!upload || completed.has(upload.uploadId)) rmSync(path);
      else this.#uploads.set(upload.uploadId, upload);
    }
  }

  #removeUnusedData(): void {
    const used = new Set<string>();
    for (const { objects, formerVersions } of this.#buckets.values()) {
      for (const { files } of [...objects.values(), ...formerVersions]) {
        for (const { file } of files) used.add(file);
      }
    }
    for (const { parts } of this.#uploads.values()) {
      for (const { file } of parts.values()) used.add(file);
    }
    for (const file of readdirSync(join(this.#dir, 'data'))) {
      if (!used.has(file)) rmSync(this.dataPath(file));
    }
  }

  /** Path of stored bytes. */
  dataPath(file: string): string {
    return join(this.#dir, 'data', file);
  }

  #objectPath(bucket: string, key: string): string {
    const name = createHash('sha256').update(key).digest('hex');
    return join(this.#dir, 'buckets', bucket, 'objects', `${name}.json`);
  }

  #uploadPath(uploadId: string): string {
    return join(this.#dir, 'uploads', `${uploadId}.jsonl`);
  }

  #journal(uploadId: string, line: UploadJournalLine): void {
    appendFileSync(this.#uploadPath(uploadId), `${JSON.stringify(line)}\n`);
  }

  /** Names of all buckets, sorted. */
  bucketNames(): string[] {
    return [...this.#buckets.keys()].sort();
  }

  /** A bucket's record; undefined when there is none. */
  bucket(name: string): BucketRecord | undefined {
    return this.#buckets.get(name)?.record;
  }

  /** Creates a bucket or changes its record. */
  putBucket(record: BucketRecord): void {
    const folder = join(this.#dir, 'buckets', record.name);
    mkdirSync(join(folder, 'objects'), { recursive: true });
    writeAtomically(join(folder, 'bucket.json'), JSON.stringify(record));
    const bucket = this.#buckets.get(record.name);
    if (bucket) bucket.record = record;
    else this.#buckets.set(record.name, { record, objects: new Map(), formerVersions: [] });
  }

  /** Removes a bucket with everything in it. */
  deleteBucket(name: string): void {
    for (const { uploadId } of this.uploads(name)) this.deleteUpload(uploadId);
    for (const { key } of this.objects(name)) this.deleteObject(name, key);
    for (const { files } of this.#buckets.get(name)?.formerVersions ?? []) this.#removeData(files);
    rmSync(join(this.#dir, 'buckets', name), { recursive: true, force: true });
    this.#buckets.delete(name);
  }

  /** Writes bytes to disk as they come. When the source fails, nothing stays behind. */
  async receive(chunks: AsyncIterable<Uint8Array>): Promise<StoredBytes> {
    const file = randomBytes(12).toString('hex');
    const md5 = createHash('md5');
    const crc = await startCrc64();
    let sizeBytes = 0;
    const descriptor = openSync(this.dataPath(file), 'wx');
    try {
      // Plain synchronous writes go to the page cache: there is nothing to wait for, and the
      // socket is not read meanwhile, which is all the back-pressure a test server needs.
      for await (const chunk of chunks) {
        for (let offset = 0; offset < chunk.length;) {
          offset += writeSync(descriptor, chunk, offset);
        }
        md5.update(chunk);
        crc.update(chunk);
        sizeBytes += chunk.length;
      }
    } catch (error) {
      rmSync(this.dataPath(file), { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
    const etag = md5.digest('hex').toUpperCase();
    return { file, sizeBytes, etag, crc64: crc.finish().toString() };
  }

  /** Removes bytes that were received and are not wanted. */
  discard(bytes: StoredBytes): void {
    rmSync(this.dataPath(bytes.file), { force: true });
  }

  /** An object; undefined when there is none. */
  object(bucket: string, key: string): ObjectManifest | undefined {
    return this.#buckets.get(bucket)?.objects.get(key);
  }

  /** All objects of a bucket, by the bytes of their keys. */
  objects(bucket: string): ObjectManifest[] {
    return [...(this.#buckets.get(bucket)?.objects.values() ?? [])].sort((a, b) =>
      compareKeys(a.key, b.key),
    );
  }

  /** Versions of an object that newer ones stand before, oldest first. */
  formerVersions(bucket: string, key: string): ObjectManifest[] {
    const versions = this.#buckets.get(bucket)?.formerVersions ?? [];
    return versions.filter((version) => version.key === key);
  }

  /**
   * Replaces the object of this key, or the version of this id: another version stays. Its files
   * must be in the data folder.
   */
  putObject(bucket: string, manifest: ObjectManifest): void {
    const before = this.object(bucket, manifest.key);
    const { objects, formerVersions = [] } = this.#buckets.get(bucket) ?? {};
    const path = this.#objectPath(bucket, manifest.key);
    const versionPath = (version: ObjectManifest) =>
      path.replace(/json$/, `${versionName(version)}.version`);
    if (before && versionName(before) !== versionName(manifest)) {
      writeAtomically(versionPath(before), JSON.stringify(before));
      formerVersions.push(before);
    }
    writeAtomically(path, JSON.stringify(manifest));
    objects?.set(manifest.key, manifest);
    const replaced = [...(before ? [before] : []), ...this.formerVersions(bucket, manifest.key)];
    for (const version of replaced) {
      if (versionName(version) !== versionName(manifest)) continue;
      const index = formerVersions.indexOf(version);
      if (index !== -1) {
        formerVersions.splice(index, 1);
        rmSync(versionPath(version), { force: true });
      }
      this.#removeData(version.files, manifest.files);
    }
  }

  #removeData(
    files: readonly { readonly file: string }[],
    kept: readonly { readonly file: string }[] = [],
  ): void {
    const keptFiles = new Set(kept.map(({ file }) => file));
    for (const { file } of files) {
      if (!keptFiles.has(file)) this.#removeFile(file);
    }
  }

  #removeFile(file: string): void {
    if (this.#readers.has(file)) this.#removedWhileRead.add(file);
    else rmSync(this.dataPath(file), { force: true });
  }

  /** Removes an object; false when there was none. */
  deleteObject(bucket: string, key: string): boolean {
    const manifest = this.object(bucket, key);
    if (!manifest) return false;
    this.#buckets.get(bucket)?.objects.delete(key);
    rmSync(this.#objectPath(bucket, key), { force: true });
    this.#removeData(manifest.files);
    return true;
  }

  /**
   * Bytes `start` to `end` (exclusive) of an object as it is at the call, also when it is replaced or
   * deleted while they are read. They have to be read.
   */
  read(
    manifest: Pick<ObjectManifest, 'files'>,
    start: number,
    end: number,
  ): AsyncGenerator<Buffer> {
    for (const { file } of manifest.files) {
      this.#readers.set(file, (this.#readers.get(file) ?? 0) + 1);
    }
    return this.#read(manifest, start, end);
  }

  async *#read(
    { files }: Pick<ObjectManifest, 'files'>,
    start: number,
    end: number,
  ): AsyncGenerator<Buffer> {
    try {
      let fileStart = 0;
      for (const { file, sizeBytes } of files) {
        const from = Math.max(start - fileStart, 0);
        const to = Math.min(end - fileStart, sizeBytes);
        if (from < to) {
          const stream = createReadStream(this.dataPath(file), { start: from, end: to - 1 });
          for await (const chunk of stream) yield chunk as Buffer;
        }
        fileStart += sizeBytes;
      }
    } finally {
      for (const { file } of files) {
        const others = (this.#readers.get(file) ?? 0) - 1;
        if (others > 0) this.#readers.set(file, others);
        else this.#readers.delete(file);
        if (others <= 0 && this.#removedWhileRead.delete(file)) this.#removeFile(file);
      }
    }
  }

  /** An unfinished upload; undefined when it is unknown, aborted or completed. */
  upload(uploadId: string): StoredUpload | undefined {
    return this.#uploads.get(uploadId);
  }

  /** All unfinished uploads of a bucket, by key, then by id. */
  uploads(bucket: string): StoredUpload[] {
    return [...this.#uploads.values()]
      .filter((upload) => upload.bucket === bucket)
      .sort((a, b) => compareKeys(a.key, b.key) || compareKeys(a.uploadId, b.uploadId));
  }

  /** Begins an upload. */
  createUpload(head: UploadHead): void {
    this.#journal(head.uploadId, { upload: head });
    this.#uploads.set(head.uploadId, { ...head, parts: new Map() });
  }

  /** Records a part; one of the same number is replaced. */
  putPart(upload: StoredUpload, part: StoredPart): void {
    const before = upload.parts.get(part.partNumber);
    this.#journal(upload.uploadId, { part });
    upload.parts.set(part.partNumber, part);
    if (before) this.discard(before);
  }

  /** Loses a part, as if it had never been sent. */
  forgetPart(upload: StoredUpload, partNumber: number): void {
    const part = upload.parts.get(partNumber);
    if (!part) return;
    this.#journal(upload.uploadId, { forget: partNumber });
    upload.parts.delete(partNumber);
    this.discard(part);
  }

  /** Ends an upload. Files named in `kept` stay, because an object owns them now. */
  deleteUpload(uploadId: string, kept: readonly { readonly file: string }[] = []): void {
    const upload = this.#uploads.get(uploadId);
    if (!upload) return;
    this.#uploads.delete(uploadId);
    rmSync(this.#uploadPath(uploadId), { force: true });
    const keptFiles = new Set(kept.map(({ file }) => file));
    for (const part of upload.parts.values()) if (!keptFiles.has(part.file)) this.discard(part);
  }

  /** Turns one bit of stored bytes over without touching their digests, as a bad disk does. */
  corrupt(file: string, offset: number): void {
    const descriptor = openSync(this.dataPath(file), 'r+');
    try {
      const byte = Buffer.alloc(1);
      readSync(descriptor, byte, 0, 1, offset);
      byte[0]! ^= 1;
      writeSync(descriptor, byte, 0, 1, offset);
    } finally {
      closeSync(descriptor);
    }
  }
}

/** An object that was stored without versioning is the null version. */
function versionName({ versionId = 'null' }: ObjectManifest): string {
  return versionId;
}

function readUploadJournal(path: string): StoredUpload | undefined {
  let upload: StoredUpload | undefined;
  const source = readFileSync(path, 'utf8');
  // The next line must not be glued to a torn one.
  if (!source.endsWith('\n')) appendFileSync(path, '\n');
  for (const text of source.split('\n')) {
    let line: UploadJournalLine;
    try {
      line = JSON.parse(text) as UploadJournalLine;
    } catch {
      // The last line is empty, or torn by the kill that ended the server.
      continue;
    }
    if ('upload' in line) upload = { ...line.upload, parts: new Map() };
    else if ('part' in line) upload?.parts.set(line.part.partNumber, line.part);
    else upload?.parts.delete(line.forget);
  }
  return upload;
}

/** Order of keys: by their UTF-8 bytes. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
