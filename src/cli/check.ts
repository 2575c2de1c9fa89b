import { SconeError } from '../core/errors.ts';
import { type CheckedFile, checkFile, type Finding } from './check-file.ts';
import { readInputs } from './check-inputs.ts';
import type { Context, Run } from './context.ts';
import { renderError } from './report/render.ts';
import { valuesIn, variablesOf } from './variables.ts';

/** `sconectl check`: every problem of every file at once; nothing is built and nobody is asked. */
export const run: Run = async (context, { options }) => {
  if (context.outputs.has('json') && context.outputs.has('sarif')) {
    throw new SconeError('E_USAGE', 'standard output has one form', {
      expected: '--output json or --output sarif',
      found: 'both',
      hint: 'leave one out, or check twice',
    });
  }
  const variables = valuesIn(await variablesOf(context, options));
  const inputs = await readInputs(context, options['filename'] as string[]);
  const files: CheckedFile[] = [];
  for (const input of inputs) files.push(await checkFile(input, variables));
  const checked = files.filter(({ kind }) => kind !== 'other');
  if (checked.length === 0) {
    throw new SconeError('E_USAGE', 'there is nothing to check', {
      expected: 'service manifests, Meshfiles or sessions',
      hint: 'name files, or folders that hold some',
    });
  }
  const findings = await allFindings(context, checked);
  const strict = options['strict'] === true;
  const leveled = findings.map(({ level, error }): Finding => ({ level: strict ? 'error' : level, error }));
  const errors = leveled.filter(({ level }) => level === 'error').length;
  const result = {
    files: checked.map(({ file, kind }) => ({ file, kind })),
    errors,
    warnings: leveled.length - errors,
    findings: leveled.map(({ level, error }) => ({ level, ...error.toJSON() })),
  };
  const exitCode = errors === 0 ? 0 : 1;
  if (context.outputs.has('sarif')) {
    const { sarifOf } = await import('./check-sarif.ts');
    context.out(`${JSON.stringify(sarifOf(leveled, context.version, context.folder), null, 2)}\n`);
  } else if (context.outputs.has('json')) context.out(`${JSON.stringify({ ok: errors === 0, result })}\n`);
  else context.out(textOf(leveled, checked));
  return { result, text: '', exitCode, streamed: true };
};

/** Those of each file and those between files, in the order of the files and their lines. */
async function allFindings(context: Context, files: readonly CheckedFile[]): Promise<Finding[]> {
  const findings = files.flatMap((file) => file.findings);
  for (const file of files) {
    if (file.kind !== 'mesh' || file.loaded?.kind !== 'mesh') continue;
    const { checkMesh } = await import('./check-mesh.ts');
    findings.push(...(await checkMesh(context, file.loaded.manifest, files)));
  }
  if (files.some(({ kind }) => kind === 'session')) {
    const { checkSessions } = await import('./check-sessions.ts');
    findings.push(...checkSessions(files));
  }
  const order = new Map(files.map(({ file }, index) => [file, index]));
  const place = ({ error: { at } }: Finding) => order.get(at?.file ?? '') ?? files.length;
  return findings.toSorted(
    (a, b) =>
      place(a) - place(b) ||
      (a.error.at?.line ?? 0) - (b.error.at?.line ?? 0) ||
      (a.error.at?.column ?? 0) - (b.error.at?.column ?? 0),
  );
}

function textOf(findings: readonly Finding[], files: readonly CheckedFile[]): string {
  const texts = new Map(files.map(({ file, text }) => [file, text]));
  const ignore = (): void => undefined;
  const streams = { out: ignore, err: ignore, colours: false, readText: (file: string) => texts.get(file) };
  const errors = findings.filter(({ level }) => level === 'error').length;
  const count = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  return [
    ...findings.map(({ level, error }) => `${renderError(streams, error, level)}\n`),
    `${count(files.length, 'file')}, ${count(errors, 'error')}, ${count(findings.length - errors, 'warning')}\n`,
  ].join('');
}
