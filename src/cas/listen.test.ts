import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SconeError } from '../core/errors.ts';
import { listenText, parseListen } from './listen.ts';

test('an address to listen on is a host and a port, or a port of this machine alone', () => {
  assert.deepEqual(parseListen('0.0.0.0:8081', 'x'), { host: '0.0.0.0', port: 8081 });
  assert.deepEqual(parseListen('[::1]:0', 'x'), { host: '::1', port: 0 });
  assert.deepEqual(parseListen('localhost:1', 'x'), { host: 'localhost', port: 1 });
  assert.deepEqual(parseListen('8081', 'x'), { host: '127.0.0.1', port: 8081 });
  for (const wrong of ['', 'host', 'host:', ':1', '::1:1', 'a b:1', 'h:65536', 'h:-1', 'h:1x', '/tmp/socket']) {
    assert.throws(
      () => parseListen(wrong, 'x'),
      (error) => error instanceof SconeError && error.code === 'E_USAGE',
      wrong,
    );
  }
});

test('the text of an address reads back as that address', () => {
  for (const address of [
    { host: '::1', port: 5 },
    { host: '127.0.0.1', port: 65_535 },
  ]) {
    assert.deepEqual(parseListen(listenText(address.host, address.port), 'x'), address);
  }
});
