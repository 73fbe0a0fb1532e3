/**
 * Questions that are answered falsely: what is in a bucket and whose key it is. Nothing that is told
 * may lead to a file that is not sent, an object that is replaced unasked, parts that stay, or a key
 * that nobody issued.
 */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { usableAddresses } from '../../src/account.ts';
import type { Access, CredentialsSource } from '../../src/account.ts';
import {
  UploadError,
  adoptUpload,
  checkBucketEndpoint,
  checkBucketName,
  checkRegion,
  compareContent,
  findExisting,
  removeUpload,
  verifyObjects,
} from '../../src/engine/index.ts';
import type { UploadRequest } from '../../src/engine/index.ts';
import type { Machine } from '../../src/oss/credentials/machine.ts';
import { createOss } from '../../src/oss/index.ts';
import type { OperationName } from '../oss-server/operationNames.ts';
import { sha256OfFile, testBytes } from '../support/files.ts';
import { hastyClock } from '../support/hastyClock.ts';
import type { FuzzResult } from './answers.ts';
import { OURS, issuerAnswerBy, pick, questionedBy } from './lies.ts';
import type { Played, Random } from './lies.ts';
import { BUCKET, PART_BYTES, SILENT, TIMEOUTS, targetOf } from './place.ts';
import type { Place } from './place.ts';
import { settled } from './uploads.ts';

/** What is asked, and what OSS is asked for it. */
const OPERATIONS = {
  'which files differ': ['listObjectsV2', 'headObject', 'getObject'],
  'verify against OSS': ['listObjectsV2', 'headObject', 'getObject'],
  'resume from OSS': ['listMultipartUploads', 'listParts', 'uploadPart', 'headObject'],
  'clean up a bucket': ['listMultipartUploads', 'abortMultipartUpload', 'listParts'],
  buckets: ['listBuckets'],
  'where a bucket is': ['getBucketInfo', 'getBucketLocation', 'getObject'],
  'domains of a bucket': ['listCname'],
  'a typed domain': [],
  'folders of a bucket': ['listObjects'],
  'a typed key': ['listBuckets'],
  'keys of issuers': [],
} as const satisfies Record<string, readonly OperationName[]>;

/** What is asked. */
export type Question = keyof typeof OPERATIONS;
export const QUESTIONS = Object.keys(OPERATIONS) as Question[];

/** One question, under way. */
interface Asked {
  readonly place: Place;
  readonly number: number;
  readonly random: Random;
  readonly played: readonly Played[];
  readonly result: FuzzResult;
  /** Notes what is believed and false. */
  say(what: string): void;
}

const ASKERS: Record<Question, (asked: Asked) => Promise<void>> = {
  'which files differ': askDifferent,
  'verify against OSS': askVerification,
  'resume from OSS': askToResume,
  'clean up a bucket': askToCleanUp,
  buckets: askBuckets,
  'where a bucket is': askPlace,
  'domains of a bucket': askDomains,
  'a typed domain': askDomain,
  'folders of a bucket': askFolders,
  'a typed key': askTypedKey,
  'keys of issuers': askIssuers,
};

/** Plays one, and counts what it has shown. */
export async function playQuestion(
  place: Place,
  number: number,
  random: Random,
  result: FuzzResult,
): Promise<void> {
  const question = pick(random, QUESTIONS);
  const operations: readonly OperationName[] = OPERATIONS[question];
  const played = Array.from(
    { length: operations.length === 0 ? 0 : pick(random, [1, 1, 2, 3]) },
    () => questionedBy(random, operations),
  );
  const say = (what: string): void => {
    const faults = played.map(({ fault }) => JSON.stringify(fault).slice(0, 600)).join('\n    ');
    result.findings.push(`run ${number}, ${question}: ${what}\n    ${faults}`);
  };
  const row = result.questions.get(question);
  if (row) row.runs++;
  try {
    await ASKERS[question]({
      place,
      number,
      random,
      played,
      result,
      say: (what) => {
        result.falseAnswers++;
        say(what);
      },
    });
    if (row) row.answered++;
  } catch (error) {
    if (row) row.refused++;
    if (!UploadError.is(error) || error.kind === 'internal') {
      result.throws++;
      say(`threw ${error instanceof Error ? String(error.stack) : String(error)}`);
    }
  } finally {
    place.issuer.instead = undefined;
    await place.quieten();
  }
}

/** Begins to lie. */
function lie({ place, played }: Asked): void {
  place.server.faults.push(...played.map(({ fault }) => fault));
}

/** Files of which a third is in the bucket, a third is another there, and a third is not. */
const COMPARED = 72;
const COMPARED_BYTES = 40;

async function comparedFiles({ folder, server }: Place): Promise<readonly UploadRequest[]> {
  const requests = Array.from({ length: COMPARED }, (_, n): UploadRequest => {
    const key = `compared/${String(n).padStart(3, '0')}`;
    const options = { partSizeBytes: PART_BYTES, parallel: 1, forbidOverwrite: false, object: {} };
    return { filePath: path.join(folder, key), target: targetOf(key), options };
  });
  if (server.object(BUCKET, 'compared/000') !== undefined) return requests;
  await mkdir(path.join(folder, 'compared'), { recursive: true });
  for (const [n, { filePath, target }] of requests.entries()) {
    await writeFile(filePath, testBytes(0, COMPARED_BYTES, n));
    const seed = n % 3 === 0 ? n : n + 1000;
    if (n % 3 < 2) await server.putObject(BUCKET, target.key, testBytes(0, COMPARED_BYTES, seed));
  }
  return requests;
}

const TRUTHS = ['equal', 'different', 'missing'] as const;

/** What is true of the file of a request. */
function truthOf({ target }: UploadRequest): (typeof TRUTHS)[number] | undefined {
  return TRUTHS[Number(target.key.slice(-3)) % 3];
}

/**
 * Whether OSS itself may have said, by one of these statuses or by a list, that an object is not
 * there: by its request id, which another fault of the same operation may have let through, or by its
 * document.
 */
function saysMissing(played: readonly Played[], statuses: readonly number[]): boolean {
  return played.some(({ operation, fault }) => {
    const { answer, carryOutThen, answerBody } = fault.do;
    const hasId = played.some(
      (one) =>
        one.operation === operation && one.fault.do.answerHeaders?.['x-oss-request-id'] !== null,
    );
    if (operation === 'listObjectsV2' && answerBody !== undefined) return hasId;
    return [answer, carryOutThen].some(
      (said) =>
        typeof said === 'object' &&
        statuses.includes(said.status) &&
        (hasId || said.body?.includes('<RequestId>')),
    );
  });
}

/** Few files, which are asked for one by one, or all. */
async function someFiles({ place, random }: Asked): Promise<readonly UploadRequest[]> {
  const all = await comparedFiles(place);
  return random() < 0.3 ? all.slice(0, 5) : all;
}

function comparing({ place, number, random }: Asked) {
  const name = random() < 0.5 ? 'checksums' : `checksums-${number}`;
  return {
    openStore: place.ours.openStore,
    logger: SILENT,
    clock: hastyClock,
    checksumFolder: path.join(place.folder, name),
  };
}

async function askDifferent(asked: Asked): Promise<void> {
  const requests = await someFiles(asked);
  const options = comparing(asked);
  const { signal } = new AbortController();
  lie(asked);
  const existing = await findExisting(options, requests, signal);
  const found = new Set(existing.map(({ request }) => request));
  // What may not be looked at is sent with the header that forbids to replace it.
  const isSaid = saysMissing(asked.played, [403, 404]);
  for (const request of requests) {
    const isMissed = !found.has(request) && truthOf(request) !== 'missing';
    if (isMissed && !isSaid) asked.say(`${request.target.key} would be replaced unasked`);
  }
  const compared = await compareContent(options, existing, { isExact: false }, signal);
  for (const [{ request }, { verdict }] of compared) {
    const isFalse = verdict === 'equal' && truthOf(request) !== 'equal';
    if (isFalse) asked.say(`${request.target.key} would be skipped, and is ${truthOf(request)}`);
  }
}

async function askVerification(asked: Asked): Promise<void> {
  const requests = await someFiles(asked);
  const places = asked.random() < 0.7 ? [{ target: targetOf(''), prefix: 'compared/' }] : [];
  const { signal } = new AbortController();
  lie(asked);
  const { files } = await verifyObjects(comparing(asked), requests, places, signal);
  const isSaid = saysMissing(asked.played, [404]);
  for (const { request, verdict } of files) {
    const truth = truthOf(request);
    const isFalse =
      (verdict === 'equal' && truth !== 'equal') ||
      (verdict === 'missing' && truth !== 'missing' && !isSaid);
    if (isFalse) asked.say(`${request.target.key} is told to be ${verdict}, and is ${truth}`);
  }
}

/** The uploads of the bucket, as the commands find them: the one of that key, if it is among them. */
async function listedUpload({ place }: Asked, key: string): Promise<string | undefined> {
  const { signal } = new AbortController();
  const store = await place.ours.openStore(targetOf(''));
  const uploads = await store.listMultipartUploads('', { signal });
  return uploads.find((upload) => upload.key === key)?.uploadId;
}

async function askToResume(asked: Asked): Promise<void> {
  const { place, number, random } = asked;
  const key = `resumed/${number}.bin`;
  const filePath = path.join(place.folder, `resumed-${number}.bin`);
  await writeFile(filePath, testBytes(0, 3 * PART_BYTES, number));
  await place.foreignUpload(key);
  const stateDir = path.join(place.folder, `resumed-${number}`);
  const options = { partSizeBytes: PART_BYTES, parallel: 2, forbidOverwrite: false, object: {} };
  const request = { filePath, target: targetOf(key), options };
  const manager = place.window(stateDir, random);
  try {
    lie(asked);
    const uploadId = await listedUpload(asked, key);
    if (uploadId === undefined) return;
    const { signal } = new AbortController();
    const { openStore } = place.ours;
    await adoptUpload({ stateDir, openStore, logger: SILENT }, request, uploadId, signal);
    const batch = { label: 'fuzz', workspacePath: '', requests: [request] };
    const { batchId } = await manager.enqueue(batch);
    if (batchId === undefined) return;
    await settled(manager, batchId);
    const left = manager.snapshot().batches.flatMap(({ transfers }) => transfers);
    const [transfer] = left;
    const isCompleted = transfer === undefined || transfer.state === 'completed';
    const object = place.server.object(BUCKET, key);
    if (isCompleted && (await object?.sha256()) !== (await sha256OfFile(filePath))) {
      asked.say('completed, and the object is another or none');
    }
    if (transfer?.error !== undefined) throw transfer.error;
  } finally {
    await manager.shutdown();
    await place.quieten();
    for (const upload of place.server.uploads(BUCKET)) {
      if (upload.key === key) place.server.abortUpload(upload.uploadId);
    }
    place.server.deleteObject(BUCKET, key);
    await rm(stateDir, { recursive: true, force: true });
    await rm(filePath, { force: true });
  }
}

async function askToCleanUp(asked: Asked): Promise<void> {
  const { place, number, played } = asked;
  const key = `cleaned/${number}.bin`;
  const there = await place.foreignUpload(key);
  // OSS itself says that the upload is gone: nobody could see through that.
  const isSaid = played.some(
    ({ operation, fault }) =>
      operation === 'listParts' && /NoSuch(?:Upload|Bucket)/.test(JSON.stringify(fault.do)),
  );
  try {
    lie(asked);
    const uploadId = await listedUpload(asked, key);
    if (uploadId === undefined) return;
    const options = { openStore: place.ours.openStore, logger: SILENT, clock: hastyClock };
    await removeUpload(options, targetOf(key), uploadId, new AbortController().signal);
    const isLeft = place.server.uploads(BUCKET).some((upload) => upload.uploadId === there);
    if (isLeft && uploadId === there && !isSaid)
      asked.say('told to be removed, and its parts stay');
  } finally {
    place.server.abortUpload(there);
  }
}

const ACCESS: Access = { source: { kind: 'accessKey', key: OURS } };
const SUMMARY = { name: BUCKET, region: 'cn-hangzhou' };

const CALL = { signal: new AbortController().signal };

function checkRegionOf(asked: Asked, region: string): void {
  if (region === '' || checkRegion(region) === undefined) return;
  asked.say(`a region is ${JSON.stringify(region.slice(0, 50))}`);
}

async function askBuckets(asked: Asked): Promise<void> {
  lie(asked);
  for (const { name, region } of await asked.place.ours.account.listBuckets(ACCESS, CALL)) {
    if (checkBucketName(name) !== undefined) asked.say(`a bucket is ${name.slice(0, 50)}`);
    checkRegionOf(asked, region);
  }
}

async function askPlace(asked: Asked): Promise<void> {
  // What a bucket is, is remembered: each asks anew.
  const oss = asked.place.openOurs();
  lie(asked);
  try {
    checkRegionOf(asked, (await oss.account.locateBucket(ACCESS, BUCKET, CALL)).region);
  } finally {
    oss.dispose();
  }
}

async function askDomains(asked: Asked): Promise<void> {
  lie(asked);
  const domains = await asked.place.ours.account.listCnames(ACCESS, SUMMARY, CALL);
  for (const address of usableAddresses(domains, Date.now())) {
    const isRight = checkBucketEndpoint(address) === undefined;
    if (!isRight) asked.say(`a domain is ${JSON.stringify(address.slice(0, 50))}`);
  }
}

async function askDomain(asked: Asked): Promise<void> {
  const { place, random } = asked;
  const { issuer } = place;
  const said: string[] = [];
  issuer.instead = () => {
    const answer = issuerAnswerBy(random);
    said.push(answer?.body ?? '');
    return answer ?? { drips: true, body: '' };
  };
  const { verdict } = await place.ours.account.checkDomain(ACCESS, SUMMARY, issuer.url, CALL);
  // By a document of OSS that names its request anybody would be taken in.
  const isSaid = said.some((body) => body.includes('<RequestId>'));
  if (verdict === 'usable' && !isSaid) {
    asked.say('a server that is none of OSS is told to be a domain of the bucket');
  }
}

async function askFolders(asked: Asked): Promise<void> {
  lie(asked);
  await asked.place.ours.account.listFolders(ACCESS, SUMMARY, '', CALL);
}

async function askTypedKey(asked: Asked): Promise<void> {
  lie(asked);
  await asked.place.ours.account.checkCredentials(ACCESS, CALL);
}

/** A machine on which each of the sources is there. */
async function machineOf({ folder: homeFolder, issuer }: Place): Promise<Machine> {
  const tokenFile = path.join(homeFolder, 'oidc-token');
  await writeFile(tokenFile, 'OIDC-TOKEN');
  await mkdir(path.join(homeFolder, '.aliyun'), { recursive: true });
  const later = Math.floor(Date.now() / 1000) + 3000;
  const profiles = [
    {
      name: 'sso',
      mode: 'CloudSSO',
      cloud_sso_sign_in_url: `${issuer.url}/device/login`,
      cloud_sso_account_id: '7',
      cloud_sso_access_config: 'ac-1',
      access_token: 'SSO-TOKEN',
      cloud_sso_access_token_expire: later,
    },
    {
      name: 'oauth',
      mode: 'OAuth',
      oauth_site_type: 'CN',
      oauth_access_token: 'OAUTH-TOKEN',
      oauth_refresh_token: 'never-used',
      oauth_access_token_expire: later,
    },
  ];
  const config = JSON.stringify({ current: 'sso', profiles });
  await writeFile(path.join(homeFolder, '.aliyun/config.json'), config);
  return {
    homeFolder,
    environment: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: OURS.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: OURS.accessKeySecret,
      ALIBABA_CLOUD_ROLE_ARN: 'acs:ram::1:role/reader',
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: 'acs:ram::1:oidc-provider/p',
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: tokenFile,
    },
  };
}

const SOURCES: readonly CredentialsSource[] = [
  { kind: 'ecsRamRole', role: '' },
  { kind: 'ecsRamRole', role: 'instance' },
  { kind: 'oidc' },
  { kind: 'environment' },
  { kind: 'uri', url: '' },
  { kind: 'aliyun', profile: 'sso' },
  { kind: 'aliyun', profile: 'oauth' },
];

async function askIssuers(asked: Asked): Promise<void> {
  const { place, random } = asked;
  const { issuer } = place;
  const oss = createOss({
    route: () => ({ endpoint: place.server.endpoint }),
    credentials: () => Promise.resolve(undefined),
    log: SILENT,
    machine: await machineOf(place),
    issuers: issuer.issuers,
    timeouts: TIMEOUTS,
  });
  const chosen = pick(random, SOURCES);
  const source = chosen.kind === 'uri' ? { ...chosen, url: `${issuer.url}/uri` } : chosen;
  let left = Math.floor(random() * 3);
  const said: string[] = [];
  issuer.instead = () => {
    if (left-- > 0) return undefined;
    const answer = issuerAnswerBy(random);
    if (answer === null) return { drips: true, body: '' };
    said.push(answer.body);
    return answer;
  };
  const from = place.server.operations.length;
  try {
    await oss.account.checkCredentials({ source }, { signal: new AbortController().signal });
  } catch (error) {
    // What somebody on the way says is no word about the key.
    const isRefusal = said.some((body) => /Code|error/.test(body));
    if (!isRefusal && UploadError.is(error, 'credentials')) {
      asked.say(`the key is blamed: ${error.code}`);
    }
    throw error;
  } finally {
    const used = place.server.operations.slice(from);
    if (used.some(({ accessKeyId }) => accessKeyId === undefined)) {
      asked.say('a request is signed by a key that nobody issued');
    }
    oss.dispose();
  }
}
