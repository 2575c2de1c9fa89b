import { type Mode, parseKeyHash } from '../core/digest.ts';
import { SconeError } from '../core/errors.ts';
import type { CasEntry, Meshfile } from '../manifest/meshfile.ts';
import { notYet } from '../manifest/not-yet.ts';
import { summary } from '../manifest/yaml.ts';
import { normaliseSession } from '../session/parse.ts';
import { supportedSession, unsupportedParts } from '../session/supported.ts';
import { sessionVersion } from '../session/types.ts';
import { deriveService, flavourProblem, unsupported } from './service.ts';
import { type Member, shareSecrets } from './sharing.ts';
import type { Lookup } from './template.ts';
import type { CompleteMesh, DerivedMesh, MeshImage, MeshInput } from './types.ts';
import { unusedValues } from './unused.ts';
import { lookupFor } from './variables.ts';

/**
 * Everything that follows from a Meshfile and its images: the namespace's session, and for each service its session,
 * init data, explicit values and chart values. Pure and total: the same input gives the same bytes, and what cannot be
 * derived is refused with all problems at once (one problem as it is; several as one error with `errors`).
 */
export function deriveMesh(input: MeshInput): DerivedMesh {
  const { meshfile } = input;
  const complete = deriveCompleteMesh(input);
  const problems: SconeError[] = [...notYet(meshfile)];
  const mode = casMode(input, problems);
  for (const service of meshfile.services) {
    const descriptor = input.images.get(service.image)?.descriptor;
    const problem = descriptor === undefined ? undefined : flavourProblem(descriptor, mode, service);
    if (problem !== undefined) problems.push(problem);
  }
  problems.push(...complete.problems, ...complete.unsupported);
  const [first, second] = problems;
  if (first !== undefined) {
    if (second === undefined) throw first;
    const code = problems.every((problem) => problem.code === 'E_NOT_YET') ? 'E_NOT_YET' : 'E_MANIFEST';
    throw summary(meshfile.file, code, problems);
  }
  return {
    namespace: meshfile.policy.namespace,
    namespaceSession: normaliseSession({
      version: sessionVersion,
      name: meshfile.policy.namespace,
      access_policy: { read: ['CREATOR'], update: ['CREATOR'], create_sessions: ['CREATOR'] },
    }),
    services: complete.services.map((service) => ({ ...service, session: supportedSession(service.session) })),
    warnings: complete.warnings,
  };
}

/**
 * The same for all that the languages have, whether this version can honour it or not; for checks. It throws nothing:
 * what is wrong is in the answer.
 */
export function deriveCompleteMesh(input: MeshInput): CompleteMesh {
  const { meshfile } = input;
  const mesh: CompleteMesh = { services: [], problems: [], unsupported: [], warnings: [] };
  const members: { member: Member; image: MeshImage; asked: Set<string> }[] = [];
  for (const service of meshfile.services) {
    const image = input.images.get(service.image);
    if (image === undefined) {
      mesh.problems.push(
        new SconeError('E_IMAGE', `the image of ${service.name} is not in the local store`, {
          at: service.at,
          found: service.image,
          hint: 'build it first: sconectl apply -f <service manifest>, whose build.to is this name',
        }),
      );
      continue;
    }
    const { descriptor } = image;
    const lookup = lookupFor(meshfile, service, descriptor);
    const asked = new Set<string>();
    const recording: Lookup = (name) => {
      asked.add(name);
      return lookup(name);
    };
    members.push({
      member: {
        service,
        descriptor,
        lookup: recording,
        ...(image.locate === undefined ? {} : { locate: image.locate }),
      },
      image,
      asked,
    });
  }
  const sharing = shareSecrets(
    members.map(({ member }) => member),
    members.length === meshfile.services.length,
    mesh.problems,
  );
  for (const { member, image } of members) {
    const derived = deriveService(input, member, image, sharing, mesh.problems, mesh.warnings);
    if (derived === undefined) continue;
    mesh.services.push(derived);
    const later = new Set(unsupportedParts(derived.session).map(({ what }) => what));
    for (const what of later) mesh.unsupported.push(unsupported(`${what} (${member.service.name})`, member.service.at));
  }
  // What a service would have asked for behind a problem is not known.
  if (members.length === meshfile.services.length && mesh.problems.length === 0) {
    mesh.warnings.push(...unusedValues(meshfile, members));
  }
  for (const entry of meshfile.env) {
    if (!/\{\{.*\}\}/s.test(entry.value)) continue;
    mesh.warnings.push(
      new SconeError('E_VARIABLE', `the value of ${entry.name} holds {{…}}, which stays text`, {
        at: entry.at,
        hint: 'values of a Meshfile are not templates; variables are used in service manifests',
      }),
    );
  }
  return mesh;
}

/** The CAS that keeps the sessions of a mesh. */
export function policyCas(meshfile: Meshfile): CasEntry {
  const entry = meshfile.cas.find(({ roles }) => roles.includes('cas'));
  if (entry === undefined) throw new SconeError('E_INTERNAL', 'a Meshfile without a CAS was accepted');
  return entry;
}

function casMode({ cas, meshfile }: MeshInput, problems: SconeError[]): Mode {
  const modes = new Set(cas.keys.map((key) => parseKeyHash(key, 'key of the CAS').mode));
  const [mode] = modes;
  if (mode === undefined || modes.size > 1) {
    throw new SconeError('E_INTERNAL', 'the CAS must have keys of one mode', { found: cas.keys.join(', ') });
  }
  const { key } = policyCas(meshfile);
  if (key !== undefined && !cas.keys.includes(key)) {
    problems.push(
      new SconeError('E_CAS_IDENTITY', 'the attested CAS has another key than cas_key says', {
        at: meshfile.locate('cas', 0, 'cas_key'),
        expected: key,
        found: cas.keys.join(', '),
        hint: 'correct cas_url or cas_key',
      }),
    );
  }
  return mode;
}
