import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { SconeError } from '../core/errors.ts';
import { type Part, parseArgument, parsePlaceholders, parseVariable } from './placeholders.ts';

function written(part: Part): string {
  if ('text' in part) return part.text;
  if (!('secret' in part)) throw new Error('no such part in a text');
  const format = part.format === undefined ? '' : `:${part.format}`;
  return `$$SCONE::${part.secret}${format}${part.escape === undefined ? '' : '|escape(json)'}$$`;
}

test('a text without placeholders is one piece of text', () => {
  for (const text of ['plain', '$', '$$', '$HOME', '{{x}}', '@@1', '$SCONE::x$', '\\@\\@X', 'a\nb', '$$SCONE:x$$']) {
    assert.deepEqual(parsePlaceholders(text), [{ text }]);
  }
  assert.deepEqual(parsePlaceholders(''), []);
});

test('a placeholder is split from the text around it, with format and encoding', () => {
  assert.deepEqual(parsePlaceholders('a$$SCONE::x$$b$$SCONE::k:base64|escape(json)$$'), [
    { text: 'a' },
    { secret: 'x' },
    { text: 'b' },
    { secret: 'k', format: 'base64', escape: 'json' },
  ]);
  assert.deepEqual(parsePlaceholders('$$SCONE::x$$$$SCONE::y.crt$$'), [{ secret: 'x' }, { secret: 'y.crt' }]);
  assert.deepEqual(parsePlaceholders('$$SCONE::c:privatekey:pkcs8:der$$'), [
    { secret: 'c', format: 'privatekey:pkcs8:der' },
  ]);
});

test('dollars in front of a placeholder are text', () => {
  assert.deepEqual(parsePlaceholders('$$$SCONE::x$$'), [{ text: '$' }, { secret: 'x' }]);
  assert.deepEqual(parsePlaceholders('$$SCONE::x$$$'), [{ secret: 'x' }, { text: '$' }]);
});

test('a placeholder that is not closed, empty, nested or of another form is refused', () => {
  for (const text of [
    '$$SCONE::password',
    '$$SCONE::$$',
    '$$SCONE::a b$$',
    '$$SCONE::a|upper$$',
    '$$SCONE::a:$$',
    '$$SCONE::$$SCONE::x$$$$',
    '$$SCONE::{{x}}$$',
    '$$SCONE::../x$$',
  ]) {
    assert.throws(() => parsePlaceholders(text), { name: 'SconeError', code: 'E_SESSION' }, text);
  }
});

test('45: what a placeholder yields is never looked at again, because the parts are found once', () => {
  const [part] = parsePlaceholders('$$SCONE::a$$');
  assert.deepEqual(part, { secret: 'a' });
  const value = '$$SCONE::b$$';
  const resolved = parsePlaceholders('x$$SCONE::a$$').map((one) => ('text' in one ? one.text : value));
  assert.equal(resolved.join(''), 'x$$SCONE::b$$');
});

test('72: @@1 is a host argument only as a whole element of a command', () => {
  assert.deepEqual(parseArgument('@@1'), [{ host_arg: 1 }]);
  assert.deepEqual(parseArgument('@@0'), [{ host_arg: 0 }]);
  for (const text of ['--x=@@1', '@@', '@@01', '@@1 ', '@@1@@2', '@@-1', '@@999999']) {
    assert.deepEqual(parseArgument(text), [{ text }]);
  }
  assert.deepEqual(parseVariable('X', '@@1'), { name: 'X', parts: [{ text: '@@1' }] });
});

test('a variable of the host is named by its key, and the value beside it does not count', () => {
  assert.deepEqual(parseVariable('\\@\\@TZ', 'ignored'), { name: 'TZ', parts: [{ host_env: 'TZ' }] });
  assert.deepEqual(parseVariable('@@TZ', 'x'), { name: '@@TZ', parts: [{ text: 'x' }] });
});

test('the parts of any text, written again, are that text, and hostile text gives only our error', () => {
  const piece = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('$$SCONE::', '$$', '$', 'name', ':hex', '|escape(json)', '$$SCONE::a$$', '{{b}}', '@@1'),
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join('')),
      (text) => {
        try {
          assert.equal(parsePlaceholders(text).map(written).join(''), text);
        } catch (error) {
          assert.ok(error instanceof SconeError && error.code === 'E_SESSION', String(error));
        }
      },
    ),
  );
});
