import type { TestContext } from 'node:test';
import { utf8 } from '../../src/core/bytes.ts';
import { sha256Hex } from '../../src/core/digest.ts';
import { place, placeBytes } from '../../src/image/assembly.ts';
import type { Ended } from './bundle.ts';
import { type FakeCas, fakeCas, httpAnswer } from './fake-cas.ts';
import type { SmallImage } from './image.ts';
import type { Ground } from './setup.ts';

/** Where the image of these tests has an injected file. */
export const secretPath = '/etc/app/tls.key';
/** What the program of the image shall be started with. */
const configuration = {
  argv: [{ text: 'probe' }, { text: secretPath }, { text: '@@1' }],
  pwd: '/python',
  environment: { API_USER: { text: '$$SCONE::x$$' }, PATH: { text: '/usr/bin' }, LANG: { text: 'C.UTF-8' } } as object,
  files: [] as object[],
  protected: [],
  volumes: [],
  session_hash: 'ab'.repeat(32),
  index: 7,
  head: 'note',
};

/** A CAS that releases the program's configuration, with changes. */
export const released =
  (changes: object = {}) =>
  () =>
    httpAnswer('200 OK', { ...configuration, ...changes });

/** Starts a CAS with that answer, and writes an image whose init data leads to it and whose program is the probe. */
export function casFor(t: TestContext, ground: Ground, probe: Uint8Array) {
  return async (answer: (body: string) => string | undefined): Promise<{ cas: FakeCas; image: SmallImage }> => {
    const cas = await fakeCas(answer);
    t.after(() => cas.close());
    const image = await ground.image({
      casKeys: [cas.keyHash],
      casUrl: cas.address,
      extend: (assembly) => {
        placeBytes(assembly, '/usr/bin/probe', probe, 0o755);
        const target = `/run/scone/files/${sha256Hex(utf8(secretPath)).slice(0, 16)}`;
        place(assembly, secretPath, { type: 'symlink', mode: 0o777, uid: 0, gid: 0, target });
      },
    });
    return { cas, image };
  };
}

/** What the probe found when it was started. */
export function programOf(ended: Ended): { [name: string]: unknown } {
  if (ended.stdout === '') throw new Error(`the program was not started: ${ended.code}\n${ended.stderr}`);
  return JSON.parse(ended.stdout) as { [name: string]: unknown };
}
