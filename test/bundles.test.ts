import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, before, suite, test } from 'node:test';
import packageJson from '../package.json' with { type: 'json' };
import { build } from '../scripts/build.ts';
import { runCommand } from '../scripts/command.ts';
import { sha256 } from '../src/core/digest.ts';
import { simulationRoots } from '../src/sim/anchor.ts';
import keys from '../src/sim/platform.json' with { type: 'json' };
import { compileRuntime } from './ground/binaries.ts';
import { need } from './support/require.ts';
import { tempFolder } from './support/temp.ts';

/** What only the simulated platform knows: its private keys. */
const secrets = new Map<string, Buffer>();
/** What leads to trusting it: certificates, public keys and their hashes. */
const anchors = new Map<string, Buffer>();

for (const [role, { key, certificate }] of Object.entries(keys)) {
  const { d = '' } = createPrivateKey(key).export({ format: 'jwk' });
  const spki = createPublicKey(certificate).export({ type: 'spki', format: 'der' });
  secrets.set(`private key of ${role}`, Buffer.from(d, 'base64url'));
  anchors.set(`certificate of ${role}`, new X509Certificate(certificate).raw);
  // The last 64 bytes of the SPKI of a P-256 key are its point.
  anchors.set(`public key of ${role}`, spki.subarray(-64));
  anchors.set(`key hash of ${role}`, Buffer.from(sha256(spki)));
}
anchors.set('name of the simulated vendor', Buffer.from('sconectl SIMULATION'));

/** Which of the needles a file holds: raw, in hex of either case, or in base64 at any of its three alignments. */
function holds(bytes: Buffer, needles: ReadonlyMap<string, Buffer>): string[] {
  // Line breaks and escapes within base64 (PEM in a string) and hex do not hide anything.
  const text = bytes.toString('latin1').replace(/\\n|\s/g, '');
  const lower = text.toLowerCase();
  return [...needles]
    .filter(([, needle]) => {
      if (bytes.includes(needle) || lower.includes(needle.toString('hex'))) return true;
      return [0, 1, 2].some((skip) => {
        const part = needle.subarray(skip, needle.length - ((needle.length - skip) % 3));
        return text.includes(part.toString('base64')) || text.includes(part.toString('base64url'));
      });
    })
    .map(([name]) => name);
}

suite('the bundles', () => {
  /** By their path below dist; the command line has several files. */
  const bundles = new Map<string, Buffer>();
  const bundle = (name: string) => bundles.get(name) ?? assert.fail(`no bundle ${name}`);
  const commandLine = () =>
    Buffer.concat([...bundles].filter(([name]) => /^sconectl[./]/.test(name)).map(([, bytes]) => bytes));

  let folder = '';
  const dist = () => join(folder, 'dist');
  before(async () => {
    mkdirSync(tmpdir(), { recursive: true });
    folder = mkdtempSync(join(tmpdir(), 't-'));
    // The bundle of the command line looks for its package beside its folder.
    symlinkSync(new URL('../package.json', import.meta.url).pathname, join(folder, 'package.json'));
    for (const file of await build(dist())) bundles.set(relative(dist(), file), readFileSync(file));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('63: the production CAS contains nothing of the simulation, neither its keys nor its root', () => {
    assert.deepEqual(holds(bundle('cas.js'), new Map([...secrets, ...anchors])), []);
    assert.doesNotMatch(bundle('cas.js').toString(), /src\/sim\//);
  });

  test('63: the command line knows the simulation root by its hash and none of its keys', () => {
    assert.deepEqual(holds(commandLine(), secrets), []);
    assert.deepEqual(holds(commandLine(), anchors), ['key hash of root', 'name of the simulated vendor']);
    assert.equal(simulationRoots.sgxRootSpkiSha256, anchors.get('key hash of root')?.toString('hex'));
  });

  test('63: the same search finds all of it in the simulated CAS', () => {
    const found = holds(bundle('cas-sim.js'), new Map([...secrets, ...anchors]));
    for (const role of Object.keys(keys)) {
      assert.ok(found.includes(`private key of ${role}`), role);
      assert.ok(found.includes(`certificate of ${role}`), role);
    }
  });

  test('the same sources make the same bundles', async (t) => {
    const elsewhere = join(tempFolder(t), 'elsewhere');
    const again = await build(elsewhere);
    for (const file of again) assert.ok(readFileSync(file).equals(bundle(relative(elsewhere, file))), file);
    assert.equal(again.length, bundles.size);
  });

  test('a CAS is the one file that it measures, and the command line reads a small one before it knows the command', () => {
    assert.deepEqual([...bundles.keys()].filter((name) => name.startsWith('cas')).toSorted(), ['cas-sim.js', 'cas.js']);
    assert.ok(bundle('sconectl.js').length < 4096);
    assert.ok(commandLine().length > 1024 * 1024);
  });

  test('building again leaves nothing of an older bundle', async (t) => {
    const at = tempFolder(t);
    mkdirSync(join(at, 'sconectl'));
    writeFileSync(join(at, 'sconectl', 'old.js'), '');
    const files = await build(at);
    assert.deepEqual(
      readdirSync(join(at, 'sconectl')).toSorted(),
      files
        .map((file) => relative(join(at, 'sconectl'), file))
        .filter((name) => !name.startsWith('..'))
        .toSorted(),
    );
  });

  test('no bundle holds a path of the machine that made it', () => {
    const root = new URL('..', import.meta.url).pathname;
    for (const [name, bytes] of bundles) assert.ok(!bytes.includes(root), name);
  });

  test('they start: the version, a check of files, and the refusal of a machine without a TEE', async (t) => {
    const { code, output } = await runCommand(join(folder, 'dist', 'sconectl.js'), ['--version']);
    assert.deepEqual({ code, output }, { code: 0, output: `${packageJson.version}\n` });
    const project = new URL('..', import.meta.url).pathname;
    const checked = await runCommand(join(dist(), 'sconectl.js'), ['check', '-f', join(project, 'examples', 'hello')]);
    assert.match(checked.output, /2 files, 0 errors/);
    assert.equal(checked.code, 0);
    const refusal = await runCommand(join(folder, 'dist', 'cas.js'), ['--data', join(tempFolder(t), 'cas')]);
    assert.match(refusal.output, /E_TEE|E_NOT_YET/);
    assert.equal(refusal.code, 1);
  });
});

test('63: the production runtime contains nothing of the simulation, the simulated one does', async (t) => {
  if (need(t, 'go') === undefined) return;
  const folder = tempFolder(t);
  const all = new Map([...secrets, ...anchors]);
  assert.deepEqual(holds(readFileSync(await compileRuntime(folder, 'production')), all), []);
  const found = holds(readFileSync(await compileRuntime(folder, 'sim')), all);
  assert.ok(found.includes('private key of pck') && found.includes('certificate of pck'), found.join(', '));
});

test('63: the production runtime imports no package of the simulation', async (t) => {
  if (need(t, 'go') === undefined) return;
  const cwd = new URL('../runtime', import.meta.url).pathname;
  const packages = async (...tags: string[]) => {
    const { code, output } = await runCommand('go', ['list', ...tags, '-deps', '.'], { cwd });
    assert.equal(code, 0, output);
    return output.split('\n').filter((name) => name.startsWith('sconectl/'));
  };
  assert.deepEqual(
    (await packages()).filter((name) => /sim/.test(name)),
    [],
  );
  assert.ok((await packages('-tags', 'sim')).some((name) => /sim/.test(name)));
});
