import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { renderInitData } from '../../src/initdata/document.ts';
import type { Store } from '../../src/oci/store.ts';
import { runServices } from '../../src/run/services.ts';

/** A root file system with a shell and `sleep`, from this machine. */
export function makeRootfs(folder: string): void {
  for (const place of ['bin', 'etc', 'proc', 'sys', 'dev', 'tmp', 'run/scone']) {
    mkdirSync(join(folder, place), { recursive: true });
  }
  for (const name of ['hosts', 'hostname', 'resolv.conf']) writeFileSync(join(folder, 'etc', name), '');
  for (const program of ['/bin/sh', '/bin/sleep']) {
    copyFileSync(program, join(folder, program));
    const libraries = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.matchAll(/(\/\S+) \(0x/g);
    for (const [, library = ''] of libraries) {
      mkdirSync(dirname(join(folder, library)), { recursive: true });
      copyFileSync(library, join(folder, library));
    }
  }
  if (!existsSync(join(folder, 'usr/bin'))) {
    mkdirSync(join(folder, 'usr'), { recursive: true });
    symlinkSync('/bin', join(folder, 'usr/bin'));
  }
}

/** A store whose images all have that shell as their entry point; the digest says what it runs. */
export function storeOf(scripts: ReadonlyMap<string, string>): Store {
  const store: Partial<Store> = {
    resolve: async (name) => {
      const digest = name.slice(name.indexOf('@') + 1);
      const script = scripts.get(digest);
      if (script === undefined) return undefined;
      const config = { Entrypoint: ['/bin/sh', '-c', script], User: '65532:65532' };
      return { digest, manifest: {}, config: { config } } as unknown as Awaited<ReturnType<Store['resolve']>>;
    },
    unpack: async (_digest, folder) => {
      makeRootfs(folder);
      return {} as Awaited<ReturnType<Store['unpack']>>;
    },
  };
  return store as Store;
}

export const initData = renderInitData({
  mode: 'service',
  cas_url: 'cas:18765',
  cas_key: ['4kPASxcdARsDT7oBcJHVyZWAAwN1HT13TGMtRPEmrApp4pFrddp'],
  config_id: 'a/b/c',
  rootfs: '00'.repeat(32),
});

// As a program: runs services that heed no SIGTERM until somebody ends the program; says so just before, and tells
// what they say.
if (process.argv[1] === import.meta.filename) {
  const [, , folder = '', tool = '', ...names] = process.argv;
  const digest = `sha256:${'0'.repeat(64)}`;
  console.log('starting');
  await runServices({
    services: names.map((name) => ({ name, initData, digest })),
    store: storeOf(new Map([[digest, 'trap "" TERM; echo up; while :; do sleep 0.1; done']])),
    tool,
    folder,
    environment: {},
    grace: 1000,
    signal: new AbortController().signal,
    onStart: () => undefined,
    onLine: (service, _stream, line) => console.log(service, line),
    onExit: () => undefined,
    onStop: () => undefined,
    onWarning: (warning) => console.log(warning.message),
  });
}
