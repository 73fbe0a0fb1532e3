import * as vscode from 'vscode';

import type { CredentialsSource, FoundCredentials, OssAccount } from '../account/ports';
import { UploadError, isAbortError } from '../engine/index';
import type { CredentialsStore } from './credentialsStore';
import { describeError } from './messages';
import { accessKeyIdProblem, profileProblem, secretProblem } from './keyNames';
import type { Rule } from './keyNames';
import { alone, askPick, askText, runSteps } from './multiStep';
import type { Answer, Place, Step, StepResult } from './multiStep';
import { maskAccessKeyId } from './redact';
import { ruleText } from './ruleTexts';
import { initialSetup } from './setupState';
import type { SetupState } from './setupState';

const { l10n } = vscode;

/** Sets and removes credentials, and asks for them when an upload has none. */
export class CredentialsFlow {
  constructor(
    private readonly store: CredentialsStore,
    private readonly account: OssAccount,
  ) {}

  /** The questions that end with checked credentials in `state.access`. */
  async steps(): Promise<readonly Step<SetupState>[]> {
    // What cannot be looked for is not offered; a new key can still be typed.
    const found = await this.account.findCredentials().catch(() => []);
    const isTyped = (state: SetupState): boolean => found.length === 0 || state.isKeyTyped;
    return [
      {
        applies: () => found.length > 0,
        ask: (state, place) => this.askFound(state, place, found),
      },
      { applies: isTyped, ask: askAccessKeyId },
      { applies: isTyped, ask: askSecret },
      { applies: isTyped, ask: (state, place) => this.askToken(state, place) },
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

  /** The command: picks a profile where there are some, then asks. Resolves with the profile. */
  async setCommand(): Promise<string | undefined> {
    const profile = await this.askProfile();
    if (profile === undefined || !(await this.update(profile))) return undefined;
    const source = await this.store.get(profile);
    if (source !== undefined) {
      vscode.window.setStatusBarMessage(
        l10n.t('OSS uses {credentials}.', { credentials: sourceLabel(source) }),
        5000,
      );
    }
    return profile;
  }

  /** The command: forgets the credentials of the chosen profile. */
  async removeCommand(): Promise<void> {
    const profiles = await this.store.profiles();
    if (profiles.length === 0) {
      void vscode.window.showInformationMessage(l10n.t('No credentials are stored.'));
      return;
    }
    const answer = await askPick({
      place: alone(l10n.t('Remove Credentials')),
      placeholder: l10n.t('Choose the credentials to remove'),
      choices: await this.profileChoices(profiles),
    });
    if (answer.kind !== 'value') return;
    await this.store.remove(answer.value);
    void vscode.window.showInformationMessage(
      l10n.t('Credentials removed. Unfinished uploads keep their progress.'),
    );
  }

  private async askProfile(): Promise<string | undefined> {
    const profiles = await this.store.profiles();
    if (profiles.length === 0) return '';
    const other = Symbol('other');
    const answer = await askPick<string | typeof other>({
      place: alone(l10n.t('Set Credentials')),
      placeholder: l10n.t('Choose the credentials to replace, or add others'),
      choices: [
        ...(await this.profileChoices([...new Set(['', ...profiles])])),
        { label: `$(add) ${l10n.t('Add credentials under another name...')}`, value: other },
      ],
    });
    if (answer.kind !== 'value') return undefined;
    if (answer.value !== other) return answer.value;
    const name = await askText({
      place: alone(l10n.t('Set Credentials')),
      prompt: l10n.t('Name of the credentials, for the setting ossUpload.profile'),
      value: '',
      validate: by(profileProblem),
    });
    return name.kind === 'value' ? name.value : undefined;
  }

  /** Rows that show which credentials each profile uses. */
  private async profileChoices(
    profiles: readonly string[],
  ): Promise<{ label: string; description: string; value: string }[]> {
    const inUse = vscode.workspace.getConfiguration('ossUpload').get<string>('profile', '');
    return Promise.all(
      profiles.map(async (profile) => {
        const source = await this.store.get(profile);
        const held = source === undefined ? l10n.t('not set') : sourceLabel(source);
        return {
          label: `$(key) ${profile === '' ? l10n.t('Default') : profile}`,
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
  ): Promise<StepResult<SetupState>> {
    const answer = await askPick<FoundCredentials | undefined>({
      place,
      placeholder: l10n.t('Choose the credentials for OSS'),
      choices: [
        ...found.map((credentials) => ({
          label: `$(key) ${foundLabel(credentials)}`,
          value: credentials,
        })),
        { label: `$(add) ${l10n.t('Enter new...')}`, value: undefined },
      ],
      check: async (chosen, signal) =>
        chosen === undefined ? undefined : this.problemOf(chosen.source, signal),
    });
    return withAnswer(answer, (chosen) => ({
      ...state,
      isKeyTyped: chosen === undefined,
      access: chosen === undefined ? { profile: state.profile } : { source: chosen.source },
    }));
  }

  private async askToken(state: SetupState, place: Place): Promise<StepResult<SetupState>> {
    const sourceOf = (token: string): CredentialsSource => ({
      kind: 'accessKey',
      key: {
        accessKeyId: state.accessKeyId,
        accessKeySecret: state.secret,
        ...(token === '' ? {} : { securityToken: token }),
      },
    });
    const answer = await askText({
      place,
      prompt: l10n.t('STS token (optional, Enter to skip)'),
      value: '',
      isSecret: true,
      validate: (token) => (token === '' ? undefined : by(secretProblem)(token)),
      check: (token, signal) => this.problemOf(sourceOf(token), signal),
    });
    return withAnswer(answer, (token) => ({ ...state, access: { source: sourceOf(token) } }));
  }

  /** What is wrong with credentials, as a sentence; undefined when OSS accepts them. */
  private async problemOf(
    source: CredentialsSource,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    try {
      await this.account.checkCredentials({ source }, { signal });
      return undefined;
    } catch (error) {
      // Who may not list may still upload: the key itself was accepted.
      if (UploadError.is(error, 'accessDenied') || isAbortError(error)) return undefined;
      const failure = UploadError.from(error);
      if (failure.kind === 'credentials') {
        return l10n.t(
          'OSS does not accept this key ({code}). Go back and check the ID and the secret.',
          {
            code: failure.code,
          },
        );
      }
      return describeError(failure, {}, { l10n, language: vscode.env.language }).text;
    }
  }
}

/** Which credentials these are, without a secret. */
export function sourceLabel(source: CredentialsSource): string {
  switch (source.kind) {
    case 'accessKey':
      return maskAccessKeyId(source.key.accessKeyId);
    case 'environment':
      return l10n.t('credentials from environment');
    case 'ossutil':
      return l10n.t('credentials from {file}', { file: '~/.ossutilconfig' });
    case 'aliyun':
      return l10n.t('credentials from {file}', { file: '~/.aliyun/config.json' });
    case 'ecsRamRole':
      return l10n.t('RAM role of this ECS instance');
    case 'uri':
      return l10n.t('credentials from {file}', { file: 'ALIBABA_CLOUD_CREDENTIALS_URI' });
    case 'oidc':
      return l10n.t('credentials of an OIDC provider');
  }
}

function foundLabel(found: FoundCredentials): string {
  const detail = found.maskedId !== '' ? found.maskedId : sourceDetail(found.source);
  const credentials = sourceLabel(found.source);
  return detail === ''
    ? l10n.t('Use {credentials}', { credentials })
    : l10n.t('Use {credentials} ({id})', { credentials, id: detail });
}

function sourceDetail(source: CredentialsSource): string {
  switch (source.kind) {
    case 'ossutil':
      return source.section;
    case 'aliyun':
      return source.profile;
    case 'ecsRamRole':
      return source.role;
    case 'accessKey':
    case 'environment':
    case 'uri':
    case 'oidc':
      return '';
  }
}

async function askAccessKeyId(state: SetupState, place: Place): Promise<StepResult<SetupState>> {
  const answer = await askText({
    place,
    prompt: l10n.t('AccessKey ID'),
    placeholder: 'LTAI…',
    value: state.accessKeyId,
    validate: by(accessKeyIdProblem),
  });
  return withAnswer(answer, (accessKeyId) => ({ ...state, accessKeyId }));
}

async function askSecret(state: SetupState, place: Place): Promise<StepResult<SetupState>> {
  const answer = await askText({
    place,
    prompt: l10n.t('AccessKey Secret'),
    value: state.secret,
    isSecret: true,
    validate: by(secretProblem),
  });
  return withAnswer(answer, (secret) => ({ ...state, secret }));
}

/** An answer as the result of a step that has no buttons. */
function withAnswer<T>(answer: Answer<T>, next: (value: T) => SetupState): StepResult<SetupState> {
  if (answer.kind === 'value') return { state: next(answer.value) };
  return answer.kind === 'back' ? 'back' : 'cancel';
}

/** A rule as the text of a box. */
function by(problem: (text: string) => Rule | undefined): (text: string) => string | undefined {
  return (text) => {
    const rule = problem(text);
    return rule === undefined ? undefined : ruleText(rule);
  };
}
