import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { build, declare } from '../scripts/build.ts';
import { runCommand } from '../scripts/command.ts';
import { makeSnpWorld } from './evidence/snp-world.ts';
import { makeWorld, now } from './evidence/world.ts';

const root = new URL('..', import.meta.url).pathname;
const world = makeWorld();
const snp = makeSnpWorld();

/** What somebody who installed the package could write. */
const script = `
import { readFileSync } from 'node:fs';
import { appraise, parseBundle, parseCollateral, productionRoots, Refusal, satisfies, SconeError, verify } from 'sconectl/verify';

const { roots, now } = JSON.parse(readFileSync('settings.json', 'utf8'));
const quote = readFileSync('quote.bin');
const options = { roots, now: new Date(now), collateral: readFileSync('collateral.json') };
const { claims, tee } = verify(quote, options);
const requirement = { sim: { mrenclave: [Buffer.from(claims.mrenclave).toString('hex')] } };
const again = verify({ quote, tee: 'sim' }, { ...options, collateral: parseCollateral(options.collateral) });
const text = String(options.collateral);
const bundle = '{"v":1,"kind":"sconectl collateral","platforms":[' + text + ',' + text + ']}';
const codes = [];
for (const attempt of [
  () => verify(quote, { ...options, roots: productionRoots }),
  () => verify(quote, { collateral: options.collateral, now: options.now }),
  () => verify(quote.subarray(1), options),
  () => verify(quote, { roots, now: options.now }),
  () => verify(quote, { ...options, collateral: '{' }),
  () => verify(quote, { ...options, collateral: bundle }),
  () => appraise(claims, [{ sim: { mrenclave: [] } }]),
]) {
  try {
    attempt();
    codes.push('accepted');
  } catch (error) {
    const refusals = error.errors?.every((one) => one instanceof Refusal && one.check !== '');
    codes.push(error instanceof SconeError && (refusals || error.code === 'E_ATTESTATION') ? error.code : String(error));
  }
}
console.log(JSON.stringify({
  tee,
  status: claims.tcb.status,
  same: again.claims.fmspc === claims.fmspc && parseBundle(bundle).length === 2,
  satisfied: satisfies(claims, requirement),
  other: satisfies(claims, { sim: { mrenclave: ['00'.repeat(32)] } }),
  codes,
}));
`;

/** The same report and a forgery of it, until its key has a table; and whether WebAssembly made that. */
const often = `
import { readFileSync } from 'node:fs';
import { parseCollateral, Verifier } from 'sconectl/verify';

let machines = 0;
if (globalThis.WebAssembly !== undefined) {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(module) {
      super(module);
      machines++;
    }
  };
}
const { roots, now } = JSON.parse(readFileSync('snp-settings.json', 'utf8'));
const options = { collateral: parseCollateral(readFileSync('snp.json')), now: new Date(now) };
const report = readFileSync('report.bin');
const forged = Buffer.from(report);
forged[0x90] ^= 1;
const verifier = new Verifier(roots);
const outcomes = new Set();
for (let time = 0; time < 20; time++) {
  outcomes.add(verifier.judge({ quote: report }, options).tee);
  try {
    outcomes.add('accepted ' + verifier.judge({ quote: forged }, options).tee);
  } catch (error) {
    outcomes.add(error.errors.map(({ check }) => check).join());
  }
}
console.log([...outcomes].join(' '), machines);
`;

const typed = `
import { type ErrorCode, type Requirement, satisfies, SconeError, type TeeClaims, verify } from 'sconectl/verify';

export function mrenclaveOf(quote: Uint8Array, collateral: string): Uint8Array | undefined {
  const { claims }: { claims: TeeClaims } = verify(quote, { collateral, now: new Date() });
  const requirement: Requirement = { sgx: { mrenclave: ['00'] } };
  if (!satisfies(claims, requirement)) return undefined;
  return claims.tee === 'sgx' || claims.tee === 'sim' ? claims.mrenclave : undefined;
}
export const codeOf = (error: SconeError): ErrorCode => error.code;
// @ts-expect-error a time has to be given
verify(new Uint8Array(), { collateral: '' });
// @ts-expect-error an empty object asks for nothing
satisfies({} as TeeClaims, {});
`;

suite('the package as others install it', () => {
  let folder = '';
  let project = '';

  before(async () => {
    mkdirSync(tmpdir(), { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 't-'));
    const source = join(folder, 'source');
    await build(join(source, 'dist'));
    await declare(join(source, 'dist', 'types'));
    for (const name of ['package.json', 'README.md', 'LICENSE', 'bin']) {
      cpSync(join(root, name), join(source, name), { recursive: true });
    }
    const packed = await runCommand('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {
      cwd: source,
      env: { npm_config_cache: join(folder, 'npm'), npm_config_update_notifier: 'false', npm_config_offline: 'true' },
    });
    assert.equal(packed.code, 0, packed.output);
    const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
    // Unpacked, not installed: nothing of what the package's other parts depend on is there.
    project = join(folder, 'project');
    const target = join(project, 'node_modules', 'sconectl');
    mkdirSync(target, { recursive: true });
    const unpacked = await runCommand('tar', ['-xzf', join(folder, tarball), '-C', target, '--strip-components=1']);
    assert.equal(unpacked.code, 0, unpacked.output);
    writeFileSync(join(project, 'package.json'), '{"name":"empty","type":"module","private":true}\n');
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const installed = (...path: string[]): string => join(project, 'node_modules', 'sconectl', ...path);

  test('verifies evidence in an empty project, with nothing else installed', async () => {
    writeFileSync(join(project, 'quote.bin'), world.quote);
    writeFileSync(join(project, 'collateral.json'), world.collateral);
    writeFileSync(join(project, 'settings.json'), JSON.stringify({ roots: world.roots, now }));
    writeFileSync(join(project, 'script.js'), script);
    const { code, output } = await runCommand(
      process.execPath,
      // What lies in folders above is out of reach, and so are the network and other programs.
      ['--permission', `--allow-fs-read=${project}`, 'script.js'],
      { cwd: project },
    );
    assert.equal(code, 0, output);
    assert.deepEqual(JSON.parse(output), {
      tee: 'sim',
      status: 'UpToDate',
      same: true,
      satisfied: true,
      other: false,
      codes: ['E_CHAIN', 'E_CHAIN', 'E_EVIDENCE', 'E_COLLATERAL', 'E_COLLATERAL', 'E_COLLATERAL', 'E_ATTESTATION'],
    });
  });

  test('verifies the reports of a chip it has seen often, as far as the process lets it', async () => {
    writeFileSync(join(project, 'report.bin'), snp.report);
    writeFileSync(join(project, 'snp.json'), snp.collateral.text);
    writeFileSync(join(project, 'snp-settings.json'), JSON.stringify({ roots: snp.roots, now }));
    writeFileSync(join(project, 'often.js'), often);
    for (const [flag, machines] of [
      ['--disallow-code-generation-from-strings', 1],
      ['--jitless', 0],
    ] as const) {
      const flags = [flag, '--permission', `--allow-fs-read=${project}`];
      const { code, output } = await runCommand(process.execPath, [...flags, 'often.js'], { cwd: project });
      assert.equal(code, 0, output);
      assert.equal(output, `snp report-signature ${machines}\n`, flag);
    }
  });

  test('has types that need nothing, and that hold under a strict check of themselves too', async () => {
    writeFileSync(join(project, 'typed.ts'), typed);
    const compile = (...more: string[]) =>
      runCommand(
        join(root, 'node_modules', '.bin', 'tsc'),
        ['--ignoreConfig', '--noEmit', '--strict', '--module', 'nodenext', '--target', 'esnext', ...more, 'typed.ts'],
        { cwd: project },
      );
    for (const check of ['true', 'false']) {
      const without = await compile('--skipLibCheck', check, '--types', '');
      assert.equal(without.code, 0, without.output);
    }
    symlinkSync(join(root, 'node_modules', '@types'), join(project, 'node_modules', '@types'));
    symlinkSync(join(root, 'node_modules', 'undici-types'), join(project, 'node_modules', 'undici-types'));
    const strict = await compile('--types', 'node', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess');
    assert.equal(strict.code, 0, strict.output);
  });

  test('installs no command: one that was packed would not find its sources', () => {
    const manifest = JSON.parse(readFileSync(installed('package.json'), 'utf8')) as { [name: string]: unknown };
    assert.deepEqual([manifest['name'], manifest['bin'], manifest['directories']], ['sconectl', undefined, undefined]);
    assert.deepEqual(readdirSync(installed()).sort(), ['LICENSE', 'README.md', 'dist', 'package.json']);
  });

  test('brings nothing of the server, the builder and the command line along', () => {
    const text = readFileSync(installed('dist', 'verify.js'), 'utf8');
    const imports = [...text.matchAll(/^(?:import|export)\b[^;]*?["']([^"']+)["'];$/gm)].map(([, name]) => name);
    assert.deepEqual([...new Set(imports)], ['node:crypto']);
    assert.doesNotMatch(text, /\b(?:import|require)\s*\(|createRequire/);
    for (const [room, sign] of Object.entries({
      cas: 'sconectl ledger',
      cli: 'commander',
      client: 'SCONECTL_HOME',
      image: 'dpkg',
      runtime: '/opt/scone',
      simulation: 'sconectl SIMULATION',
      fetching: '/certification/v',
    })) {
      assert.ok(!text.includes(sign), room);
    }
    assert.ok(text.length < 200_000, `${text.length} characters`);
    const rooms = readdirSync(installed('dist', 'types'), { withFileTypes: true });
    assert.deepEqual(
      rooms.filter((entry) => entry.isDirectory()).map(({ name }) => name),
      ['collateral', 'core', 'evidence', 'pki'],
    );
    assert.deepEqual(readdirSync(installed('dist', 'types', 'collateral')), ['supply.d.ts']);
  });

  test('shows no other file to those who import it', async () => {
    for (const path of ['sconectl', 'sconectl/dist/cas.js', 'sconectl/dist/verify.js', 'sconectl/src/verify.ts']) {
      const { code, output } = await runCommand(process.execPath, ['-e', `import(${JSON.stringify(path)})`], {
        cwd: project,
      });
      assert.notEqual(code, 0, path);
      assert.match(output, /ERR_PACKAGE_PATH_NOT_EXPORTED/);
    }
  });
});
