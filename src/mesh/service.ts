import { fromHex, hex } from '../core/bytes.ts';
import type { Mode } from '../core/digest.ts';
import { type Position, SconeError } from '../core/errors.ts';
import { configIdHex, initDataHash, renderInitData } from '../initdata/document.ts';
import type { ServiceDescriptor } from '../manifest/descriptor.ts';
import type { Meshfile, MeshService } from '../manifest/meshfile.ts';
import type { Volume } from '../manifest/service.ts';
import { simEnclave } from '../measurement/sim.ts';
import { normaliseCompleteSession } from '../session/parse.ts';
import { type Session, sessionVersion } from '../session/types.ts';
import { deriveChartValues } from './chart-values.ts';
import { binaryName, deriveCommand } from './command.ts';
import { deriveEnvironment } from './environment.ts';
import { deriveSecrets, needsSalt } from './secrets.ts';
import type { Member, Sharing } from './sharing.ts';
import { renderTemplate } from './template.ts';
import type { CompleteDerivedService, MeshImage, MeshInput } from './types.ts';
import { meshValues } from './variables.ts';

/** The variable in which a service manifest says where its program listens. */
const portVariable = 'PYTHON_SERVICE_PORT';

/**
 * What follows for one service; nothing when there were problems, which are recorded. The session may hold what is not
 * supported yet.
 */
export function deriveService(
  input: MeshInput,
  member: Member,
  image: MeshImage,
  sharing: Sharing,
  problems: SconeError[],
  warnings: SconeError[],
): CompleteDerivedService | undefined {
  const { meshfile } = input;
  const { service, descriptor, lookup } = member;
  const before = problems.length;
  const at = service.at;
  const binary = binaryName(descriptor.argv);
  const values = meshValues(meshfile, service.name);
  const name = `${meshfile.policy.namespace}/${service.name}`;
  const environment = deriveEnvironment(service, descriptor, values, lookup, problems);
  const port = descriptor.environment.local.some((one) => one.name === portVariable)
    ? environment[portVariable]
    : undefined;
  const chart = deriveChartValues(service.image, image.digest, values, port, at, problems, warnings);
  const explicitValues: { [secret: string]: string } = Object.create(null);
  const salt = needsSalt(descriptor) ? input.salts.get(name) : undefined;

  const derived = attempt(problems, service, (): CompleteDerivedService => {
    const command = deriveCommand(descriptor, service, lookup);
    const initData = renderInitData({
      mode: 'service',
      cas_url: input.cas.serviceAddress,
      cas_key: [...input.cas.keys],
      config_id: `${name}/${binary}`,
      rootfs: image.rootfsDigest,
    });
    const files = descriptor.injection_files.map(({ path, content }) => ({
      path,
      ...(content === null
        ? {}
        : { content: renderTemplate(content, lookup, `the injected file ${path} of ${service.name}`, at) }),
    }));
    const mounts = descriptor.volumes.map((volume) => ({ name: volume.name, path: volume.path }));
    const volumes = descriptor.volumes.map(deriveVolume);
    const hasImage = files.length > 0 || mounts.length > 0;
    const session = normaliseCompleteSession({
      version: sessionVersion,
      name,
      ...(salt === undefined ? {} : { salt }),
      ...security(meshfile),
      services: [
        {
          name: binary,
          command,
          pwd: descriptor.pwd,
          environment,
          init_data: [hex(initDataHash(initData))],
          // Other TEEs have no measurement yet; without one nothing may start.
          attestation: descriptor.flavour === 'sim' ? [{ sim: { mrenclave: [measurement(image)] } }] : [],
          ...(hasImage ? { image_name: descriptor.name } : {}),
        },
      ],
      ...(hasImage
        ? {
            images: [
              { name: descriptor.name, injection_files: files, ...(mounts.length === 0 ? {} : { volumes: mounts }) },
            ],
          }
        : {}),
      secrets: deriveSecrets({ input, service, descriptor, sharing, lookup, salt }, explicitValues),
      ...(volumes.length === 0 ? {} : { volumes }),
    });
    return {
      service: service.name,
      session,
      explicitValues,
      initData,
      configId: configIdHex(initData),
      image: service.image,
      digest: image.digest,
      descriptor,
      chart,
    };
  });
  return problems.length > before ? undefined : derived;
}

/** A volume of a manifest, whose exports are flat, as sessions have it. */
function deriveVolume({ name, export: exports, import: imported }: Volume) {
  return {
    name,
    ...(imported === undefined ? {} : { import: imported }),
    ...(exports === undefined
      ? {}
      : {
          export: exports.map(({ update_policy, volume_alias, ...target }) =>
            update_policy === undefined && volume_alias === undefined
              ? target
              : {
                  to: target,
                  ...(update_policy === undefined ? {} : { update_policy }),
                  ...(volume_alias === undefined ? {} : { volume_alias }),
                },
          ),
        }),
  };
}

/** Simulation and production are not mixed: the one would get nothing, the other would protect nothing (item 47). */
export function flavourProblem(
  descriptor: ServiceDescriptor,
  mode: Mode,
  service: MeshService,
): SconeError | undefined {
  const simulated = descriptor.flavour === 'sim';
  if (simulated !== (mode === 'simulation')) {
    return new SconeError('E_MODE', `the image of ${service.name} and the CAS are not of one mode`, {
      at: service.at,
      expected: mode === 'simulation' ? 'an image for sim' : 'an image for a TEE',
      found: `an image for ${descriptor.flavour}`,
      hint: simulated
        ? 'a production CAS gives nothing to a simulated image: use a simulated CAS (sconectl cas start --simulation)'
        : 'use a production CAS, or build the image with --tee sim',
    });
  }
  return simulated ? undefined : unsupported(`a mesh for ${descriptor.flavour}`, service.at);
}

function measurement({ descriptor, rootfsDigest }: MeshImage): string {
  const runtime = fromHex(descriptor.runtime.sha256, 32, 'hash of the runtime');
  return hex(simEnclave(runtime, fromHex(rootfsDigest, 32, 'rootfs digest')));
}

function security({ policy }: Meshfile): Pick<Session, 'security'> {
  const { tolerate, ignore_advisories } = policy;
  if (tolerate.length === 0 && ignore_advisories.length === 0) return {};
  return { security: { attestation: { tolerate, ignore_advisories } } };
}

/** The error for something that is known and not supported yet. */
export function unsupported(what: string, at: Position): SconeError {
  return new SconeError('E_NOT_YET', `${what} is known, and not supported yet`, {
    at,
    hint: 'wait for a version of sconectl that supports it',
  });
}

/** Runs a step for one service; what it throws is recorded at the service, where it has no place of its own. */
function attempt<T>(problems: SconeError[], service: MeshService, step: () => T): T | undefined {
  try {
    return step();
  } catch (error) {
    if (!(error instanceof SconeError) || error.code === 'E_INTERNAL') throw error;
    if (error.at !== undefined) problems.push(error);
    else {
      problems.push(
        new SconeError(error.code, `no session can be made for ${service.name}`, {
          at: service.at,
          causes: error.errors.length > 0 ? error.errors.map(({ message }) => message) : [error.message],
          ...(error.expected === undefined ? {} : { expected: error.expected }),
          ...(error.found === undefined ? {} : { found: error.found }),
          ...(error.hint === undefined ? {} : { hint: error.hint }),
        }),
      );
    }
    return undefined;
  }
}
