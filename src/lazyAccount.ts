import type { OssAccount } from './account';

/** An account that is opened by the first question, so that asking none costs nothing. */
export function lazyAccount(open: () => Promise<OssAccount>): OssAccount {
  return {
    findCredentials: async () => (await open()).findCredentials(),
    checkCredentials: async (...args) => (await open()).checkCredentials(...args),
    listBuckets: async (...args) => (await open()).listBuckets(...args),
    locateBucket: async (...args) => (await open()).locateBucket(...args),
    listFolders: async (...args) => (await open()).listFolders(...args),
    objectUrl: async (...args) => (await open()).objectUrl(...args),
    signedUrl: async (...args) => (await open()).signedUrl(...args),
  };
}
