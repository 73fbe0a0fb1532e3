/** Takes the place of `@vscode/deviceid`: every test machine is the same one. */
export function getDeviceId(): Promise<string> {
  return Promise.resolve('00000000-0000-4000-8000-000000000000');
}
