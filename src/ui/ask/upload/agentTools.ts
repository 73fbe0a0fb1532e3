import * as vscode from 'vscode';

import type { Transfers } from '../../../engine/index';
import type { AgentToolName } from '../../editor/agentToolNames';
import { l10n, language, words } from '../../editor/editorWords';
import { counted, formatBytes, formatCount } from '../../text/format';
import { withFacts } from '../../text/words';
import type { OneOrMany } from '../../text/words';
import {
  assertInWorkspace,
  listAnswer,
  pathsInWorkspace,
  readUploadInput,
  uploadAnswer,
} from './agentToolsModel';
import type { UploadCommand } from './uploadCommand';
import type { Survey, UploadCall } from './uploadPlan';

/** So many files are named before the user says yes. */
const NAMED_FILES = 10;

const UPLOADING: OneOrMany = [
  (l10n) => l10n.t('Uploading 1 file to OSS'),
  (l10n) => l10n.t('Uploading {n} files to OSS'),
];
const MAY_UPLOAD: OneOrMany = [
  (l10n) => l10n.t('Upload 1 file to OSS?'),
  (l10n) => l10n.t('Upload {n} files to OSS?'),
];
const WHAT: OneOrMany = [
  (l10n) => l10n.t('1 file, {size}, to {place}'),
  (l10n) => l10n.t('{n} files, {size}, to {place}'),
];

/**
 * The tools that a language model in the editor may call: one uploads files of the workspace after
 * the user has confirmed which, how much and where to; the other only lists. Errors are for the model.
 */
export class AgentTools {
  constructor(
    private readonly transfers: Transfers,
    private readonly command: UploadCommand,
  ) {}

  /** What the user sees before a tool runs; for an upload, what has to be confirmed. */
  async prepare(
    name: AgentToolName,
    input: unknown,
    token: vscode.CancellationToken,
  ): Promise<vscode.PreparedToolInvocation> {
    if (name === 'list_oss_uploads') {
      return { invocationMessage: l10n.t('Looking at the uploads to OSS') };
    }
    const { survey } = await this.read(input, token);
    const n = survey.files.length;
    return {
      invocationMessage: counted(UPLOADING, n, words),
      confirmationMessages: {
        title: counted(MAY_UPLOAD, n, words),
        message: confirmation(survey),
      },
    };
  }

  /** Runs a tool. The result is JSON. */
  async run(
    name: AgentToolName,
    input: unknown,
    token: vscode.CancellationToken,
  ): Promise<vscode.LanguageModelToolResult> {
    if (name === 'list_oss_uploads') {
      await this.transfers.refresh();
      return resultOf(listAnswer(this.transfers.snapshot()));
    }
    // Looked at again: files may have changed since the user said yes.
    const { uris, call } = await this.read(input, token);
    return resultOf(uploadAnswer(await this.command.upload(uris, call)));
  }

  private async read(
    input: unknown,
    token: vscode.CancellationToken,
  ): Promise<{
    readonly uris: readonly vscode.Uri[];
    readonly call: UploadCall;
    readonly survey: Survey;
  }> {
    const { paths, folder } = readUploadInput(input);
    const folders = (vscode.workspace.workspaceFolders ?? [])
      .filter(({ uri }) => uri.scheme === 'file')
      .map(({ uri }) => uri.fsPath);
    const uris = (await pathsInWorkspace(paths, folders)).map((one) => vscode.Uri.file(one));
    const options = folder === undefined ? {} : { prefix: folder };
    const call: UploadCall = { options, isElsewhere: false, isOfModel: true };
    const survey = await this.command.survey(uris, call, signalOf(token));
    if (survey.files.length === 0) throw new Error('There is no file to upload at these paths.');
    await assertInWorkspace(
      survey.files.map(({ filePath }) => filePath),
      folders,
    );
    return { uris, call, survey };
  }
}

/** Which files, how many, how much and where to. Names may hold anything, so they are not Markdown. */
function confirmation({ files, places }: Survey): vscode.MarkdownString {
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  const message = new vscode.MarkdownString();
  const facts = {
    size: formatBytes(sizeBytes, language),
    place: places.length === 0 ? l10n.t('a place you choose next') : places.join(', '),
  };
  message.appendText(counted(WHAT, files.length, { l10n: withFacts(l10n, facts), language }));
  message.appendMarkdown('\n\n');
  for (const { filePath } of files.slice(0, NAMED_FILES)) {
    message.appendMarkdown('- ').appendText(vscode.workspace.asRelativePath(filePath));
    message.appendMarkdown('\n');
  }
  const more = files.length - NAMED_FILES;
  if (more > 0) {
    message.appendMarkdown('- ');
    message.appendText(l10n.t('and {n} more', { n: formatCount(more, language) }));
  }
  return message;
}

function resultOf(json: string): vscode.LanguageModelToolResult {
  return new vscode.LanguageModelToolResult([new vscode.LanguageModelTextPart(json)]);
}

function signalOf(token: vscode.CancellationToken): AbortSignal {
  const cancelling = new AbortController();
  if (token.isCancellationRequested) cancelling.abort();
  token.onCancellationRequested(() => {
    cancelling.abort();
  });
  return cancelling.signal;
}
