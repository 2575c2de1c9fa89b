import { randomBytes } from 'node:crypto';
import { dirname, join, relative } from 'node:path';
import type { ReadAnswer } from '../api/answers.ts';
import { renderChart } from '../chart/chart.ts';
import { Cas } from '../client/cas.ts';
import { loadIdentity } from '../client/identity.ts';
import { homeMemory, lockMemory } from '../client/memory.ts';
import { saltOf, type Uploaded, uploadSession } from '../client/sessions.ts';
import { SconeError } from '../core/errors.ts';
import { makeTarget } from '../image/built.ts';
import type { Meshfile } from '../manifest/meshfile.ts';
import { deriveMesh, policyCas } from '../mesh/derive.ts';
import type { DerivedMesh, MeshImage } from '../mesh/types.ts';
import { exclusively } from '../oci/exclusive.ts';
import { parseReference, referenceName } from '../oci/reference.ts';
import { renderSessionYaml } from '../session/render.ts';
import type { Session } from '../session/types.ts';
import type { ApplyOptions } from './apply.ts';
import { demandTee, findImages } from './apply-images.ts';
import { attestPolicy, finishing, sayWhatItIs } from './cas-connection.ts';
import type { Context } from './context.ts';
import { lostSecrets } from './lost-secrets.ts';
import { PrivateValues } from './private.ts';
import type { Outcome } from './report/reporter.ts';
import { demandConfidential } from './session-file.ts';
import { shellWord } from './shell-word.ts';
import { type Files, initDataPath, keepPredecessor, predecessorOf, sessionPath, stageOutputs } from './target.ts';

/**
 * Applies a Meshfile: images and CAS are checked, everything is derived, laid ready on the disk, uploaded, and only
 * then put in its place. An interruption at any moment leaves the old outputs or the new ones, and applying again ends
 * in the same state.
 */
export async function applyMesh(
  context: Context,
  file: string,
  meshfile: Meshfile,
  options: ApplyOptions,
): Promise<Outcome> {
  await makeTarget(options.target);
  return exclusively(options.target, async () => {
    const images = await findImages(context, meshfile, options.target);
    demandTee(options.tee, meshfile, images);
    const cas = await openPolicyCas(context, file, meshfile);
    return finishing(cas, () => applyTo(context, cas, meshfile, images, options));
  });
}

async function applyTo(
  context: Context,
  cas: Cas,
  meshfile: Meshfile,
  images: ReadonlyMap<string, MeshImage>,
  options: ApplyOptions,
): Promise<Outcome> {
  const { target, dryRun } = options;
  const { reporter } = context;
  const { keyHash: me } = await loadIdentity(context.home, context.now);
  reporter.progress(`Deriving the sessions of ${meshfile.policy.namespace}`);
  const known = await knownSessions(cas, meshfile);
  const mesh = await derive(cas, meshfile, images, known, target);
  for (const warning of mesh.warnings) reporter.warning(warning);
  for (const { session } of mesh.services) {
    for (const warning of lostSecrets(known.get(session.name), session)) reporter.warning(warning);
  }
  for (const { explicitValues } of mesh.services) demandConfidential(cas, explicitValues, options.yesNotConfidential);

  const staged = await stageOutputs(target, outputsOf(mesh));
  const uploaded: Uploaded[] = [];
  try {
    if (!dryRun) {
      const send = async (session: Session, values: { [secret: string]: string }): Promise<Uploaded> => {
        reporter.progress(`Uploading the session ${session.name}`);
        const predecessor = await predecessorOf(target, session.name);
        const done = await uploadSession(cas, { session, values, known: known.get(session.name), predecessor, me });
        // At once: were it lost, the next apply would not know that this version is ours.
        await keepPredecessor(target, done.name, done.hash);
        uploaded.push(done);
        return done;
      };
      const { hash } = await send(mesh.namespaceSession, {});
      for (const { session, explicitValues } of mesh.services) {
        await send({ ...session, namespace_hash: hash }, explicitValues);
      }
    }
  } catch (error) {
    await staged.discard();
    throw error;
  }
  await staged.place();
  return outcome(context, cas, mesh, uploaded, target);
}

async function openPolicyCas(context: Context, file: string, meshfile: Meshfile): Promise<Cas> {
  const { name, host, port, key, tolerance, url } = policyCas(meshfile);
  context.reporter.progress(`Attesting the CAS at ${url}`);
  const cas = await Cas.open({
    address: { host: host.toLowerCase(), port },
    identity: await loadIdentity(context.home, context.now),
    memories: [homeMemory(context.home), lockMemory(dirname(file))],
    ...(key === undefined ? {} : { key }),
    policy: { ...(await attestPolicy(tolerance)), flagsIn: `the tolerance of the cas ${name} in ${meshfile.file}` },
    now: context.now,
  });
  sayWhatItIs(context, cas);
  return cas;
}

async function knownSessions(cas: Cas, { policy, services }: Meshfile): Promise<Map<string, ReadAnswer>> {
  const known = new Map<string, ReadAnswer>();
  for (const name of [policy.namespace, ...services.map((service) => `${policy.namespace}/${service.name}`)]) {
    const answer = await cas.session(name);
    if (answer !== undefined) known.set(name, answer);
  }
  return known;
}

async function derive(
  cas: Cas,
  meshfile: Meshfile,
  images: ReadonlyMap<string, MeshImage>,
  known: ReadonlyMap<string, ReadAnswer>,
  target: string,
): Promise<DerivedMesh> {
  const { attested } = cas;
  if (attested === undefined) throw new SconeError('E_INTERNAL', 'a Meshfile met a CAS that was not attested');
  const values = new PrivateValues(target);
  const { explicit, salts } = await values.read();
  const saltFor = (name: string): string => saltOf(known.get(name)) ?? salts[name] ?? randomBytes(16).toString('hex');
  const mesh = deriveMesh({
    meshfile,
    images,
    cas: { keys: [cas.key], serviceAddress: `${policyCas(meshfile).host}:${attested.servicePort}` },
    salts: new Map(
      meshfile.services.map(({ name }) => `${meshfile.policy.namespace}/${name}`).map((name) => [name, saltFor(name)]),
    ),
    explicit: new Map(
      meshfile.services.map(({ image }) => [
        image,
        new Map(Object.entries(explicit[referenceName(parseReference(image))] ?? {})),
      ]),
    ),
  });
  const used: { [session: string]: string } = {};
  for (const { session } of mesh.services) if (session.salt !== undefined) used[session.name] = session.salt;
  await values.keepSalts(used);
  return mesh;
}

function outputsOf(mesh: DerivedMesh): Files {
  const files = new Map<string, Uint8Array | string>();
  for (const session of [mesh.namespaceSession, ...mesh.services.map((service) => service.session)]) {
    files.set(sessionPath(session.name), renderSessionYaml(session));
  }
  for (const { service, initData, configId } of mesh.services) {
    files.set(initDataPath(service, 'toml'), initData);
    files.set(initDataPath(service, 'configid'), `${configId}\n`);
  }
  for (const [path, text] of renderChart(mesh)) files.set(join('helm', path), text);
  return files;
}

function outcome(
  context: Context,
  cas: Cas,
  mesh: DerivedMesh,
  uploaded: readonly Uploaded[],
  target: string,
): Outcome {
  const place = relative(context.folder, target) || '.';
  const adopted = uploaded.filter(({ action }) => action === 'adopted').map(({ name }) => name);
  if (adopted.length > 0) {
    context.reporter.notice(`adopted ${adopted.join(', ')}: made by this client earlier, and not known to ${place}`);
  }
  const services = mesh.services.map(({ service, session, image, digest, configId }) => ({
    service,
    session: session.name,
    image,
    digest,
    init_data: join(target, initDataPath(service, 'toml')),
    config_id: configId,
  }));
  return {
    result: {
      kind: 'mesh',
      namespace: mesh.namespace,
      cas: { address: cas.address, key: cas.key, mode: cas.mode },
      sessions: uploaded,
      services,
      chart: join(target, 'helm'),
      confidential: cas.mode === 'production',
    },
    text: [
      ...(uploaded.length === 0 ? ['nothing was uploaded (dry run)'] : []),
      ...uploaded.map(({ name, action, hash }) => `session  ${name}  ${action}  ${hash}`),
      ...services.map(({ service, image, digest }) => `service  ${service}  ${image}  ${digest}`),
      `chart    ${join(place, 'helm')}`,
      `Start it on this machine with: sconectl run ${shellWord(place)}`,
    ].join('\n'),
  };
}
