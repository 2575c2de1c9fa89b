import { utf8 } from '../../src/core/bytes.ts';
import { keyHash, sha256, sha256Hex } from '../../src/core/digest.ts';
import { describeService, planBuild } from '../../src/image/plan.ts';
import { explicitValues } from '../../src/manifest/explicit-values.ts';
import { loadManifest } from '../../src/manifest/load.ts';
import { deriveMesh } from '../../src/mesh/derive.ts';
import type { DerivedMesh, MeshImage, MeshInput } from '../../src/mesh/types.ts';

export const simKey = keyHash(sha256(utf8('a simulated CAS')), 'simulation');
export const productionKey = keyHash(sha256(utf8('a CAS')), 'production');
export const imageName = 'registry.example.org:5000/hello/app:1';
export const salt = '000102030405060708090a0b0c0d0e0f';

export interface Sample {
  /** Lines of the service manifest below `build`'s name, kind, to and command. */
  service?: string;
  command?: string;
  /** Lines of the Meshfile behind its `cas`, `policy` and `services`. */
  mesh?: string;
  policy?: string;
  cas?: string;
  services?: string;
  env?: { [name: string]: string };
  flavour?: 'sim' | 'sgx';
  key?: string;
}

const header = 'apiVersion: scone/5.8\n';

/** What `deriveMesh` takes, for one image and a Meshfile that are written as YAML. */
export function sampleInput(sample: Sample = {}): MeshInput {
  const variables = new Map<string, string>();
  const manifest = loadManifest(
    `${header}kind: genservice\nbuild:\n  name: app\n  kind: python\n  to: ${imageName}\n  pwd: /app\n` +
      `  command: ${JSON.stringify(sample.command ?? 'python3 app.py')}\n${sample.service ?? ''}`,
    'service.yml',
    { variables },
  );
  const meshfile = loadManifest(
    `${header}kind: mesh\ncas:\n- name: cas\n  cas_url: cas.example.org\n${sample.cas ?? ''}` +
      `policy:\n  namespace: ns\n${sample.policy ?? ''}` +
      `services:\n${sample.services ?? `- name: one\n  image: ${imageName}\n`}${sample.mesh ?? ''}`,
    'mesh.yml',
    { variables },
  );
  if (manifest.kind !== 'genservice' || meshfile.kind !== 'mesh') throw new Error('the samples are of the wrong kind');
  const made = {
    version: '0.1.0',
    runtimeSha256: sha256Hex(utf8('runtime')),
    env: Object.assign(Object.create(null), sample.env ?? { PATH: '/usr/bin:/bin', LANG: 'C.UTF-8' }),
    injectionFiles: manifest.manifest.injection_files,
  };
  const image: MeshImage = {
    descriptor: {
      ...describeService(manifest.manifest, planBuild(manifest.manifest, 'sim'), made),
      flavour: sample.flavour ?? 'sim',
    },
    rootfsDigest: sha256Hex(utf8('rootfs')),
    digest: `sha256:${sha256Hex(utf8('image'))}`,
  };
  return {
    meshfile: meshfile.manifest,
    images: new Map([[imageName, image]]),
    cas: { keys: [sample.key ?? simKey], serviceAddress: 'cas.example.org:18765' },
    salts: new Map(meshfile.manifest.services.map(({ name }) => [`ns/${name}`, salt])),
    explicit: new Map([[imageName, new Map(Object.entries(explicitValues(manifest.manifest)))]]),
  };
}

export function sampleMesh(sample: Sample = {}): DerivedMesh {
  return deriveMesh(sampleInput(sample));
}
