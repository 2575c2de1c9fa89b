import { once } from 'node:events';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { launch, type Place, type RunningCas, result, startCas } from '../cli/sconectl.ts';
import { type Listener, listen, type Report } from './listener.ts';
import { builtProject } from './projects.ts';

/** What `sconectl apply -f mesh.yml` answered. */
export interface Applied {
  sessions: { name: string; action: 'created' | 'updated' | 'unchanged' | 'adopted'; hash: string }[];
  services: { service: string; session: string; image: string; digest: string }[];
}

/** Values of the variables in the reporter's Meshfile. */
export interface Variables {
  CAS_URL?: string;
  API_USER?: string;
  REPORT_TO?: string;
}

/** An owner with a CAS, and the reporter program's image built. */
export interface Mesh {
  place: Place;
  cas: RunningCas;
  /** Where the CAS keeps its ledger. */
  data: string;
  listener: Listener;
  runc: string;
  /** Arguments that apply the Meshfile. */
  applying: (variables?: Variables) => string[];
  apply: (variables?: Variables) => Promise<Applied>;
  /** `sconectl run`, with the report of the program. */
  start: (...options: string[]) => Promise<Started>;
  /** Events about the service's session in the ledger, as `sconectl cas log` tells them. */
  events: () => Promise<string[]>;
}

/** Everything one process of sconectl wrote. */
export interface Output {
  stdout: string;
  stderr: string;
}

/** A `sconectl run` whose program has reported. */
export interface Started {
  report: Report;
  /** Of sconectl. */
  pid: number;
  output: Output;
  /** Sends a signal to sconectl. */
  signal: (name: NodeJS.Signals) => void;
  /** Its exit code; rejects where a signal ended it. */
  ended: Promise<number>;
  /** Asks for the end with SIGTERM and answers the exit code. */
  stop: () => Promise<number>;
}

/** Prepares an owner; every process it starts ends with the test. */
export async function reporterMesh(t: TestContext, home: string, runc: string): Promise<Mesh> {
  const place = await builtProject(t, 'reporter', home);
  const data = join(home, 'cas');
  const cas = await startCas(t, place, data);
  return meshOf(t, { place, cas, data, runc, listener: await listen(t) });
}

/** The same over what is there already: another folder, home or CAS. */
export function meshOf(t: TestContext, parts: Pick<Mesh, 'place' | 'cas' | 'data' | 'listener' | 'runc'>): Mesh {
  const { place, cas, listener, runc } = parts;
  const applying = (variables: Variables = {}): string[] => {
    const all = { CAS_URL: cas.address, API_USER: 'myself', REPORT_TO: listener.address, ...variables };
    return [
      'apply',
      '-f',
      'mesh.yml',
      ...Object.entries(all).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
    ];
  };
  return {
    ...parts,
    applying,
    apply: (variables) => result<Applied>(place, ...applying(variables)),
    start: (...options) => startRun(t, place, listener, ['run', '--runc', runc, ...options]),
    events: async () => {
      const { entries } = await result<{ entries: { event: string }[] }>(
        place,
        'cas',
        'log',
        'space/reporter',
        '--cas',
        cas.address,
      );
      return entries.map(({ event }) => event);
    },
  };
}

/** Starts a mesh and waits for the report of its program. */
export async function startRun(
  t: Pick<TestContext, 'after'>,
  place: Place,
  listener: Listener,
  args: readonly string[],
): Promise<Started> {
  const { child, output } = launch(place, args);
  const ended = once(child, 'close').then(([code, signal]: unknown[]) => {
    if (typeof code !== 'number') throw new Error(`sconectl ended by ${String(signal)}: ${output.stderr}`);
    return code;
  });
  // Killed, it could not end its container; SIGTERM it can.
  t.after(async () => {
    child.kill('SIGTERM');
    await ended.catch(() => undefined);
  });
  const gone = new AbortController();
  const early = ended.then((code) => {
    gone.abort();
    throw new Error(`it ended with ${code} before the program reported:\n${output.stdout}${output.stderr}`);
  });
  const report = await Promise.race([listener.next(gone.signal), early]);
  early.catch(() => undefined);
  return {
    report,
    pid: child.pid ?? 0,
    output,
    signal: (name) => void child.kill(name),
    ended,
    stop: async () => {
      await report.tell('polite');
      child.kill('SIGTERM');
      return ended;
    },
  };
}
