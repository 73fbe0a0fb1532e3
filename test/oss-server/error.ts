import { element, textElement, xmlDocument } from './xml.ts';

/** More about an error than its code: elements of the body, headers of the answer. */
export interface OssErrorDetails {
  /** Number that finds the help page; left out where no source tells it. */
  readonly ec?: string | undefined;
  readonly elements?: Readonly<Record<string, string | number>> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** An answer of OSS that refuses a request. */
export class OssError extends Error {
  override readonly name = 'OssError';

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: OssErrorDetails = {},
  ) {
    super(message);
  }

  /** The body as OSS writes it. */
  toXml(requestId: string, hostId: string): string {
    const { ec, elements = {} } = this.details;
    return xmlDocument(
      element(
        'Error',
        textElement('Code', this.code),
        textElement('Message', this.message),
        textElement('RequestId', requestId),
        textElement('HostId', hostId),
        ...Object.entries(elements).map(([name, value]) => textElement(name, value)),
        textElement('EC', ec),
        textElement('RecommendDoc', ec && `https://api.aliyun.com/troubleshoot?q=${ec}`),
      ),
    );
  }
}

/** One argument of the request is wrong. */
export function invalidArgument(
  message: string,
  argumentName?: string,
  argumentValue?: string,
  ec?: string,
): OssError {
  return new OssError(400, 'InvalidArgument', message, {
    ec,
    elements: {
      ...(argumentName !== undefined && { ArgumentName: argumentName }),
      ...(argumentValue !== undefined && { ArgumentValue: argumentValue }),
    },
  });
}

/** The request is understood and not allowed. */
export function accessDenied(message: string, details: OssErrorDetails = {}): OssError {
  return new OssError(403, 'AccessDenied', message, details);
}

/** No bucket of this name. */
export function noSuchBucket(bucket: string): OssError {
  return new OssError(404, 'NoSuchBucket', 'The specified bucket does not exist.', {
    ec: '0015-00000101',
    elements: { BucketName: bucket },
  });
}

/** No object of this key. */
export function noSuchKey(key: string): OssError {
  return new OssError(404, 'NoSuchKey', 'The specified key does not exist.', {
    ec: '0026-00000001',
    elements: { Key: key },
  });
}

/** EC of NoSuchUpload: UploadPart has its own; the others share one. */
export const noSuchUploadEc = {
  uploadPart: '0042-00000104',
  other: '0042-00000002',
} as const;

/** The upload id is unknown, aborted or completed, or is one of another key. */
export function noSuchUpload(uploadId: string, ec: string): OssError {
  return new OssError(
    404,
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { ec, elements: { UploadId: uploadId } },
  );
}

/** The object is there, and the request forbids to replace it. */
export function fileAlreadyExists(ec: string | undefined): OssError {
  return new OssError(
    409,
    'FileAlreadyExists',
    'The object you specified already exists and can not be overwritten.',
    { ec },
  );
}

/** The body is not the XML that this operation needs. */
export function malformedXml(): OssError {
  return new OssError(
    400,
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema.',
    { ec: '0042-00000205' },
  );
}
