// Types, lint, format, rooms, and Go's vet and gofmt; all at once, each with its time. `npm run check`.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Outcome, runCommand } from './command.ts';
import { root } from './environment.ts';
import { lintRooms } from './rooms.ts';

interface Check {
  name: string;
  run: () => Promise<Outcome>;
  /** What to do about a failure, where the output does not say it. */
  hint?: string;
}

const folders = ['src', 'scripts', 'test', 'bench'].filter((name) => existsSync(join(root, name)));

const checks: Check[] = [
  { name: 'types', run: () => tool('tsc', '-p', '.') },
  { name: 'lint', run: () => tool('oxlint', '--type-aware', '--deny-warnings', ...folders) },
  { name: 'format', run: () => tool('biome', 'check'), hint: 'node_modules/.bin/biome check --write' },
  { name: 'rooms', run: rooms },
];
if (existsSync(join(root, 'runtime', 'go.mod'))) {
  checks.push(
    { name: 'go vet', run: () => go('vet', './...') },
    { name: 'go vet, sim', run: () => go('vet', '-tags', 'sim', './...') },
    { name: 'gofmt', run: gofmt, hint: 'gofmt -w runtime' },
  );
}

function tool(name: string, ...args: string[]): Promise<Outcome> {
  return runCommand(join(root, 'node_modules', '.bin', name), args);
}

async function rooms(): Promise<Outcome> {
  const began = performance.now();
  const wrong = lintRooms(root);
  const output = wrong.map(({ path, line, message }) => `${path}:${line}: ${message}\n`).join('');
  return { code: wrong.length === 0 ? 0 : 1, output, seconds: (performance.now() - began) / 1000 };
}

async function go(...args: string[]): Promise<Outcome> {
  return withoutGo(await runCommand('go', args, { cwd: join(root, 'runtime') }));
}

async function gofmt(): Promise<Outcome> {
  const outcome = withoutGo(await runCommand('gofmt', ['-l', '.'], { cwd: join(root, 'runtime') }));
  return outcome.code === 0 && outcome.output !== '' ? { ...outcome, code: 1 } : outcome;
}

function withoutGo(outcome: Outcome): Outcome {
  if (outcome.code !== 127) return outcome;
  return {
    ...outcome,
    output:
      'Go is missing: the runtime needs Go 1.24 or newer, with `go` and `gofmt` on the PATH (https://go.dev/dl)\n',
  };
}

const results = await Promise.all(
  checks.map(async (check) => {
    const outcome = await check.run();
    console.log(`${outcome.code === 0 ? 'ok    ' : 'FAILED'} ${check.name.padEnd(12)} ${outcome.seconds.toFixed(1)} s`);
    return { check, outcome };
  }),
);
const failed = results.filter(({ outcome }) => outcome.code !== 0);
for (const { check, outcome } of failed) {
  console.log(`\n--- ${check.name}\n${outcome.output.trimEnd()}`);
  if (check.hint !== undefined) console.log(`To mend it: ${check.hint}`);
}
console.log(`\n${results.length - failed.length} checks passed, ${failed.length} failed`);
process.exitCode = failed.length === 0 ? 0 : 1;
