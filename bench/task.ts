/** What the runner tells a client process, as JSON in its first argument, and what that answers. */

/** One file to one object. */
export interface BenchFile {
  readonly filePath: string;
  readonly key: string;
  readonly sizeBytes: number;
}

export interface BenchTask {
  readonly endpoint: string;
  readonly bucket: string;
  readonly files: readonly BenchFile[];
  readonly partSizeBytes: number;
  /** Parts in flight of one file; for peers also the number of files at once. */
  readonly parallel: number;
  /** Limit of the engine over all transfers. */
  readonly concurrency: number;
  /** Certificates to trust, PEM file; '' for none. */
  readonly caFile: string;
  /** Folder of the engine's checkpoints. */
  readonly stateDir: string;
  /** Folder of remembered checksums: the engine sends only what differs; '' sends all. */
  readonly checksumFolder: string;
  /** The engine kills itself when so many parts and small files are accepted; 0 for never. */
  readonly killAfter: number;
}

export interface BenchResult {
  readonly wallMs: number;
  /** User and system, of the whole process from the begin of the upload to its end. */
  readonly cpuMs: number;
  /** Resident memory before the upload, everything loaded. */
  readonly idleRssBytes: number;
  /** The most there was until the end. */
  readonly peakRssBytes: number;
  /** 99th percentile of how late a timer of 1 ms came, above that millisecond. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** What only one client or one case has, by name. */
  readonly extra: Readonly<Record<string, number>>;
}
