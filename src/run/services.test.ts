import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failureText, userOf } from './services.ts';

test('a service runs as the user that its image names, and never as root', () => {
  assert.deepEqual(userOf('web', '65532:65532'), { uid: 65_532, gid: 65_532 });
  assert.deepEqual(userOf('web', '1000:0'), { uid: 1000, gid: 0 });
  for (const form of ['', 'nonroot', '65532', '1:2:3', '-1:1', ' 1:1', '12345678901:1']) {
    assert.equal(userOf('web', form), undefined, form);
  }
  for (const root of ['0:0', '00:0', '0:65532']) {
    assert.throws(() => userOf('web', root), { code: 'E_IMAGE', found: root, message: /web runs as root/ });
  }
});

test('what failed is told with its exit code, where it came as far as that', () => {
  assert.equal(failureText({ service: 'server', code: 101 }), 'server ended with 101');
  assert.equal(failureText({ service: 'server', code: undefined }), 'server could not be started');
});
