import * as vscode from 'vscode';

import type { OssAccount } from '../../../account';
import { UploadError } from '../../../engine/index';
import { initialSetup } from './credentialsFlow';
import type { CredentialsFlow } from './credentialsFlow';
import type { CredentialsStore } from '../../settings/credentialsStore';
import { DestinationFlow } from './destinationFlow';
import type { AskOptions } from './destinationFlow';
import type { DomainFlow } from './domainFlow';
import type { DestinationMemory } from '../../settings/destinationMemory';
import { l10n } from '../../editor/editorWords';
import { normalizePrefix } from '../../text/keyNames';
import { knownDestination } from '../../settings/knownDestination';
import type { Destination } from '../../settings/knownDestination';
import { pick, runSteps } from '../../editor/boxes';
import type { RouteQuestion } from './routeQuestion';
import type { Settings } from '../../settings/settings';

/** Finds out where uploads go: settings, then what was chosen before, then a question. */
export class Destinations {
  private readonly flow: DestinationFlow;

  constructor(
    private readonly settings: Settings,
    private readonly memory: DestinationMemory,
    private readonly account: OssAccount,
    private readonly credentials: CredentialsStore,
    private readonly credentialsFlow: CredentialsFlow,
    domains: DomainFlow,
    private readonly route: RouteQuestion,
  ) {
    this.flow = new DestinationFlow(account, domains, route);
  }

  /**
   * The destination for a file; asks for what is missing, credentials included, and first of all
   * whether requests may go there as the settings say. Undefined when the user left: then nothing is
   * stored. Rejects when the region of a known bucket cannot be found,
   * and with `invalidArgument` when a setting that is needed cannot be used.
   */
  async resolve(
    resource: vscode.Uri | undefined,
    options: AskOptions = { always: false, remember: true },
  ): Promise<Destination | undefined> {
    // Settings that are asked for anyway may be wrong.
    this.settings.assertUsable(
      options.always ? ['profile'] : ['bucket', 'prefix', 'profile'],
      resource,
    );
    const { profile } = this.settings.forResource(resource);
    const hasCredentials = (await this.credentials.get(profile)) !== undefined;
    const known = this.known(resource);
    if (known !== undefined && hasCredentials && !options.always) return this.reach(known);
    return this.ask(resource, { ...options, hasCredentials });
  }

  /** A destination that another extension named, with the rest from the settings. */
  async named(
    resource: vscode.Uri | undefined,
    wanted: { readonly bucket?: string; readonly prefix?: string; readonly region?: string },
  ): Promise<Destination | undefined> {
    if (wanted.bucket === undefined) {
      const destination = await this.resolve(resource);
      return destination && { ...destination, prefix: wanted.prefix ?? destination.prefix };
    }
    this.settings.assertUsable(
      wanted.prefix === undefined ? ['prefix', 'profile'] : ['profile'],
      resource,
    );
    if (!(await this.route.mayBeTaken(wanted.bucket))) return undefined;
    const settings = this.settings.forResource(resource);
    if ((await this.credentials.get(settings.profile)) === undefined) {
      if (!(await this.credentialsFlow.update(settings.profile))) return undefined;
    }
    return this.locate({
      bucket: wanted.bucket,
      region: wanted.region ?? '',
      prefix: wanted.prefix ?? settings.prefix,
      profile: settings.profile,
    });
  }

  /**
   * The destination as the user wants it: asks once for a bucket that the workspace names, because
   * whoever wrote its files says where to. `isChosen`: the user or another extension has named the
   * bucket for this very upload. Undefined when the user wants none.
   */
  async confirmed(
    resource: vscode.Uri | undefined,
    destination: Destination,
    isChosen: boolean,
  ): Promise<Destination | undefined> {
    const { bucket, prefix } = destination;
    const isOfWorkspace = !isChosen && this.settings.isBucketOfWorkspace(bucket, resource);
    if (!isOfWorkspace || this.memory.isConfirmedBucket(bucket)) return destination;
    const place = `oss://${bucket}/${prefix}`;
    const answer = await pick(
      l10n.t('Upload to bucket {bucket}?', { bucket }),
      l10n.t('The settings of this workspace send its files to {place}.', { place }),
      [
        {
          label: `$(cloud-upload) ${l10n.t('Upload')}`,
          description: l10n.t('not asked again for this bucket'),
          value: 'upload',
        },
        { label: `$(list-unordered) ${l10n.t('Select Another Bucket')}`, value: 'other' },
        { label: `$(close) ${l10n.t('Cancel')}`, value: 'cancel' },
      ],
    );
    if (answer === 'other') return this.resolve(resource, { always: true, remember: true });
    if (answer !== 'upload') return undefined;
    await this.memory.confirmBucket(bucket);
    return destination;
  }

  /** The command "Select Bucket and Folder...". */
  async selectCommand(resource: vscode.Uri | undefined): Promise<void> {
    const chosen = await this.resolve(resource, { always: true, remember: true });
    if (chosen === undefined) return;
    vscode.window.setStatusBarMessage(
      l10n.t('Uploads go to {place}.', { place: `oss://${chosen.bucket}/${chosen.prefix}` }),
      5000,
    );
  }

  /** The answer to "Bucket is in {region}": written where the wrong one came from. */
  async useRegion(bucket: string, region: string, resource: vscode.Uri | undefined): Promise<void> {
    await this.memory.rememberRegion(bucket, region);
    if (this.settings.forResource(resource).bucket === bucket) {
      await this.settings.rewrite('region', region, resource);
    }
  }

  /** Where uploads go without a question; undefined when one is needed. */
  known(resource: vscode.Uri | undefined): Destination | undefined {
    return knownDestination(this.settings.forResource(resource), this.memory);
  }

  /** The same with its region, once it may be asked for. */
  private async reach(destination: Destination): Promise<Destination | undefined> {
    const mayAsk = await this.route.mayBeTaken(destination.bucket);
    return mayAsk ? this.locate(destination) : undefined;
  }

  private async locate(destination: Destination): Promise<Destination> {
    if (destination.region !== '') return destination;
    const remembered = this.memory.region(destination.bucket);
    if (remembered !== '') return { ...destination, region: remembered };
    const { profile, bucket } = destination;
    try {
      const call = { signal: AbortSignal.timeout(30_000) };
      const found = await this.account.locateBucket({ profile }, bucket, call);
      if (found.region !== '') await this.memory.rememberRegion(bucket, found.region);
      return { ...destination, region: found.region };
    } catch (error) {
      // Without the region the upload may still work: an own address needs none, and OSS names
      // the right one in its refusal.
      if (UploadError.is(error, 'accessDenied')) return destination;
      throw UploadError.from(error).with({ bucket });
    }
  }

  private async ask(
    resource: vscode.Uri | undefined,
    options: AskOptions & { readonly hasCredentials: boolean },
  ): Promise<Destination | undefined> {
    const settings = this.settings.forResource(resource);
    const known = this.known(resource);
    const isBucketAsked = options.always || known === undefined;
    const initial = initialSetup(settings.profile, known?.prefix ?? settings.prefix);
    const steps = [
      ...(options.hasCredentials ? [] : await this.credentialsFlow.steps()),
      ...(isBucketAsked ? this.flow.steps(known?.bucket ?? '', options) : []),
    ];
    const isSelection = options.always && options.remember;
    const selection =
      options.bucketOnly === true ? l10n.t('Select Bucket') : l10n.t('Select Bucket and Folder');
    const title = isSelection ? selection : l10n.t('Upload to OSS');
    const state = await runSteps(title, initial, steps);
    if (state === undefined) return undefined;
    await this.credentialsFlow.save(state);
    if (state.bucket === undefined) return known && this.reach(known);
    const { name: bucket, region } = state.bucket;
    const destination = { bucket, region, prefix: state.prefix, profile: state.profile };
    if (region !== '') await this.memory.rememberRegion(bucket, region);
    if (options.remember) await this.store(resource, destination, state.isForSettings);
    return destination;
  }

  private async store(
    resource: vscode.Uri | undefined,
    destination: Destination,
    isForSettings: boolean,
  ): Promise<void> {
    const settings = this.settings.forResource(resource);
    const { bucket, region, prefix } = destination;
    // A setting would hide what is remembered, so it has to be the setting that changes. Only the
    // user's hides anything where the workspace is not trusted.
    const isHidden = this.settings.isSet('bucket', resource);
    const { isTrusted } = vscode.workspace;
    if (isHidden || (isForSettings && isTrusted)) {
      const values = { bucket, region, prefix };
      if (isTrusted) {
        await this.memory.confirmBucket(bucket);
        await this.settings.saveToWorkspace(values, resource);
      } else {
        await this.settings.saveForUser(values);
      }
      await this.memory.remember(undefined);
      return;
    }
    const isFromSettings = normalizePrefix(settings.prefix) === prefix;
    await this.memory.remember(isFromSettings ? { bucket } : { bucket, prefix });
  }
}
