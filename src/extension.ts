import * as path from 'node:path';
import * as vscode from 'vscode';

import type { OssAccount } from './account';
import { TransferManager, UploadError } from './engine/index';
import type { OpenStore, Transfers } from './engine/index';
import type { Oss } from './oss/index';
import { TRANSFER_COMMANDS } from './ui/editor/commandIds';
import { AGENT_TOOLS } from './ui/editor/agentToolNames';
import { registerCommands, resourceOf } from './ui/editor/commands';
import { CredentialsStore } from './ui/settings/credentialsStore';
import { DestinationMemory } from './ui/settings/destinationMemory';
import { OutputLog } from './ui/editor/log';
import type { LastUpload } from './ui/settings/lastUpload';
import { Settings } from './ui/settings/settings';
import { SetupContext } from './ui/settings/setupContext';
import { ToastPace } from './ui/editor/toastPace';
import type { FinishedActions } from './ui/actions/finishedActions';
import type { Links } from './ui/actions/links';
import type { Remedies, TransferActions } from './ui/actions/transferActions';
import { StatusBar } from './ui/show/statusBar';
import { isAboutCredentials, ownTransfers } from './ui/text/transferFacts';
import type { TransferCommands } from './ui/show/transferCommands';
import { dropTarget } from './ui/show/dropTarget';
import { TransfersView } from './ui/show/transfersView';
import { watchWalkthrough } from './ui/editor/walkthrough';

/** What shows uploads, and what is done with them. */
interface Display {
  readonly actions: TransferActions;
  readonly handlers: TransferCommands['handlers'];
  readonly links: Links;
  readonly last: LastUpload;
}

/** The engine that `deactivate` ends, which gets no argument to find it by. */
let running: Transfers | undefined;

/**
 * Builds every object once: here what a start of the editor needs, the rest when it is first asked
 * for. Nothing is read here but the list of checkpoints, and nothing of ali-oss is loaded before
 * the first question to OSS.
 */
export function activate(context: vscode.ExtensionContext): void {
  const own = <T extends vscode.Disposable>(disposable: T): T => {
    context.subscriptions.push(disposable);
    return disposable;
  };
  const log = own(new OutputLog('OSS Upload'));
  const settings = own(new Settings(log));
  const memory = new DestinationMemory(context.workspaceState, context.globalState, log);
  const credentials = own(new CredentialsStore(context.secrets, log));

  const openOss = once(async (): Promise<Oss> => {
    const { createOss } = await import('./oss/index');
    return own(
      createOss({
        route: () => {
          const route = settings.route();
          const bucketEndpoints = { ...memory.domains(route.endpoint), ...route.bucketEndpoints };
          return { ...route, bucketEndpoints };
        },
        credentials: (profile) => credentials.get(profile),
        isStrict: () => settings.isStrictAboutCertificates(),
        log,
      }),
    );
  });
  const openStore: OpenStore = async (target) => (await openOss()).openStore(target);
  const account = lazyAccount(async () => (await openOss()).account);

  const stateDir = path.join(context.globalStorageUri.fsPath, 'checkpoints');
  const checksumFolder = path.join(context.globalStorageUri.fsPath, 'checksums');
  const engine = { stateDir, openStore, logger: log, checksumFolder };
  const transfers = new TransferManager({ ...engine, limits: settings.forWindow() });
  running = transfers;
  own(
    settings.onDidChange(() => {
      transfers.setLimits(settings.forWindow());
    }),
  );

  const skipped = new Map<string, number>();
  const unchanged = new Map<string, number>();
  const setup = own(new SetupContext(settings, memory, credentials));
  const openHistory = once(async () => {
    const { openHistory } = await import('./ui/ask/onDemand');
    return openHistory(path.join(context.globalStorageUri.fsPath, 'history'), log);
  });
  const openFinished = once(async (): Promise<FinishedActions> => {
    const { FinishedCommands } = await import('./ui/ask/onDemand');
    const { links, last } = await openDisplay();
    const { upload } = await openQuestions();
    return new FinishedCommands(await openHistory(), transfers, links, upload, memory, last);
  });
  const dropped = dropTarget(async (data): Promise<void> =>
    (await openQuestions()).waysIn.drop(data),
  );
  const view = own(
    new TransfersView(transfers, setup, memory, dropped, async (redraw) => {
      const { TransfersTree } = await import('./ui/show/onDemand');
      return new TransfersTree(transfers, await openHistory(), redraw);
    }),
  );
  // Opened before anything can start, so that nothing that happens is missed.
  const openDisplay = once(async (): Promise<Display> => {
    settings.tellProblems();
    const {
      Completion,
      LastUpload,
      Links,
      ProgressNotification,
      ResumeList,
      TransferActions,
      TransferCommands,
      UploadLog,
      failureTexts,
    } = await import('./ui/show/onDemand');
    const { HistoryRecorder } = await import('./ui/ask/onDemand');
    const history = await openHistory();
    own(new HistoryRecorder(transfers, history, memory));
    const links = new Links(account, settings, log, async (longestSeconds) =>
      (await openFinished()).askLifetime(longestSeconds),
    );
    const pace = new ToastPace();
    const actions = new TransferActions(transfers, remedies, links, pace, log);
    own(new UploadLog(transfers, log));
    status.explain(failureTexts);
    const last = new LastUpload(context.globalState, history);
    const progress = own(new ProgressNotification(transfers, actions, pace));
    own(new Completion(transfers, actions, settings, last, progress, skipped, unchanged, log));
    const list = new ResumeList(transfers, actions, settings);
    const commands = [transfers, view, actions, links, list, last, openFinished] as const;
    const { handlers } = new TransferCommands(...commands);
    return { actions, handlers, links, last };
  });
  const openQuestions = once(async () => {
    const { actions } = await openDisplay();
    const {
      AgentTools,
      CleanUpCommand,
      Conflicts,
      CredentialsFlow,
      Destinations,
      DomainFlow,
      ReportFiles,
      ResumeFromOssCommand,
      RouteQuestion,
      UploadCommand,
      WaysIn,
      VerifyCommand,
      uploadHandler,
      verifyHandler,
    } = await import('./ui/ask/onDemand');
    const route = new RouteQuestion(settings, memory);
    const credentialsFlow = new CredentialsFlow(credentials, account, settings, route);
    const domains = new DomainFlow(settings, memory, account, log);
    const destinations = new Destinations(
      settings,
      memory,
      account,
      credentials,
      credentialsFlow,
      domains,
      route,
    );
    const conflicts = new Conflicts(openStore, actions, log, checksumFolder);
    const upload = new UploadCommand(
      transfers,
      account,
      settings,
      destinations,
      conflicts,
      actions,
      skipped,
      unchanged,
      log,
    );
    const comparing = { openStore, logger: log, checksumFolder };
    const reports = new ReportFiles(path.join(context.globalStorageUri.fsPath, 'reports'), log);
    const verify = new VerifyCommand(upload, actions, comparing, reports);
    return {
      credentialsFlow,
      destinations,
      domains,
      upload,
      handleUpload: uploadHandler(upload, false),
      handleUploadTo: uploadHandler(upload, true),
      waysIn: new WaysIn(upload, destinations),
      tools: new AgentTools(transfers, upload),
      handleUploadDiffering: uploadHandler(upload, false, { ifExists: 'skipIdentical' }),
      handleVerify: verifyHandler(verify),
      cleanUp: new CleanUpCommand(transfers, actions, destinations, comparing),
      resumeFromOss: new ResumeFromOssCommand(transfers, actions, destinations, settings, engine),
    };
  });
  const remedies: Remedies = {
    updateCredentials: async (profile) => (await openQuestions()).credentialsFlow.update(profile),
    useRegion: async ({ bucket }, region, filePath) =>
      (await openQuestions()).destinations.useRegion(bucket, region, vscode.Uri.file(filePath)),
    findDomains: async (target) => (await openQuestions()).domains.find(target),
    useDomain: async (target, address) => (await openQuestions()).domains.use(target, address),
    keepBoth: async (about) => (await openQuestions()).upload.keepBoth(about),
    chooseBucket: async (about) => (await openQuestions()).upload.sendElsewhere(about),
  };
  type Questions = Awaited<ReturnType<typeof openQuestions>>;
  const ask =
    (run: (questions: Questions, resource: vscode.Uri | undefined) => Promise<unknown>) =>
    async (argument: unknown) => {
      const resource = resourceOf(argument);
      const { actions } = await openDisplay();
      return actions.attempt(openQuestions().then((questions) => run(questions, resource)));
    };

  const status = own(
    new StatusBar(transfers, settings, async (ids) => {
      await openDisplay();
      await transfers.resume(ids);
    }),
  );
  const handlers = TRANSFER_COMMANDS.map((name) => [
    name,
    async (...args: unknown[]) => (await openDisplay()).handlers[name](...args),
  ]);
  own(registerCommands(Object.fromEntries(handlers) as Parameters<typeof registerCommands>[0]));
  own(
    registerCommands({
      upload: async (...args) => (await openQuestions()).handleUpload(...args),
      uploadTo: async (...args) => (await openQuestions()).handleUploadTo(...args),
      uploadContents: async (clicked) => (await openQuestions()).waysIn.uploadContents(clicked),
      uploadChanged: async (...args) => (await openQuestions()).waysIn.uploadChanged(args),
      uploadDiffering: async (...args) => (await openQuestions()).handleUploadDiffering(...args),
      verify: async (...args) => (await openQuestions()).handleVerify(...args),
      setCredentials: ask(async ({ credentialsFlow }, resource) =>
        resumeAfter(await credentialsFlow.setCommand(resource), transfers),
      ),
      removeCredentials: ask(({ credentialsFlow }, resource) =>
        credentialsFlow.removeCommand(resource),
      ),
      selectDestination: ask(({ destinations }, resource) => destinations.selectCommand(resource)),
      cleanUp: ask(({ cleanUp }, resource) => cleanUp.run(resource)),
      resumeFromOss: ask(({ resumeFromOss }, resource) => resumeFromOss.run(resource)),
      showTransfers: () => view.show(),
      showLog: () => {
        log.show();
      },
    }),
  );
  for (const name of AGENT_TOOLS) {
    own(
      vscode.lm.registerTool<unknown>(name, {
        prepareInvocation: async ({ input }, token) =>
          (await openQuestions()).tools.prepare(name, input, token),
        invoke: async ({ input }, token) => (await openQuestions()).tools.run(name, input, token),
      }),
    );
  }
  own(
    vscode.window.onDidChangeWindowState(({ focused }) => {
      // The user often comes back to the window and to the network at once.
      if (focused) transfers.retryNow();
    }),
  );
  own(watchWalkthrough());
  // What is found damaged at start-up is told, too.
  own(transfers.onNotice(() => void openDisplay()));
  startUp(transfers, status, openDisplay).catch(async (error: unknown) => {
    (await openDisplay()).actions.tell(UploadError.from(error));
  });
}

/** Looks what earlier windows left behind, and goes on with what needs no answer of the user. */
async function startUp(
  transfers: Transfers,
  status: StatusBar,
  openDisplay: () => Promise<unknown>,
): Promise<void> {
  await transfers.refresh();
  const isDiscarding = ownTransfers(transfers.snapshot()).some(
    ({ state }) => state === 'discarding',
  );
  if (isDiscarding) {
    // What an earlier window could not discard goes now; what is left of it is told.
    await openDisplay();
    transfers.retryNow();
  }
  await status.startUp();
}

/** Stops the uploads and keeps what they have: the next window goes on from there. */
export async function deactivate(): Promise<void> {
  await running?.shutdown();
  running = undefined;
}

/** The uploads that waited for the credentials of a profile go on; undefined: none were given. */
async function resumeAfter(profile: string | undefined, transfers: Transfers): Promise<void> {
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

/** An account that is opened by the first question, so that asking none costs nothing. */
function lazyAccount(open: () => Promise<OssAccount>): OssAccount {
  type Questions = Record<PropertyKey, (...args: unknown[]) => Promise<unknown>>;
  const ask: ProxyHandler<OssAccount> = {
    get:
      (_, name) =>
      async (...args: unknown[]) =>
        ((await open()) as unknown as Questions)[name]?.(...args),
  };
  return new Proxy({} as OssAccount, ask);
}
