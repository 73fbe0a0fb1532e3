import * as path from 'node:path';
import * as vscode from 'vscode';

import { lazyAccount } from './account/lazyAccount';
import { TransferManager, adoptUpload } from './engine/index';
import type { OpenStore, Transfers } from './engine/index';
import type { Oss } from './oss/index';
import { CleanUpCommand } from './ui/cleanUpCommand';
import { registerCommands, resourceOf, uploadHandler } from './ui/commands';
import { Completion } from './ui/completion';
import { Conflicts } from './ui/conflicts';
import { CredentialsFlow } from './ui/credentialsFlow';
import { CredentialsStore } from './ui/credentialsStore';
import { Destinations } from './ui/destination';
import { DestinationMemory } from './ui/destinationMemory';
import { Links } from './ui/links';
import { OutputLog } from './ui/log';
import { ProgressNotification } from './ui/progressNotification';
import { ResumeFromOssCommand } from './ui/resumeFromOssCommand';
import { ResumePrompt } from './ui/resumePrompt';
import { Settings } from './ui/settings';
import { SetupContext } from './ui/setupContext';
import { TransferActions } from './ui/transferActions';
import type { Remedies } from './ui/transferActions';
import { TransferCommands } from './ui/transferCommands';
import { isAboutCredentials, ownTransfers } from './ui/transferFacts';
import { TransfersView } from './ui/transfersView';
import { UploadCommand } from './ui/uploadCommand';
import { UploadLog } from './ui/uploadLog';

/** Ended by `deactivate`, which gets no argument to find it by. */
let running: Transfers | undefined;

/**
 * Builds every object once. Nothing is read here but the list of checkpoints, and nothing of
 * ali-oss is loaded before the first question to OSS.
 */
export function activate(context: vscode.ExtensionContext): void {
  const own = <T extends vscode.Disposable>(disposable: T): T => {
    context.subscriptions.push(disposable);
    return disposable;
  };
  const log = own(new OutputLog('OSS Upload'));
  const settings = own(new Settings(log));
  const memory = new DestinationMemory(context.workspaceState, context.globalState);
  const credentials = own(new CredentialsStore(context.secrets, log));

  const openOss = once(async (): Promise<Oss> => {
    const { createOss } = await import('./oss/index');
    return own(
      createOss({
        endpoint: () => settings.forWindow().endpoint,
        credentials: (profile) => credentials.get(profile),
        log,
      }),
    );
  });
  const openStore: OpenStore = async (target) => (await openOss()).openStore(target);
  const account = lazyAccount(async () => (await openOss()).account);

  const stateDir = path.join(context.globalStorageUri.fsPath, 'checkpoints');
  const engine = { stateDir, openStore, logger: log };
  const transfers = new TransferManager({ ...engine, limits: settings.forWindow() });
  running = transfers;
  own(
    settings.onDidChange(() => {
      transfers.setLimits(settings.forWindow());
    }),
  );

  const credentialsFlow = new CredentialsFlow(credentials, account);
  const destinations = own(
    new Destinations(settings, memory, account, credentials, credentialsFlow),
  );
  own(new SetupContext(destinations, memory, credentials, settings));
  const remedies: Remedies = {
    updateCredentials: (profile) => credentialsFlow.update(profile),
    useRegion: ({ bucket }, region, filePath) =>
      destinations.useRegion(bucket, region, vscode.Uri.file(filePath)),
    chooseBucket: (about) => upload.sendElsewhere(about),
  };
  const links = new Links(account, settings, log);
  const actions = new TransferActions(transfers, remedies, links, log);
  const conflicts = new Conflicts(openStore, log);
  const upload = new UploadCommand(
    transfers,
    account,
    settings,
    destinations,
    conflicts,
    actions,
    log,
  );
  const cleanUp = new CleanUpCommand(transfers, destinations, openStore, log);
  const resumeFromOss = new ResumeFromOssCommand(
    transfers,
    actions,
    destinations,
    settings,
    openStore,
    (request, uploadId, signal) => adoptUpload(engine, request, uploadId, signal),
  );

  own(new UploadLog(transfers, log));
  own(new ProgressNotification(transfers, actions));
  own(new Completion(transfers, actions, settings, log));
  const view = own(new TransfersView(transfers));
  own(new TransferCommands(transfers, view, actions, links));
  const prompt = own(new ResumePrompt(transfers, actions, settings));
  own(
    registerCommands({
      upload: uploadHandler(upload, false),
      uploadTo: uploadHandler(upload, true),
      setCredentials: () => actions.attempt(setCredentials(credentialsFlow, transfers)),
      removeCredentials: () => actions.attempt(credentialsFlow.removeCommand()),
      selectDestination: (resource) =>
        actions.attempt(destinations.selectCommand(resourceOf(resource))),
      cleanUp: (resource) => actions.attempt(cleanUp.run(resourceOf(resource))),
      resumeFromOss: (resource) => actions.attempt(resumeFromOss.run(resourceOf(resource))),
      showLog: () => {
        log.show();
      },
    }),
  );
  own(
    vscode.window.onDidChangeWindowState(({ focused }) => {
      // Who comes back to the window often comes back to the network, too.
      if (focused) transfers.retryNow();
    }),
  );
  void actions.attempt(
    transfers.refresh().then(() => {
      // What an earlier window could not discard goes now.
      transfers.retryNow();
      return prompt.startUp();
    }),
  );
}

/** Stops the uploads and keeps what they have: the next window goes on from there. */
export async function deactivate(): Promise<void> {
  await running?.shutdown();
  running = undefined;
}

/** New credentials, and the uploads that waited for them go on. */
async function setCredentials(flow: CredentialsFlow, transfers: Transfers): Promise<void> {
  const profile = await flow.setCommand();
  if (profile === undefined) return;
  const stuck = ownTransfers(transfers.snapshot()).filter(
    (transfer) => transfer.target.profile === profile && isAboutCredentials(transfer),
  );
  await transfers.resume(stuck.map((transfer) => transfer.id));
}

/** The same promise for all callers; a failed one is not kept, so that the next caller tries. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make().catch((error: unknown) => {
      made = undefined;
      throw error;
    });
    return made;
  };
}
