import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { build } from '../../scripts/build.ts';
import { runCommand } from '../../scripts/command.ts';
import { consoleSteps, fits, openShell } from '../docs/console.ts';
import { need } from '../support/require.ts';
import { tempFolder } from '../support/temp.ts';

const root = new URL('../..', import.meta.url).pathname;
const page = join(root, 'docs/how-to/verify-evidence.md');

/** A folder with the files that the page speaks of. */
function place(t: TestContext): string | undefined {
  const vectors = need(t, 'vectors');
  if (vectors === undefined) return undefined;
  const folder = tempFolder(t);
  for (const [from, to] of [
    ['sgx/quote-v3.bin', 'quote.bin'],
    ['sgx/quote-v3.collateral.json', 'collateral.json'],
    ['snp/report-milan.bin', 'report.bin'],
    ['snp/report-milan.vcek.der', 'vcek.der'],
    ['snp/amd-milan.ask-ark-asvk.pem', 'cert_chain.pem'],
  ] as const) {
    cpSync(join(vectors, from), join(folder, to));
  }
  return folder;
}

/** The first block of a language on the page. */
function block(language: string): string {
  const text = readFileSync(page, 'utf8');
  return new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\`\\n`).exec(text)?.[1] ?? assert.fail(language);
}

test('genuine: the commands of the how-to say what it shows', async (t) => {
  const folder = place(t);
  if (folder === undefined) return;
  writeFileSync(join(folder, 'tolerant.yml'), block('yaml'));
  const shell = openShell(folder, {
    ...process.env,
    SCONECTL_HOME: join(folder, 'home'),
    PATH: [join(root, 'bin'), dirname(process.execPath), process.env['PATH']].join(':'),
    LC_ALL: 'C.UTF-8',
  });
  t.after(() => shell.end());
  const steps = consoleSteps(page);
  assert.ok(steps.length >= 6);
  for (const { command, output, line } of steps) {
    const found = await shell.run(command);
    assert.ok(fits(output, found), `line ${line}: $ ${command}\n${found.join('\n')}`);
  }
});

test('genuine: the program of the how-to prints what it shows', async (t) => {
  const folder = place(t);
  if (folder === undefined) return;
  const installed = join(folder, 'node_modules', 'sconectl');
  mkdirSync(installed, { recursive: true });
  symlinkSync(join(root, 'package.json'), join(installed, 'package.json'));
  await build(join(installed, 'dist'));
  // A project of its own, wherever the folder lies: within ours, the name would mean ours.
  writeFileSync(join(folder, 'package.json'), '{}');
  writeFileSync(join(folder, 'example.mjs'), block('js'));
  const { code, output } = await runCommand(process.execPath, ['example.mjs'], { cwd: folder });
  assert.deepEqual([code, output], [0, block('text')]);
});
