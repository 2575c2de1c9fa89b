import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import { run as check } from '../../src/cli/check.ts';
import type { Context } from '../../src/cli/context.ts';
import { systemClock } from '../../src/core/clock.ts';
import { tempFolder } from './temp.ts';

export const header = 'apiVersion: scone/5.8\n';
/** A small service manifest; `rest` is what follows its build. */
export const service = (name: string, rest = '') =>
  `${header}kind: genservice\nbuild: {name: ${name}, kind: python, to: ${name}, command: p}\n${rest}`;
/** A small Meshfile with these services; `rest` is what follows them. */
export const mesh = (services: string, rest = '') =>
  `${header}kind: mesh\ncas: [{name: cas, cas_url: h}]\npolicy: {namespace: ns}\nservices:\n${services}${rest}`;

export interface Call {
  files: { [name: string]: string };
  options?: { [name: string]: unknown };
  output?: string;
  environment?: { [name: string]: string };
}

/** A context in a folder of its own with these files. */
export function contextFor(t: TestContext, { files, output = 'text', environment = {} }: Call) {
  const folder = tempFolder(t);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const written: string[] = [];
  const nothing = (): void => undefined;
  const context: Context = {
    home: join(folder, '.home'),
    folder,
    environment,
    reporter: {
      progress: nothing,
      notice: nothing,
      warning: nothing,
      success: nothing,
      failure: nothing,
      pause: nothing,
    },
    outputs: new Set([output]),
    now: systemClock,
    version: '0.1.0',
    out: (text) => void written.push(text),
  };
  return { context, written };
}

/** Runs `sconectl check` on these files. */
export async function checked(t: TestContext, call: Call): Promise<{ exitCode: number | undefined; out: string }> {
  const { context, written } = contextFor(t, call);
  const { exitCode } = await check(context, { arguments: [], options: { filename: ['.'], ...call.options } });
  return { exitCode, out: written.join('') };
}
