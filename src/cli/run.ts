import { readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseAddress } from '../client/address.ts';
import { fileError, readIfThere } from '../client/file.ts';
import { rfc3339 } from '../core/clock.ts';
import { SconeError, systemCode } from '../core/errors.ts';
import { readBuilt } from '../image/built.ts';
import { parseInitData } from '../initdata/document.ts';
import { openStore } from '../oci/store.ts';
import { failureText, type RunService, runServices } from '../run/services.ts';
import { findTool } from '../run/tool.ts';
import type { Context, Input, Run } from './context.ts';
import { printable } from './report/render.ts';

/** What `run` ends with when it was not a program that failed (conventions, "Errors"). */
const ourFailure = 125;
/** Documented variables of the runtime that are passed on from the caller's environment. */
const passedOn = ['SCONE_LOG', 'SCONE_VERSION'] as const;

/**
 * `sconectl run`: the services of an applied mesh as containers of this machine, until they end or are told to. The
 * exit code is the program's; ours is 125.
 */
export const run: Run = async (context, input) => {
  try {
    return { result: undefined, text: '', exitCode: await runMesh(context, input), streamed: true };
  } catch (error) {
    if (!(error instanceof SconeError)) throw error;
    context.reporter.failure(error);
    return { result: undefined, text: '', exitCode: error.code === 'E_USAGE' ? 2 : ourFailure, streamed: true };
  }
};

async function runMesh(context: Context, { arguments: [folder = 'target'], options }: Input): Promise<number> {
  const { home, reporter, out, now, environment } = context;
  const grace = Number(options['grace']);
  if (!Number.isFinite(grace) || grace < 0 || grace > 3600) {
    throw new SconeError('E_USAGE', '--grace is no number of seconds', {
      expected: '0 to 3600',
      found: String(options['grace']),
    });
  }
  if (process.getuid?.() !== 0) {
    throw new SconeError('E_RUN', 'sconectl run needs root', {
      expected: 'uid 0, which can give the container the user of the image',
      found: `uid ${process.getuid?.()}`,
      hint: 'run it as root, or use Kubernetes with the chart',
    });
  }
  const given = options['runc'];
  const tool = findTool(typeof given === 'string' ? resolve(context.folder, given) : undefined, environment['PATH']);
  const target = resolve(context.folder, folder);
  const services = await appliedServices(target);
  const json = context.outputs.has('json');
  const event = (value: object): void => out(`${JSON.stringify({ time: rfc3339(now()), ...value })}\n`);
  const width = Math.max(...services.map(({ name }) => name.length));

  const stopper = new AbortController();
  // The lines of the services follow, so no line of ours may stay open.
  const say = (text: string): void => {
    reporter.progress(text);
    reporter.pause();
  };
  const stop = (): void => {
    if (!stopper.signal.aborted) say('Stopping');
    stopper.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  reporter.progress(`Starting ${services.map(({ name }) => name).join(', ')}`);
  try {
    return await runServices({
      services,
      store: await openStore(join(home, 'images')),
      tool,
      folder: join(home, 'run'),
      environment: runtimeVariables(environment, options['casAddr']),
      grace: grace * 1000,
      signal: stopper.signal,
      onStart: (service) => {
        reporter.pause();
        if (json) event({ service, event: 'start' });
      },
      onLine: (service, stream, line) => {
        if (json) event({ service, stream, line });
        else process[stream].write(`${service.padEnd(width)} | ${line}\n`);
      },
      onExit: (service, code) => {
        if (json) event({ service, event: 'exit', code });
        else if (code !== 0) say(`${service} ended with ${code}`);
      },
      onStop: (stopped, failure) => {
        const since = failureText(failure);
        say(`Stopping ${stopped.join(', ')}, since ${since}`);
        if (json) for (const one of stopped) event({ service: one, event: 'stop', since });
      },
      onWarning: (warning) => reporter.warning(warning),
    });
  } finally {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, stop);
  }
}

function runtimeVariables(environment: Context['environment'], casAddress: unknown): { [name: string]: string } {
  const variables: { [name: string]: string } = {};
  for (const name of passedOn) {
    const value = environment[name];
    if (value !== undefined) variables[name] = value;
  }
  if (typeof casAddress === 'string') {
    parseAddress(casAddress);
    variables['SCONE_CAS_ADDR'] = casAddress;
  }
  return variables;
}

/** The services that an apply left in `target/`, each with the image that its init data is for. */
async function appliedServices(target: string): Promise<RunService[]> {
  const folder = join(target, 'initdata');
  const names = await readdir(folder).catch((error: unknown) => {
    const code = systemCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw fileError(folder, 'read', error);
    throw notApplied(target);
  });
  const built = [...(await readBuilt(target)).values()];
  const services: RunService[] = [];
  for (const file of names.filter((name) => name.endsWith('.toml')).sort()) {
    const initData = await readIfThere(join(folder, file));
    if (initData === undefined) continue;
    const name = file.slice(0, -'.toml'.length);
    const fields = parseInitData(initData);
    const image = built.find(({ rootfs }) => rootfs === fields.rootfs);
    if (image === undefined) {
      throw new SconeError('E_IMAGE', `the image of ${name} was built again after the mesh was applied`, {
        expected: `an image with the rootfs digest ${fields.rootfs}`,
        found: built.map(({ rootfs }) => rootfs).join(', ') || 'no image',
        hint: 'apply the Meshfile again: its sessions then accept the new image',
      });
    }
    services.push({ name, initData, digest: image.digest });
  }
  if (services.length === 0) throw notApplied(target);
  return services;
}

function notApplied(target: string): SconeError {
  return new SconeError('E_RUN', `no mesh was applied into ${printable(target)}`, {
    hint: 'sconectl apply -f mesh.yml, with the same target directory',
  });
}
