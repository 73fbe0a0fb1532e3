import * as vscode from 'vscode';

import type { Step } from '../../editor/boxes';
import { pick } from '../../editor/boxes';
import { l10n } from '../../editor/editorWords';
import type { DestinationMemory } from '../../settings/destinationMemory';
import type { Settings } from '../../settings/settings';
import { routeDoubt } from '../../text/routeDoubt';

/** An address that is asked about, and the setting that names it. */
interface Doubt {
  readonly endpoint: string;
  readonly why: 'clearText' | 'container';
  readonly setting: 'ossUpload.endpoint' | 'ossUpload.bucketEndpoints';
}

/**
 * Asks once for each address that is not encrypted, or that a container names: before the first
 * request by it, because each of them is signed and may carry an STS token.
 */
export class RouteQuestion {
  constructor(
    private readonly settings: Settings,
    private readonly memory: DestinationMemory,
  ) {}

  /** Whether there is something to ask before requests to the service, and to a bucket if named. */
  isOpen(bucket = ''): boolean {
    return this.doubts(bucket).length > 0;
  }

  /** Whether requests to the service, and to a bucket if named, may go as the settings say. */
  async mayBeTaken(bucket = ''): Promise<boolean> {
    for (const doubt of this.doubts(bucket)) if (!(await this.ask(doubt))) return false;
    return true;
  }

  /** The same in a series of questions, of which it is none where there is nothing to ask. */
  step<S>(bucketOf: (state: S) => string = () => ''): Step<S> {
    return {
      applies: (state) => this.isOpen(bucketOf(state)),
      ask: async (state) =>
        (await this.mayBeTaken(bucketOf(state)))
          ? { kind: 'value', value: state }
          : { kind: 'cancel' },
    };
  }

  /** Questions about a bucket go by the common address, whatever its own is. */
  private doubts(bucket: string): readonly Doubt[] {
    const { endpoint: common, bucketEndpoints } = this.settings.forWindow();
    const own = Object.hasOwn(bucketEndpoints, bucket) ? bucketEndpoints[bucket] : undefined;
    const ways = [
      [common, 'ossUpload.endpoint'],
      [own, 'ossUpload.bucketEndpoints'],
    ] as const;
    return ways.flatMap(([endpoint, setting]): readonly Doubt[] => {
      if (endpoint === undefined || this.memory.isConfirmedEndpoint(endpoint)) return [];
      const why = routeDoubt(endpoint, vscode.env.remoteName);
      return why === undefined ? [] : [{ endpoint, why, setting }];
    });
  }

  private async ask({ endpoint, why, setting }: Doubt): Promise<boolean> {
    const answer = await pick(
      l10n.t('Reach OSS by {endpoint}?', { endpoint }),
      why === 'clearText'
        ? l10n.t('It is not encrypted: files and signed requests can be read on the way.')
        : l10n.t('The settings of this container name it, and a repository may have written them.'),
      [
        {
          label: `$(arrow-right) ${l10n.t('Use This Address')}`,
          description: l10n.t('not asked again for this endpoint'),
          value: 'use',
        },
        { label: `$(gear) ${l10n.t('Open Settings')}`, value: 'settings' },
        { label: `$(close) ${l10n.t('Cancel')}`, value: 'cancel' },
      ],
    );
    if (answer === 'settings') {
      await vscode.commands.executeCommand('workbench.action.openSettings', setting);
    }
    if (answer !== 'use') return false;
    await this.memory.confirmEndpoint(endpoint);
    return true;
  }
}
