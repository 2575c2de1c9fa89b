import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { run as check } from '../../src/cli/check.ts';
import { checked, contextFor, mesh, service } from '../support/checked.ts';

/** The parts of SARIF that documents of ours have. */
interface Log {
  $schema: string;
  version: string;
  runs: Run[];
}
interface Run {
  tool: { driver: { name: string; version: string; rules: { id: string; shortDescription: Message }[] } };
  originalUriBaseIds: { [name: string]: { uri?: string; description: Message } };
  columnKind: string;
  results: Result[];
}
interface Result {
  ruleId: string;
  ruleIndex: number;
  level: string;
  message: Message;
  locations: {
    physicalLocation: {
      artifactLocation: { uri: string; uriBaseId?: string };
      region: { startLine: number; startColumn: number };
    };
  }[];
}
interface Message {
  text: string;
}

/** What SARIF 2.1.0 demands of these parts; by the number of the section. */
function demands(log: Log): Run {
  assert.equal(log.version, '2.1.0', '3.13.2');
  assert.match(log.$schema, /^https:\/\/docs\.oasis-open\.org\/sarif\/.*\/sarif-schema-2\.1\.0\.json$/, '3.13.3');
  const [run, second] = log.runs;
  assert.ok(run !== undefined && second === undefined, '3.13.4');
  const { name, rules } = run.tool.driver;
  assert.equal(name, 'sconectl', '3.19.8');
  assert.equal(new Set(rules.map(({ id }) => id)).size, rules.length, '3.19.23: rules differ');
  for (const { id, shortDescription } of rules) {
    assert.match(id, /^E_[A-Z_]+$/, '3.49.3');
    says(shortDescription);
  }
  assert.ok(['utf16CodeUnits', 'unicodeCodePoints'].includes(run.columnKind), '3.14.27');
  for (const [base, { uri, description }] of Object.entries(run.originalUriBaseIds)) {
    assert.match(base, /^%?[A-Z]+%?$/);
    assert.equal(uri, undefined, '3.14.14: absolute and with a slash at its end, or left to the consumer');
    says(description);
  }
  for (const result of run.results) resultDemands(result, run);
  return run;
}

function resultDemands({ ruleId, ruleIndex, level, message, locations }: Result, run: Run): void {
  assert.equal(run.tool.driver.rules[ruleIndex]?.id, ruleId, '3.27.6: the index is that of the rule');
  assert.ok(['none', 'note', 'warning', 'error'].includes(level), '3.27.10');
  says(message);
  assert.equal(locations.length, 1, '3.27.12: where it can be fixed');
  for (const { physicalLocation } of locations) {
    const { uri, uriBaseId } = physicalLocation.artifactLocation;
    assert.doesNotMatch(uri, /[ "<>\\^`{|}#?]/, '3.10.1: it is a URI reference');
    if (uriBaseId === undefined) assert.ok(URL.canParse(uri), `3.4.3: ${uri} stands alone`);
    else {
      assert.ok(Object.hasOwn(run.originalUriBaseIds, uriBaseId), '3.4.4');
      assert.ok(!URL.canParse(uri) && !uri.startsWith('/'), `3.4.4: ${uri} is relative`);
      assert.ok(!uri.split('/').includes('..'), '3.10.2: no dot segments');
    }
    const { startLine, startColumn } = physicalLocation.region;
    assert.ok(startLine >= 1 && startColumn >= 1, '3.30.5, 3.30.6');
  }
}

function says({ text }: Message): void {
  assert.ok(typeof text === 'string' && text !== '', '3.11: a message has a text');
}

/** The address of each result, and where in it. */
const places = ({ results }: Run) =>
  results.map(({ level, ruleId, locations: [location] }) => {
    assert.ok(location !== undefined);
    const { artifactLocation, region } = location.physicalLocation;
    return `${level} ${ruleId} ${artifactLocation.uri}:${region.startLine}:${region.startColumn}`;
  });

test('SARIF has what its standard demands, one rule for each code and one result for each finding', async (t) => {
  const { out } = await checked(t, {
    files: {
      'a b/ü#.yml': service('a', 'requirements: r\nsecrets: {global: [{name: k, kind: private-key}]}\nx: 1\n'),
      'b.yml': service('b', 'requirements: r\nenvironment: {local: [{name: A, value: $NOBODY}]}\n'),
      'c.yml': service('c', 'requirements: r\n'),
      'mesh.yml': mesh('- image: r\n- image: c\n'),
    },
    output: 'sarif',
  });
  const run = demands(JSON.parse(out) as Log);
  assert.deepEqual(
    run.tool.driver.rules.map(({ id }) => id),
    ['E_IMAGE', 'E_MANIFEST', 'E_NOT_YET', 'E_VARIABLE'],
  );
  assert.deepEqual(places(run), [
    'error E_MANIFEST a%20b/%C3%BC%23.yml:6:1',
    'error E_VARIABLE b.yml:5:40',
    'warning E_NOT_YET c.yml:4:1',
    'error E_IMAGE mesh.yml:6:3',
  ]);
});

test('SARIF says nothing of the machine: files below the folder are relative, and others whole', async (t) => {
  const { context, written } = contextFor(t, {
    files: { 'inside/a.yml': 'kind: mesh\n', 'outside.yml': 'kind: mesh\n' },
    output: 'sarif',
  });
  const folder = join(context.folder, 'inside');
  const filename = [join(folder, 'a.yml'), '../outside.yml'];
  await check({ ...context, folder }, { arguments: [], options: { filename } });
  const run = demands(JSON.parse(written.join('')) as Log);
  assert.deepEqual(
    new Set(places(run).map((place) => place.replace(/^.* |:\d+:\d+$/g, ''))),
    new Set(['a.yml', `file://${context.folder}/outside.yml`]),
  );
});

test('SARIF of files without findings has a run without results', async (t) => {
  const { out } = await checked(t, { files: { 'a.yml': service('a') }, output: 'sarif' });
  const { results, tool } = demands(JSON.parse(out) as Log);
  assert.deepEqual([results, tool.driver.rules], [[], []]);
});
