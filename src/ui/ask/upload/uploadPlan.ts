import * as vscode from 'vscode';

import { UploadError, isAbortError, validateTarget } from '../../../engine/index';
import type { Logger, ObjectOptions, UploadRequest } from '../../../engine/index';
import { withDistinctKeys } from './conflictsModel';
import type { IfExistsOf } from './conflictsModel';
import type { Conflicts } from './conflicts';
import type { Destinations } from '../setup/destination';
import { settleDirtyDocuments } from './dirtyDocuments';
import { l10n, language } from '../../editor/editorWords';
import { formatBytes, formatCount } from '../../text/format';
import type { Destination } from '../../settings/knownDestination';
import { expandPrefix } from '../../text/keyNames';
import { withLateProgress } from '../../editor/lateProgress';
import { pick } from '../../editor/boxes';
import { askObjectOptions } from './objectOptionsFlow';
import type { Settings } from '../../settings/settings';
import { findSourceFiles } from './sourceFiles';
import type { SourceFiles } from './sourceFiles';
import type { UploadCallOptions } from './uploadApi';
import { targetAt, uploadOptions, workspaceFolderPath } from './uploadRequests';

/** From here on a folder is confirmed before it is sent. */
const MANY_FILES = 1000;
const MANY_BYTES = 10 * 1024 ** 3;

/** How an upload was asked for. */
export interface UploadCall {
  readonly options: UploadCallOptions;
  /** "Upload to OSS Location...": asks for place and options. */
  readonly isElsewhere: boolean;
}

/** What is sent, and what cannot be. */
export interface UploadPlan {
  readonly requests: readonly UploadRequest[];
  readonly failures: readonly UploadError[];
}

/** From chosen files to requests: every question is asked here, before anything is sent. */
export class UploadPlanner {
  constructor(
    private readonly settings: Settings,
    private readonly destinations: Destinations,
    private readonly conflicts: Conflicts,
    private readonly logger: Logger,
  ) {}

  /** Every question, in order. Undefined when the user left at one of them. */
  async plan(roots: readonly vscode.Uri[], call: UploadCall): Promise<UploadPlan | undefined> {
    const places = await this.findPlaces(roots, call);
    const [first] = places?.values() ?? [];
    if (places === undefined || first === undefined) return undefined;
    const place = `oss://${first.bucket}/${first.prefix}`;
    const object = call.isElsewhere ? await askObjectOptions(place) : (call.options.object ?? {});
    if (object === undefined) return undefined;
    if (!(await settleDirtyDocuments(roots.map((root) => root.fsPath)))) return undefined;
    const found = await this.findFiles(roots);
    if (found === undefined) return undefined;
    if (!(await confirmMany(found, place))) return undefined;
    const { requests, failures } = this.requestsOf(found, roots, places, object);
    const settled = await this.conflicts.settle(requests, this.ifExistsOf(found, roots, call));
    return settled && { requests: settled, failures: [...found.failures, ...failures] };
  }

  /** One destination per workspace folder, by its path: each has its own settings. */
  private async findPlaces(
    roots: readonly vscode.Uri[],
    call: UploadCall,
  ): Promise<ReadonlyMap<string, Destination> | undefined> {
    const places = new Map<string, Destination>();
    for (const root of roots) {
      const folder = workspaceFolderPath(root);
      if (places.has(folder)) continue;
      const [first] = places.values();
      const destination = call.isElsewhere
        ? // "Location" means one place for all that was chosen.
          (first ?? (await this.destinations.resolve(root, { always: true, remember: false })))
        : await this.destinations.named(root, call.options);
      if (destination === undefined) return undefined;
      places.set(folder, destination);
    }
    return places;
  }

  private async findFiles(roots: readonly vscode.Uri[]): Promise<SourceFiles | undefined> {
    const rootOf = new Map(roots.map((root) => [root.fsPath, root]));
    const found = await withLateProgress(l10n.t('Looking for files…'), (report, signal) =>
      findSourceFiles([...rootOf.keys()], {
        signal,
        exclude: (rootPath) => {
          const root = rootOf.get(rootPath);
          this.settings.assertUsable(['exclude'], root);
          return this.settings.forResource(root).exclude;
        },
        onFound: (folder, n) => {
          report(l10n.t('Scanning {folder}… {n} files', { folder, n: formatCount(n, language) }));
        },
      }),
    );
    if (found === undefined) return undefined;
    const left = `excluded=${found.excluded} links=${found.skippedLinks}`;
    this.logger.info(
      `found ${found.files.length} files, ${left} emptyFolders=${found.emptyFolders} unreadable=${found.failures.length}`,
    );
    if (found.files.length > 0 || found.failures.length > 0) return found;
    void vscode.window.showInformationMessage(
      l10n.t('There is no file to upload: the folder is empty, or all of it is excluded.'),
    );
    return undefined;
  }

  /** The caller's answer for all files, or that of the workspace folder each lies in. */
  private ifExistsOf(
    found: SourceFiles,
    roots: readonly vscode.Uri[],
    call: UploadCall,
  ): IfExistsOf {
    const ofRoot = new Map(
      roots.map((root) => [root.fsPath, this.settings.forResource(root).ifExists]),
    );
    const ofFile = new Map(found.files.map((file) => [file.filePath, ofRoot.get(file.rootPath)]));
    return ({ filePath }) => call.options.ifExists ?? ofFile.get(filePath) ?? 'ask';
  }

  private requestsOf(
    found: SourceFiles,
    roots: readonly vscode.Uri[],
    places: ReadonlyMap<string, Destination>,
    object: ObjectOptions,
  ): UploadPlan {
    const now = new Date();
    const byRoot = new Map(
      roots.map((root) => {
        const folder = workspaceFolderPath(root);
        const destination = places.get(folder);
        const variables = { filePath: root.fsPath, workspaceFolderPath: folder, now };
        const prefix = expandPrefix(destination?.prefix ?? '', variables);
        const options = uploadOptions(this.settings.forResource(root), object);
        return [root.fsPath, { destination, prefix, options }];
      }),
    );
    const requests: UploadRequest[] = [];
    const failures: UploadError[] = [];
    for (const { filePath, rootPath, name } of found.files) {
      const root = byRoot.get(rootPath);
      if (root?.destination === undefined) continue;
      const target = targetAt(root.destination, `${root.prefix}${name}`);
      const request = { filePath, target, options: root.options };
      const failure = refusalOf(request);
      if (failure === undefined) requests.push(request);
      else failures.push(failure);
    }
    return { requests: withDistinctKeys(requests), failures };
  }
}

/** Why a request cannot be sent, before anything is. */
function refusalOf(request: UploadRequest): UploadError | undefined {
  try {
    validateTarget(request.target);
    return undefined;
  } catch (error) {
    if (isAbortError(error)) throw error;
    const { bucket, key } = request.target;
    return UploadError.from(error).with({ sourcePath: request.filePath, bucket, key });
  }
}

async function confirmMany({ files, excluded }: SourceFiles, place: string): Promise<boolean> {
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const isMany = files.length > MANY_FILES || sizeBytes > MANY_BYTES;
  // A single large file is just what the user clicked on.
  if (!isMany || files.length === 1) return true;
  const n = formatCount(files.length, language);
  const size = formatBytes(sizeBytes, language);
  const left = l10n.t('{n} excluded', { n: formatCount(excluded, language) });
  const answer = await pick(
    l10n.t('Upload {n} files?', { n }),
    l10n.t('{n} files, {size}, to {place}', { n, size, place }),
    [
      {
        label: `$(cloud-upload) ${l10n.t('Upload')}`,
        description: excluded === 0 ? '' : left,
        value: true,
      },
      { label: `$(close) ${l10n.t('Cancel')}`, value: false },
    ],
  );
  return answer === true;
}
