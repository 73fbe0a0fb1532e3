/** The vendor's SDK for JavaScript as it is meant to be used: multipartUpload, and put for small files. */
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import { mapParallel, measure } from './measure';

interface UploadOptions {
  readonly partSize: number;
  readonly parallel: number;
}

/** The part of ali-oss this client calls. */
interface Client {
  multipartUpload(
    key: string,
    file: string,
    options: UploadOptions & {
      /** What an earlier call has told `progress`. */
      readonly checkpoint?: unknown;
      progress?(share: number, checkpoint: unknown): void;
    },
  ): Promise<unknown>;
  put(key: string, file: string): Promise<unknown>;
}

const OssSdk = createRequire(__filename)('ali-oss') as new (options: object) => Client;

void measure(async (task) => {
  const { endpoint, bucket, caFile, partSizeBytes, parallel } = task;
  const client = new OssSdk({
    accessKeyId: 'LTAIbench',
    accessKeySecret: 'benchSecret',
    region: 'oss-cn-hangzhou',
    // By an IP address it would send the Host of the service; path style needs a name.
    endpoint: endpoint.replace('127.0.0.1', 'localhost'),
    secure: endpoint.startsWith('https:'),
    bucket,
    sldEnable: true,
    authorizationV4: true,
    timeout: 600_000,
    ...(caFile !== '' && {
      httpsAgent: new https.Agent({ keepAlive: true, ca: readFileSync(caFile) }),
    }),
  });
  const [first] = task.files;
  if (task.files.length === 1 && first !== undefined && first.sizeBytes > partSizeBytes) {
    await uploadWhole(client, first.key, first.filePath, { partSize: partSizeBytes, parallel });
    return {};
  }
  await mapParallel(task.files, parallel, async ({ key, filePath, sizeBytes }) => {
    if (sizeBytes <= partSizeBytes) await client.put(key, filePath);
    else await client.multipartUpload(key, filePath, { partSize: partSizeBytes, parallel });
  });
  return {};
});

/** More than any line of the bench needs. */
const MOST_TRIES = 200;

/** As its documents say: after a failure it is called again with the checkpoint that it told last. */
async function uploadWhole(
  client: Client,
  key: string,
  filePath: string,
  options: UploadOptions,
): Promise<void> {
  let checkpoint: unknown;
  for (let attempt = 1; ; attempt++) {
    try {
      const progress = (_share: number, reached: unknown): void => {
        checkpoint = reached;
      };
      await client.multipartUpload(key, filePath, { ...options, checkpoint, progress });
      return;
    } catch (error) {
      if (attempt === MOST_TRIES) throw error;
    }
  }
}
