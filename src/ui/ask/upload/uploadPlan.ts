import { stat } from 'node:fs/promises';
import * as vscode from 'vscode';

import { RequestList, UploadError, isAbortError, validateTarget } from '../../../engine/index';
import type {
  ComparedPlace,
  Logger,
  ObjectOptions,
  UploadOptions,
  UploadRequest,
} from '../../../engine/index';
import { withDistinctKeys } from './conflictsModel';
import type { Conflicts, ResolvedConflicts } from './conflicts';
import type { Destinations } from '../setup/destination';
import { saveDirtyDocuments } from './dirtyDocuments';
import { l10n, language } from '../../editor/editorWords';
import { counted, formatBytes, formatCount } from '../../text/format';
import type { Destination } from '../../settings/knownDestination';
import { expandPrefix } from '../../text/keyNames';
import { keyName } from '../../text/localPaths';
import { plainText } from '../../text/plainText';
import { fileName, ossPath } from '../../text/transferFacts';
import { withFacts } from '../../text/words';
import type { OneOrMany } from '../../text/words';
import { withLateProgress } from '../../editor/lateProgress';
import { pick } from '../../editor/boxes';
import { askObjectOptions } from './objectOptionsFlow';
import type { Settings } from '../../settings/settings';
import type { IfExists } from '../../settings/settingsModel';
import { findSourceFiles } from './sourceFiles';
import { someOf } from './uploadPlanModel';
import type { ChosenPath, FoundFile, FoundFiles } from './sourceFiles';
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
  /**
   * What the names in OSS begin with: the `contents` of a chosen folder without its own name, or the
   * `paths` of chosen files inside of their workspace folder. Left out: each has its own name.
   */
  readonly names?: 'contents' | 'paths';
  /** Asked for by a menu: what became of each file, of maybe a hundred thousand, is told to nobody. */
  readonly isOfMenu?: boolean;
  /** Asked for by a language model: no setting may stand for the user's yes to replace an object. */
  readonly isOfModel?: boolean;
}

/** What an upload would send, for a question before it. */
export interface Survey {
  readonly files: readonly FoundFile<ChosenPath>[];
  /** Where to, without doubles; empty where the user is still to be asked. */
  readonly places: readonly string[];
}

/** What is sent, and what cannot be. */
export interface UploadPlan {
  /** Compact, because they are held until all of them are sent. */
  readonly requests: RequestList;
  readonly failures: readonly UploadError[];
  /** All files that are not sent for one of the two reasons below, where nothing else is sent. */
  readonly leftOut: readonly UploadRequest[];
  /** Files that are left out because they exist. */
  readonly skipped: number;
  /** Files that need not be sent, because OSS has their very bytes. */
  readonly unchanged: number;
}

/** What is compared with OSS, where, and what cannot be. */
export interface ComparisonPlan {
  readonly requests: readonly UploadRequest[];
  readonly failures: readonly UploadError[];
  /** Where the objects of chosen folders are. */
  readonly places: readonly ComparedPlace[];
  /** What was chosen, and where its objects are, as it is shown. */
  readonly name: string;
  readonly place: string;
}

/** A file or folder that the user chose: where its files go, and how. */
interface Root extends ChosenPath {
  readonly destination: Destination;
  /** Of the keys, with its variables filled in. */
  readonly prefix: string;
  readonly options: UploadOptions;
  /** The caller's answer for all files, or that of the workspace folder it lies in. */
  readonly ifExists: IfExists;
}

/** A request that knows what it belongs to. */
interface PlannedRequest extends UploadRequest {
  readonly root: Root;
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
  async plan(chosen: readonly vscode.Uri[], call: UploadCall): Promise<UploadPlan | undefined> {
    const isChosen = call.isElsewhere || call.options.bucket !== undefined;
    const places = await this.findPlaces(chosen, call, (uri, named) =>
      this.destinations.confirmed(uri, named, isChosen),
    );
    const [first] = places?.values() ?? [];
    if (places === undefined || first === undefined) return undefined;
    const place = `oss://${first.bucket}/${first.prefix}`;
    const object = call.isElsewhere ? await askObjectOptions(place) : (call.options.object ?? {});
    if (object === undefined) return undefined;
    if (!(await saveDirtyDocuments(chosen.map((uri) => uri.fsPath)))) return undefined;
    const roots = this.rootsOf(chosen, places, object, call);
    const found = await this.findFiles(roots);
    if (found === undefined) return undefined;
    // How many of them are sent is known only when they are compared.
    const isCompared = roots.every(({ ifExists }) => ifExists === 'skipIdentical');
    const { excluded } = found;
    const all = someOf(placesOf(roots));
    if (!isCompared && !(await confirmMany(found.files, excluded, all))) return undefined;
    const { requests, failures } = requestsOf(found.files);
    const answered = await this.conflicts.resolve(requests, ({ root }) => root.ifExists);
    if (answered === undefined) return undefined;
    if (isCompared && !(await confirmMany(answered.requests, excluded, all))) return undefined;
    return planOf(requests, answered, [...found.failures, ...failures]);
  }

  /** The same files at the same places as for an upload, to be compared and not sent. */
  async planComparison(chosen: readonly vscode.Uri[]): Promise<ComparisonPlan | undefined> {
    const call = { options: {}, isElsewhere: false };
    // What is only compared sends no file: a yes to the bucket would be one to uploads.
    const places = await this.findPlaces(chosen, call, (_uri, named) => named);
    if (places === undefined || places.size === 0) return undefined;
    const roots = this.rootsOf(chosen, places, {}, call);
    const found = await this.findFiles(roots);
    if (found === undefined) return undefined;
    const { requests, failures } = requestsOf(found.files);
    const compared = await Promise.all(
      roots.map(async ({ path, prefix, destination }) => {
        const isFolder = await isFolderAt(path);
        const name = keyName(path);
        const key = `${prefix}${name}${isFolder && name !== '' ? '/' : ''}`;
        return { isFolder, target: targetAt(destination, key), prefix: key };
      }),
    );
    return {
      requests,
      failures: [...found.failures, ...failures],
      places: compared.filter(({ isFolder }) => isFolder),
      name: someOf(roots.map(({ path }) => fileName(path))),
      place: someOf(compared.map(({ target }) => ossPath(target))),
    };
  }

  /** What would be sent, and where to; asks nothing and sends nothing. */
  async survey(
    chosen: readonly vscode.Uri[],
    call: UploadCall,
    signal: AbortSignal,
  ): Promise<Survey> {
    const places = new Map<string, Destination>();
    for (const uri of chosen) {
      const known = this.destinations.known(uri);
      const unknown = { bucket: '', region: '', prefix: '', profile: '' };
      const prefix = call.options.prefix ?? known?.prefix ?? '';
      places.set(workspaceFolderPath(uri), { ...(known ?? unknown), prefix });
    }
    const roots = this.rootsOf(chosen, places, {}, call);
    const { files, failures } = await findSourceFiles(roots, { signal, onFound: () => undefined });
    const [failure] = failures;
    if (failure !== undefined) throw failure;
    return {
      files,
      places: placesOf(roots.filter(({ destination }) => destination.bucket !== '')),
    };
  }

  /** One destination per workspace folder, by its path: each has its own settings. */
  private async findPlaces(
    chosen: readonly vscode.Uri[],
    call: UploadCall,
    confirm: (
      uri: vscode.Uri,
      named: Destination,
    ) => Destination | Promise<Destination | undefined>,
  ): Promise<ReadonlyMap<string, Destination> | undefined> {
    const places = new Map<string, Destination>();
    for (const uri of chosen) {
      const folder = workspaceFolderPath(uri);
      if (places.has(folder)) continue;
      const [first] = places.values();
      const named = call.isElsewhere
        ? // "Location" means one place for all that was chosen.
          (first ?? (await this.destinations.resolve(uri, { always: true, remember: false })))
        : await this.destinations.named(uri, call.options);
      const destination = named && (await confirm(uri, named));
      if (destination === undefined) return undefined;
      places.set(folder, destination);
    }
    return places;
  }

  private rootsOf(
    chosen: readonly vscode.Uri[],
    places: ReadonlyMap<string, Destination>,
    object: ObjectOptions,
    call: UploadCall,
  ): Root[] {
    const now = new Date();
    return chosen.flatMap((uri): Root[] => {
      const folder = workspaceFolderPath(uri);
      const destination = places.get(folder);
      if (destination === undefined) return [];
      const settings = this.settings.forResource(uri);
      const variables = { filePath: uri.fsPath, workspaceFolderPath: folder, now };
      const root = {
        path: uri.fsPath,
        namesInside: namesInside(uri.fsPath, folder, destination, call),
        leftOut: () => {
          this.settings.assertUsable(['exclude', 'useIgnoreFiles'], uri);
          const { exclude, useIgnoreFiles } = settings;
          return { exclude, ignoreFilesWithin: useIgnoreFiles ? folder : undefined };
        },
        destination,
        prefix: expandPrefix(destination.prefix, variables),
        options: uploadOptions(settings, object),
        ifExists: ifExistsOf(call, settings.ifExists),
      };
      return [root];
    });
  }

  private async findFiles(roots: readonly Root[]): Promise<FoundFiles<Root> | undefined> {
    const found = await withLateProgress(l10n.t('Looking for files…'), (report, signal) =>
      findSourceFiles(roots, {
        signal,
        onFound: (folder, n) => {
          report(l10n.t('Scanning {folder}… {n} files', { folder, n: formatCount(n, language) }));
        },
      }),
    );
    if (found === undefined) return undefined;
    if (found.links.length > 0) tellLinks(found.links);
    const left = `excluded=${found.excluded} links=${found.links.length}`;
    this.logger.info(
      `found ${found.files.length} files, ${left} emptyFolders=${found.emptyFolders} unreadable=${found.failures.length}`,
    );
    if (found.files.length > 0 || found.failures.length > 0) return found;
    void tellEmpty(roots);
    return undefined;
  }
}

/** What is excluded is the user's to change. */
async function tellEmpty(roots: readonly Root[]): Promise<void> {
  const name = someOf(roots.map(({ path }) => fileName(path)));
  const open = l10n.t('Open Settings');
  const text = l10n.t('There is no file in {name}: it is empty, or all of it is excluded.', {
    name,
  });
  if ((await vscode.window.showInformationMessage(plainText(text), open)) !== open) return;
  await vscode.commands.executeCommand('workbench.action.openSettings', 'ossUpload.exclude');
}

function namesInside(
  chosenPath: string,
  folder: string,
  { prefix }: Destination,
  { names }: UploadCall,
): string | undefined {
  if (names === 'contents') return chosenPath;
  // The prefix may say already where in its workspace folder a file lies.
  const isInPrefix = folder === '' || prefix.includes('${relativeDir}');
  return names === 'paths' && !isInPrefix ? folder : undefined;
}

/** Where files of these go, without doubles. */
function placesOf(roots: readonly Root[]): readonly string[] {
  const places = roots.map(({ destination, prefix }) =>
    ossPath({ bucket: destination.bucket, key: prefix }),
  );
  return [...new Set(places)];
}

function ifExistsOf({ options, isOfModel }: UploadCall, setting: IfExists): IfExists {
  const wanted = options.ifExists ?? setting;
  const replaces = wanted === 'overwrite' || wanted === 'skipIdentical';
  return isOfModel === true && replaces ? 'ask' : wanted;
}

/** The plan for requests of which it is settled what becomes of objects that exist. */
export function planOf(
  requests: readonly UploadRequest[],
  { requests: sent, unchanged }: ResolvedConflicts,
  failures: readonly UploadError[] = [],
): UploadPlan {
  return {
    requests: RequestList.of(sent),
    failures,
    leftOut: sent.length === 0 ? requests : [],
    skipped: requests.length - sent.length - unchanged.length,
    unchanged: unchanged.length,
  };
}

function requestsOf(files: readonly FoundFile<Root>[]): {
  readonly requests: readonly PlannedRequest[];
  readonly failures: readonly UploadError[];
} {
  const requests: PlannedRequest[] = [];
  const failures: UploadError[] = [];
  for (const { name, ...file } of files) {
    const { destination, prefix, options } = file.root;
    const request = { ...file, target: targetAt(destination, `${prefix}${name}`), options };
    const failure = refusalOf(request);
    if (failure === undefined) requests.push(request);
    else failures.push(failure);
  }
  return { requests: withDistinctKeys(requests), failures };
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

/** Links are not followed out of a folder, so that its files alone are what is sent. */
function tellLinks(links: readonly string[]): void {
  const facts = { names: someOf(links.map((link) => fileName(link))) };
  const text = counted(LINKS, links.length, { l10n: withFacts(l10n, facts), language });
  void vscode.window.showInformationMessage(plainText(text));
}

const LINKS: OneOrMany = [
  (l10n) =>
    l10n.t('{names} was left out: it is a link to a folder, or out of the folder that was chosen.'),
  (l10n) =>
    l10n.t(
      '{n} links were left out ({names}): they lead to folders, or out of the folder that was chosen.',
    ),
];

function isFolderAt(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function confirmMany(
  files: readonly { readonly sizeBytes?: number | undefined }[],
  excluded: number,
  place: string,
): Promise<boolean> {
  const sizeBytes = files.reduce((sum, file) => sum + (file.sizeBytes ?? 0), 0);
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
