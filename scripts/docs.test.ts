import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { notice, table } from './docs/page.ts';
import { pages } from './docs.ts';
import { root } from './environment.ts';

for (const [path, make] of Object.entries(pages)) {
  test(`${path} says what the code says (else: npm run docs)`, () => {
    assert.equal(readFileSync(join(root, path), 'utf8'), make());
  });
}

test('every page that claims to be generated is', () => {
  const claimed = globSync('docs/**/*.md', { cwd: root }).filter((path) =>
    readFileSync(join(root, path), 'utf8').startsWith(notice),
  );
  const made = Object.keys(pages).filter((path) => path.endsWith('.md'));
  assert.deepEqual(claimed.sort(), made.sort());
});

test('links between pages lead to files', () => {
  for (const path of ['README.md', 'SECURITY.md', 'CHANGELOG.md', ...globSync('docs/**/*.md', { cwd: root })]) {
    const text = readFileSync(join(root, path), 'utf8').replace(/^```[\s\S]*?^```/gm, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      assert.ok(existsSync(join(root, dirname(path), target)), `${path} links to ${target}, which is not there`);
    }
  }
});

test('a cell cannot break its table', () => {
  assert.equal(table(['a'], [['x|y\n z']]), '| a |\n| --- |\n| x\\|y z |');
});
