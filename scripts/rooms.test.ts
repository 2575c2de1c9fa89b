import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowed, lintRooms, loadRooms, type Rooms, type Wrong, wrongImports } from './rooms.ts';

const root = new URL('..', import.meta.url).pathname;
const rooms = loadRooms(root);
const names = Object.keys(rooms);

function lint(path: string, text: string, ours: Rooms = rooms): Wrong[] {
  return wrongImports(ours, ['yaml', '@hono/node-server'], [{ path, text }]);
}

/** Every way of writing an import that reaches another module. */
const forms: readonly ((specifier: string) => string)[] = [
  (specifier) => `import { x } from '${specifier}';`,
  (specifier) => `import type { X } from '${specifier}';`,
  (specifier) => `import '${specifier}';`,
  (specifier) => `import * as x from "${specifier}";`,
  (specifier) => `export * from '${specifier}';`,
  (specifier) => `export { x } from '${specifier}';`,
  (specifier) => `const x = await import('${specifier}');`,
  (specifier) => `const x = await import(\`${specifier}\`);`,
  (specifier) => `type X = import('${specifier}').X;`,
  (specifier) => `let x: typeof import('${specifier}');`,
  (specifier) => `const x = require('${specifier}');`,
];

test('the sources of this project follow rooms.json', () => {
  assert.deepEqual(lintRooms(root), []);
});

for (const from of names) {
  for (const to of names) {
    if (from === to) continue;
    const path = `src/${from}/a.ts`;
    const wrong = !allowed(rooms, from, 'a.ts', to, 'b.ts');
    test(`${from} ${wrong ? 'may not' : 'may'} import ${to}`, () => {
      for (const form of forms) {
        const found = lint(path, `\n${form(`../${to}/b.ts`)}`);
        assert.equal(found.length, wrong ? 1 : 0, form(to));
        if (wrong) {
          assert.equal(found[0]?.path, path);
          assert.equal(found[0]?.line, 2);
          assert.match(found[0]?.message ?? '', new RegExp(`${from} may not import .*${to}`));
        }
      }
    });
  }
}

test('the arrows of the design are the arrows of rooms.json', () => {
  const arrow = (from: string, to: string, toFile = 'b.ts') => allowed(rooms, from, 'a.ts', to, toFile);
  assert.equal(arrow('evidence', 'sim'), false);
  assert.equal(arrow('client', 'sim'), false);
  assert.equal(arrow('mesh', 'oci'), false);
  assert.equal(arrow('cli', 'sim'), false);
  assert.equal(arrow('cli', 'sim', 'anchor.ts'), true);
  assert.equal(arrow('cli', 'cas'), false);
  assert.equal(allowed(rooms, 'cas', 'cas.ts', 'sim', 'quote.ts'), false);
  assert.equal(allowed(rooms, 'cas', 'cas-sim.ts', 'sim', 'quote.ts'), true);
  assert.deepEqual(rooms['core']?.imports, []);
});

test('a file that may import more is an entry point: nobody imports it, and so nobody gets what it imports', () => {
  assert.equal(lint('src/cas/cas.ts', `import './cas-sim.ts';`).length, 1);
  assert.match(lint('src/cas/cas.ts', `import './cas-sim.ts';`)[0]?.message ?? '', /entry point/);
});

test('the finer exception of one file does not leak to a file of the same name in a folder', () => {
  assert.equal(lint('src/cas/store/cas-sim.ts', `import '../../sim/quote.ts';`).length, 1);
});

test('a path is judged by where it ends, not by how it is written', () => {
  assert.equal(lint('src/pki/der/a.ts', `import '../../core/bytes.ts';`).length, 0);
  assert.equal(lint('src/pki/der/a.ts', `import '../../pki/../sim/quote.ts';`).length, 1);
  assert.equal(lint('src/pki/a.ts', `import '../../src/cas/a.ts';`).length, 1);
});

test('an import of something outside src is refused', () => {
  assert.equal(lint('src/cli/a.ts', `import '../../scripts/rooms.ts';`).length, 1);
  assert.equal(lint('src/cli/a.ts', `import '../../test/support/temp.ts';`).length, 1);
  assert.equal(lint('src/cli/a.ts', `import '../../../elsewhere/a.ts';`).length, 1);
});

test('package.json is the only file outside src that production code reads, for the version', () => {
  assert.deepEqual(lint('src/cli/a.ts', `import x from '../../package.json' with { type: 'json' };`), []);
  assert.equal(lint('src/cli/a.ts', `import x from '../../rooms.json' with { type: 'json' };`).length, 1);
});

test('an unknown room folder and a file in no room are errors', () => {
  assert.match(lint('src/utils/a.ts', '')[0]?.message ?? '', /utils is no room/);
  assert.match(lint('src/a.ts', '')[0]?.message ?? '', /in no room/);
  assert.match(lint('src/cli/a.ts', `import '../utils/a.ts';`)[0]?.message ?? '', /in no room/);
});

test('production code imports no test, even of its own room', () => {
  assert.match(lint('src/core/a.ts', `import './b.test.ts';`)[0]?.message ?? '', /may not import the test/);
});

test('a test may use the whole project and the outside world', () => {
  const text = `import '../sim/quote.ts'; import 'node:fs'; import 'fast-check'; new Date();`;
  assert.deepEqual(lint('src/core/a.test.ts', text), []);
});

for (const name of names.filter((room) => rooms[room]?.pure === true)) {
  test(`${name} is pure: it reaches nothing outside, whatever the form`, () => {
    const builtins = ['fs', 'fs/promises', 'net', 'http', 'http2', 'https', 'tls', 'dgram', 'dns/promises', 'os'];
    for (const builtin of [...builtins, 'child_process', 'worker_threads', 'cluster', 'process', 'sqlite']) {
      for (const form of forms) {
        assert.equal(lint(`src/${name}/a.ts`, form(`node:${builtin}`)).length, 1, form(builtin));
        assert.equal(lint(`src/${name}/a.ts`, form(builtin)).length, 1, `without node: ${form(builtin)}`);
      }
    }
    for (const use of impurities) assert.equal(lint(`src/${name}/a.ts`, use).length, 1, use);
    for (const use of purities) assert.deepEqual(lint(`src/${name}/a.ts`, use), [], use);
  });
}

const impurities = [
  `const x = process.env['HOME'];`,
  `const { env } = process;`,
  `const x = globalThis.process;`,
  `const x = Date.now();`,
  `const x = Date['now']();`,
  `const x = [1].map(Date.now);`,
  `const x = new Date();`,
  `const x = Date();`,
  `const x = performance.now();`,
  `const x = Math.random();`,
  `const x = crypto.randomUUID();`,
  `const x = await fetch('https://example.org');`,
  `const x = fetch;`,
  `import { randomBytes } from 'node:crypto';`,
  `import { randomBytes as bytes } from 'node:crypto';`,
  `import { randomUUID, createHash } from 'node:crypto';`,
  `import { generateKeyPairSync } from 'node:crypto';`,
  `import * as c from 'node:crypto';`,
  `import c from 'node:crypto';`,
];

const purities = [
  `import { createHash, createHmac, verify } from 'node:crypto';`,
  `const x = new Date(0); const y = Date.UTC(2026, 1);`,
  `function f(now: Date, fetch: () => string) { return fetch() + now; }`,
  `function f({ fetch }: { fetch: () => string }) { return fetch(); }`,
  `// new Date(), process.env\nconst x = 'import("node:fs")';`,
  `const x = { process: 1 }.process;`,
  `import { parse } from 'yaml'; import { serve } from '@hono/node-server/x';`,
];

test('only the files named as sources of a pure room may read the clock', () => {
  assert.deepEqual(lint('src/core/clock.ts', 'export const now = () => new Date();'), []);
  assert.equal(lint('src/core/digest.ts', 'export const now = () => new Date();').length, 1);
});

test('production code uses the packages of dependencies only', () => {
  assert.deepEqual(lint('src/cli/a.ts', `import 'yaml'; import 'node:fs';`), []);
  assert.equal(lint('src/cli/a.ts', `import 'fast-check';`).length, 1);
  assert.equal(lint('src/cli/a.ts', `import '@hono/other';`).length, 1);
});

test('a computed import and a file that does not parse are errors, not silence', () => {
  assert.match(lint('src/cli/a.ts', 'const x = await import(process.argv[2]);')[0]?.message ?? '', /computed/);
  assert.equal(lint('src/cli/a.ts', 'import {').length, 1);
});

test('rooms.json itself is judged: unknown rooms and circles', () => {
  const circle: Rooms = {
    a: { what: '', imports: ['b'] },
    b: { what: '', imports: ['c'] },
    c: { what: '', imports: ['a'] },
  };
  assert.equal(lint('src/a/x.ts', '', circle).length, 3);
  const unknown: Rooms = { a: { what: '', imports: ['b'] } };
  assert.match(lint('src/a/x.ts', '', unknown)[0]?.message ?? '', /b, which does not exist/);
});
