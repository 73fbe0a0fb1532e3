import * as vscode from 'vscode';

import type {
  Access,
  BucketSummary,
  CredentialsSource,
  FoundCredentials,
  OssAccount,
} from '../../../account';
import { UploadError, isAbortError } from '../../../engine/index';
import type { CredentialsStore } from '../../settings/credentialsStore';
import type { Settings } from '../../settings/settings';
import { l10n, sentenceOf } from '../../editor/editorWords';
import type { RouteQuestion } from './routeQuestion';
import { foundLabel, isProblem, problemText, sourceLabel } from './credentialTexts';
import {
  accessKeyIdProblem,
  profileProblem,
  secretProblem,
  tokenProblem,
} from '../../text/keyNames';
import { refusedKeyText } from '../../text/messages';
import { ruleText } from '../../text/rules';
import { alone, askPick, askText, mapAnswer, pick, placeOf, runSteps } from '../../editor/boxes';
import type { Answer, Choice, Place, Step, StepAnswer } from '../../editor/boxes';

/** What a series of questions has learnt so far, about credentials and destination. */
export interface SetupState {
  readonly profile: string;
  /** Credentials to look with: those of the profile, or new ones that are not stored yet. */
  readonly access: Access;
  /** A key is typed rather than taken from this machine. */
  readonly isKeyTyped: boolean;
  readonly accessKeyId: string;
  readonly secret: string;
  /** Why OSS refused the secret; '' when it did not. */
  readonly secretProblem: string;
  readonly bucket: BucketSummary | undefined;
  /** As written, with variables. */
  readonly prefix: string;
  /** Write the destination to the settings of the workspace. */
  readonly isForSettings: boolean;
}

/** The state before the first question. */
export function initialSetup(profile: string, prefix: string): SetupState {
  return {
    profile,
    access: { profile },
    isKeyTyped: false,
    accessKeyId: '',
    secret: '',
    secretProblem: '',
    bucket: undefined,
    prefix,
    isForSettings: false,
  };
}

/** Sets and removes credentials, and asks for them when an upload has none. */
export class CredentialsFlow {
  constructor(
    private readonly store: CredentialsStore,
    private readonly account: OssAccount,
    private readonly settings: Settings,
    private readonly route: RouteQuestion,
  ) {}

  /** The questions that end with checked credentials in `state.access`. */
  async steps(): Promise<readonly Step<SetupState>[]> {
    // What cannot be looked for is not offered; a new key can still be typed.
    const found = await this.account.findCredentials().catch(() => []);
    const isTyped = (state: SetupState): boolean => found.length === 0 || state.isKeyTyped;
    return [
      this.route.step(),
      {
        applies: () => found.length > 0,
        ask: (state, place) => this.askFound(state, place, found),
      },
      {
        applies: isTyped,
        ask: async (state, place) => {
          const prompt = l10n.t('AccessKey ID');
          const at = placeOf(prompt, place);
          const value = state.accessKeyId;
          const problem = accessKeyIdProblem;
          const answer = await askText({ place: at, prompt, placeholder: 'LTAI…', value, problem });
          return mapAnswer(answer, (accessKeyId) => ({ ...state, accessKeyId }));
        },
      },
      { applies: isTyped, ask: (state, place) => this.askSecret(state, place) },
      {
        // No other key has a token: what is asked of few is not asked of all.
        applies: (state) => isTyped(state) && isTemporary(state),
        ask: (state, place) => this.askToken(state, place),
      },
    ];
  }

  /** Stores what the questions ended with, and says so where it cannot be kept. */
  async save(state: SetupState): Promise<void> {
    if (!('source' in state.access)) return;
    const isKept = await this.store.set(state.profile, state.access.source);
    if (isKept) return;
    void vscode.window.showWarningMessage(
      l10n.t(
        'This computer has no keyring for credentials: they are used until this window closes. To keep them, set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET in the environment.',
      ),
    );
  }

  /** Asks for new credentials of a profile. False when the user left. */
  async update(profile: string): Promise<boolean> {
    const title = l10n.t('Set Credentials');
    const state = await runSteps(title, initialSetup(profile, ''), await this.steps());
    if (state === undefined) return false;
    await this.save(state);
    return true;
  }

  /**
   * The command: picks a profile where there are some, else takes the one that the resource uses;
   * then asks. Resolves with the profile.
   */
  async setCommand(resource: vscode.Uri | undefined): Promise<string | undefined> {
    const inUse = this.profileOf(resource);
    const profile = await this.askProfile(inUse);
    if (profile === undefined || !(await this.update(profile))) return undefined;
    const source = await this.store.get(profile);
    if (source !== undefined) {
      const facts = { name: nameOf(profile), credentials: sourceLabel(source, l10n) };
      const text =
        profile === inUse
          ? l10n.t('OSS uses {credentials}.', facts)
          : l10n.t('Credentials "{name}" set: {credentials}.', facts);
      vscode.window.setStatusBarMessage(text, 5000);
    }
    return profile;
  }

  /** The command: forgets the credentials of the chosen profile. */
  async removeCommand(resource: vscode.Uri | undefined): Promise<void> {
    const profiles = await this.store.profiles();
    if (profiles.length === 0) {
      void vscode.window.showInformationMessage(l10n.t('No credentials are stored.'));
      return;
    }
    const profile = await pick(
      l10n.t('Remove Credentials'),
      l10n.t('Choose the credentials to remove'),
      await this.profileChoices(profiles, this.profileOf(resource)),
    );
    if (profile === undefined) return;
    await this.store.remove(profile);
    void vscode.window.showInformationMessage(
      l10n.t('Credentials "{name}" removed. Unfinished uploads keep their progress.', {
        name: nameOf(profile),
      }),
    );
  }

  private profileOf(resource: vscode.Uri | undefined): string {
    return this.settings.forResource(resource).profile;
  }

  private async askProfile(inUse: string): Promise<string | undefined> {
    const stored = await this.store.profiles();
    if (stored.length === 0) return inUse;
    // What is stored under another name would not be used.
    const profiles = [...new Set([inUse, '', ...stored])];
    const title = l10n.t('Set Credentials');
    const answer = await askPick<string | undefined>({
      place: alone(title),
      placeholder: l10n.t('Choose the credentials to replace, or add others'),
      choices: [
        ...(await this.profileChoices(profiles, inUse)),
        {
          label: `$(add) ${l10n.t('Add credentials under another name...')}`,
          value: undefined,
        },
      ],
      typed: (name) =>
        profiles.includes(name)
          ? undefined
          : { label: `$(add) ${l10n.t('Add credentials "{name}"', { name })}`, value: name },
      check: (name) => {
        const rule = name === undefined || name === '' ? undefined : profileProblem(name);
        return Promise.resolve(rule && ruleText(rule, l10n));
      },
    });
    if (answer.kind !== 'value') return undefined;
    if (answer.value !== undefined) return answer.value;
    const name = await askText({
      place: placeOf(l10n.t('Name'), alone(title)),
      prompt: l10n.t('Name of the credentials, for the setting ossUpload.profile'),
      problem: profileProblem,
    });
    return name.kind === 'value' ? name.value : undefined;
  }

  /** Rows that show which credentials each profile uses. */
  private async profileChoices(
    profiles: readonly string[],
    inUse: string,
  ): Promise<Choice<string>[]> {
    return Promise.all(
      profiles.map(async (profile) => {
        const source = await this.store.get(profile);
        const held = source === undefined ? l10n.t('not set') : sourceLabel(source, l10n);
        return {
          label: `$(key) ${nameOf(profile)}`,
          description:
            profile === inUse ? l10n.t('{credentials} (in use)', { credentials: held }) : held,
          value: profile,
        };
      }),
    );
  }

  private async askFound(
    state: SetupState,
    place: Place,
    found: readonly FoundCredentials[],
  ): Promise<Answer<SetupState>> {
    const answer = await askPick<FoundCredentials | undefined>({
      place: placeOf(l10n.t('Credentials'), place),
      placeholder: l10n.t('Choose the credentials for OSS'),
      choices: [
        ...found
          .toSorted((left, right) => Number(isUnusable(left)) - Number(isUnusable(right)))
          .map((credentials) => foundChoice(credentials)),
        { label: `$(add) ${l10n.t('Enter new...')}`, value: undefined },
      ],
      check: async (chosen, signal) => {
        if (chosen?.problem !== undefined) return problemText(chosen.problem, l10n);
        if (chosen === undefined) return undefined;
        if (!(await mayRun(chosen.program))) return l10n.t('The program was not run.');
        return this.problemOf(allowed(chosen), signal);
      },
    });
    return mapAnswer(answer, (chosen) => ({
      ...state,
      isKeyTyped: chosen === undefined,
      access: chosen === undefined ? { profile: state.profile } : { source: allowed(chosen) },
    }));
  }

  private async askSecret(state: SetupState, place: Place): Promise<Answer<SetupState>> {
    const prompt = l10n.t('AccessKey Secret');
    const sourceOf = (secret: string): CredentialsSource => ({
      kind: 'accessKey',
      key: { accessKeyId: state.accessKeyId, accessKeySecret: secret },
    });
    const answer = await askText({
      place: placeOf(prompt, place),
      prompt,
      value: state.secret,
      wrong: state.secretProblem === '' ? undefined : state.secretProblem,
      isSecret: true,
      problem: secretProblem,
      // A temporary key is refused without its token, whatever its secret.
      check: async (secret, signal) =>
        isTemporary(state) ? undefined : this.problemOf(sourceOf(secret), signal),
    });
    return mapAnswer(answer, (secret) => ({
      ...state,
      secret,
      secretProblem: '',
      access: { source: sourceOf(secret) },
    }));
  }

  private async askToken(state: SetupState, place: Place): Promise<StepAnswer<SetupState>> {
    const prompt = l10n.t('STS token');
    const sourceOf = (securityToken: string): CredentialsSource => ({
      kind: 'accessKey',
      key: { accessKeyId: state.accessKeyId, accessKeySecret: state.secret, securityToken },
    });
    let secretProblem = '';
    const answer = await askText({
      place: placeOf(prompt, place),
      prompt,
      isSecret: true,
      problem: (token) => tokenProblem(token, state.accessKeyId),
      check: async (token, signal) => {
        const refusal = await this.refusalOf(sourceOf(token), signal);
        // The signature is made of the secret alone: that box tells it.
        if (refusal?.code === 'SignatureDoesNotMatch') secretProblem = refusal.text;
        return secretProblem === '' ? refusal?.text : undefined;
      },
    });
    if (secretProblem !== '') return { kind: 'before', state: { ...state, secretProblem } };
    return mapAnswer(answer, (token) => ({ ...state, access: { source: sourceOf(token) } }));
  }

  /** What is wrong with credentials, as a sentence; undefined when OSS accepts them. */
  private async problemOf(
    source: CredentialsSource,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    return (await this.refusalOf(source, signal))?.text;
  }

  /** The same with the code of the failure. */
  private async refusalOf(
    source: CredentialsSource,
    signal: AbortSignal,
  ): Promise<{ readonly code: string; readonly text: string } | undefined> {
    try {
      await this.account.checkCredentials({ source }, { signal });
      return undefined;
    } catch (error) {
      // The key itself was accepted: without permission to list it may still upload.
      if (UploadError.is(error, 'accessDenied') || isAbortError(error)) return undefined;
      const refusal = UploadError.from(error);
      const { code, field = '' } = refusal;
      if (isProblem(code)) return { code, text: problemText({ code, subject: field }, l10n) };
      const isOfKey = UploadError.is(error, 'credentials');
      return { code, text: isOfKey ? refusedKeyText(refusal, l10n) : sentenceOf(error) };
    }
  }
}

function nameOf(profile: string): string {
  return profile === '' ? l10n.t('Default') : profile;
}

/** A key of STS, which is used together with its token. */
function isTemporary({ accessKeyId }: SetupState): boolean {
  return accessKeyId.startsWith('STS.');
}

function isUnusable({ problem }: FoundCredentials): boolean {
  return problem !== undefined;
}

/** Shows the whole command line of a program; true where none is run. */
async function mayRun(program: string): Promise<boolean> {
  if (program === '') return true;
  const run = l10n.t('Run Program');
  const question = l10n.t('This profile gets its key from a program. Run it on this computer?');
  const options = { modal: true, detail: program };
  return (await vscode.window.showWarningMessage(question, options, run)) === run;
}

/** The yes is kept with the source, for this command line alone. */
function allowed({ source, program }: FoundCredentials): CredentialsSource {
  const isOfProgram = program !== '' && (source.kind === 'aliyun' || source.kind === 'ossutil');
  return isOfProgram ? { ...source, program } : source;
}

function foundChoice(found: FoundCredentials): Choice<FoundCredentials> {
  const { problem, program } = found;
  if (problem !== undefined) {
    const label = `$(circle-slash) ${foundLabel(found, l10n)}`;
    return { label, detail: problemText(problem, l10n), value: found };
  }
  const icon = program === '' ? '$(key)' : '$(terminal)';
  return { label: `${icon} ${foundLabel(found, l10n)}`, value: found };
}
