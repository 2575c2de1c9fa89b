import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SconeError } from '../../core/errors.ts';
import { InteractiveReporter } from './interactive.ts';

/** What a terminal shows in the end: each line as it was drawn last. */
function screen(written: string): string[] {
  return written.split('\n').map((line) => line.split('\r\u001b[2K').at(-1) ?? '');
}

function reporter() {
  const written = { out: '', err: '' };
  const made = new InteractiveReporter({
    out: (text) => void (written.out += text),
    err: (text) => void (written.err += text),
    colours: false,
    readText: () => undefined,
  });
  return { made, written };
}

test('each step moves while it is worked on, and stays with a mark and its time', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { made, written } = reporter();
  made.progress('first');
  const before = written.err;
  t.mock.timers.tick(250);
  assert.ok(written.err.length > before.length);
  made.progress('second');
  made.success({ result: 1, text: 'done' });
  assert.deepEqual(screen(written.err), ['✓ first', '✓ second', '']);
  assert.equal(written.out, 'done\n');
  const after = written.err;
  t.mock.timers.tick(1000);
  assert.equal(written.err, after);
});

test('a step that fails is marked, and warnings stand above the step in work', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { made, written } = reporter();
  made.progress('working');
  made.warning(new SconeError('E_LIMIT', 'slow'));
  made.notice('NOT CONFIDENTIAL');
  made.failure(new SconeError('E_STORE', 'full'));
  assert.deepEqual(screen(written.err), [
    'warning E_LIMIT: slow',
    'NOT CONFIDENTIAL',
    '✗ working',
    'error E_STORE: full',
    '',
  ]);
});

test('after a pause nothing is drawn, so that others can write', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { made, written } = reporter();
  made.progress('starting');
  made.pause();
  const after = written.err;
  t.mock.timers.tick(1000);
  assert.equal(written.err, after);
  assert.ok(after.endsWith('\n'));
});
