import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SconeError } from '../core/errors.ts';
import { type TarLimits, untar } from './untar.ts';

interface Header {
  name?: string;
  flag?: string;
  size?: string;
  target?: string;
  magic?: string;
  checksum?: string;
  body?: Uint8Array;
}

/** One member with exactly these fields, right or wrong; the checksum is right unless given. */
function member(fields: Header): Buffer {
  const header = Buffer.alloc(512);
  const body = fields.body ?? Buffer.alloc(0);
  header.write(fields.name ?? 'file', 0, 100, 'latin1');
  header.write('0000644\x000000000\x000000000\0', 100, 'latin1');
  header.write(fields.size ?? `${body.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write('00000000000\0', 136, 'latin1');
  header.write('        ', 148, 'latin1');
  header.write(fields.flag ?? '0', 156, 'latin1');
  header.write(fields.target ?? '', 157, 100, 'latin1');
  header.write(fields.magic ?? 'ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(fields.checksum ?? `${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
}

const end = Buffer.alloc(1024);

function pax(...records: string[]): Buffer {
  return member({ flag: 'x', name: 'PaxHeaders/x', body: Buffer.from(records.join(''), 'latin1') });
}

function record(keyword: string, value: string): string {
  const rest = ` ${keyword}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length++;
  return `${length}${rest}`;
}

async function paths(archive: Uint8Array, limits?: TarLimits): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of untar([archive], limits)) found.push(path);
  return found;
}

async function refuses(parts: readonly Uint8Array[], problem: RegExp, code = 'E_FORMAT'): Promise<void> {
  await assert.rejects(paths(Buffer.concat(parts)), (error) => {
    assert.ok(error instanceof SconeError);
    assert.equal(error.code, code);
    assert.match(error.message, problem);
    return true;
  });
}

test('a plain archive is read, ./ and trailing slashes are no part of a name', async () => {
  const archive = [
    member({ name: './', flag: '5' }),
    member({ name: './a/', flag: '5' }),
    member({ name: 'a/b' }),
    end,
  ];
  assert.deepEqual(await paths(Buffer.concat(archive)), ['/', '/a', '/a/b']);
  assert.deepEqual(await paths(Buffer.concat([member({ name: '/', flag: '5' }), end])), ['/']);
});

test('a body that nobody reads, or that is read in part, is skipped', async () => {
  const archive = Buffer.concat([
    member({ name: 'one', body: Buffer.alloc(2000, 1) }),
    member({ name: 'two', body: Buffer.alloc(700, 2) }),
    end,
  ]);
  const found: string[] = [];
  function* cut(): Generator<Uint8Array> {
    for (let at = 0; at < archive.length; at += 100) yield archive.subarray(at, at + 100);
  }
  for await (const { path, body } of untar(cut())) {
    found.push(path);
    if (path === '/one') {
      for await (const part of body) {
        assert.ok(part.length > 0);
        break;
      }
    }
  }
  assert.deepEqual(found, ['/one', '/two']);
});

test('50: names with "..", absolute names and empty names are refused', async () => {
  await refuses([member({ name: '../etc/passwd' }), end], /name with "\.\."/);
  await refuses([member({ name: 'a/../../b' }), end], /name with "\.\."/);
  await refuses([member({ name: '/etc/passwd' }), end], /absolute name/);
  await refuses([member({ name: '' }), end], /empty or too long name/);
  await refuses([pax(record('path', '../x')), member({}), end], /name with "\.\."/);
  await refuses([pax(record('path', '/x')), member({}), end], /absolute name/);
  await refuses([pax(record('path', 'a\0b')), member({}), end], /empty or too long name/);
  await refuses([member({ flag: 'L', body: Buffer.from('/abs\0') }), member({}), end], /absolute name/);
});

test('50: a hard link out of the archive is refused', async () => {
  await refuses([member({ flag: '1', target: '../../etc/shadow' }), end], /name with "\.\."/);
  await refuses([member({ flag: '1', target: '/etc/shadow' }), end], /absolute name/);
  await refuses([pax(record('linkpath', '/etc/shadow')), member({ flag: '1', target: 'x' }), end], /absolute name/);
  await refuses([member({ flag: '1' }), end], /link without a target/);
  await refuses([member({ flag: '2' }), end], /link without a target/);
});

test('50: the same name twice is refused, in whatever spelling', async () => {
  await refuses([member({ name: 'a' }), member({ name: './a' }), end], /a name twice: \/a/);
  await refuses([member({ name: 'a' }), member({ name: 'a/', flag: '5' }), end], /a name twice/);
});

test('50: more members or bytes than the limits is an E_LIMIT', async () => {
  const three = Buffer.concat([member({ name: 'a' }), member({ name: 'b' }), member({ name: 'c' }), end]);
  await assert.rejects(paths(three, { members: 2, bytes: 100 }), { code: 'E_LIMIT' });
  const large = Buffer.concat([member({ name: 'a', body: Buffer.alloc(101) }), end]);
  await assert.rejects(paths(large, { members: 2, bytes: 100 }), { code: 'E_LIMIT' });
  await refuses([member({ flag: 'x', size: '00010000000\0' })], /longer than/, 'E_LIMIT');
});

test('50: directories nested deeper than anybody does is an E_LIMIT', async () => {
  const deep = (depth: number): Buffer[] => [pax(record('path', Array(depth).fill('d').join('/'))), member({}), end];
  assert.equal((await paths(Buffer.concat(deep(256)))).length, 1);
  await refuses(deep(257), /nests directories deeper than 256/, 'E_LIMIT');
});

test('50: a size that the archive only claims ends in an error, not in memory', async () => {
  await refuses([member({ size: '77777777777\0' }), end], /ends too early/);
  await refuses([pax(record('size', '9007199254740991')), member({}), end], /more than is taken/, 'E_LIMIT');
});

test('a header that lies about itself is refused', async () => {
  await refuses([member({ checksum: '000000\0 ' }), end], /wrong checksum/);
  await refuses([member({ magic: 'tar\0\0\0\0\0' }), end], /not ustar/);
  await refuses([member({ size: '0000000009x\0' }), end], /number that is none/);
  await refuses([member({ size: `\xff${'\xff'.repeat(11)}` }), end], /number out of range/);
  await refuses([member({ flag: 'S' }), end], /unknown type "S"/);
  await refuses([member({ flag: 'g', body: Buffer.from(record('path', 'x')) }), member({}), end], /global extended/);
  await refuses([pax(record('GNU.sparse.major', '1')), member({}), end], /sparse/);
  await refuses([pax(record('size', '1e3')), member({}), end], /number that is none/);
  await refuses([pax(record('path', 'a'), record('path', 'b')), member({}), end], /keyword twice/);
  await refuses([pax('9 path=xx'), member({}), end], /malformed extended/);
  await refuses([pax('99 path=x\n'), member({}), end], /malformed extended/);
  await refuses([pax('5 x=\n6 x\n'), member({}), end], /malformed extended/);
});

test('an archive may lack its end mark, but no member may be cut, and nothing may follow the end', async () => {
  assert.deepEqual(await paths(Buffer.concat([])), []);
  assert.deepEqual(await paths(member({ name: 'a', body: Buffer.alloc(600) })), ['/a']);
  assert.deepEqual(await paths(member({ name: 'a', body: Buffer.alloc(600) }).subarray(0, 1112)), ['/a']);
  await refuses([member({}).subarray(0, 300)], /ends too early/);
  await refuses([member({ body: Buffer.alloc(600) }).subarray(0, 900)], /ends too early/);
  await refuses([member({ flag: 'L', body: Buffer.from('name') }).subarray(0, 514)], /ends too early/);
  await refuses([member({}), end, member({ name: 'b' })], /behind its end/);
});

test('any bytes give members or our own error', async () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 1200 }),
    fc
      .record({
        name: fc.string({ maxLength: 20 }),
        flag: fc.string({ minLength: 1, maxLength: 1 }),
        target: fc.string(),
      })
      .map(member),
    fc.string({ maxLength: 60 }).map((text) => pax(text)),
    fc.constant(end),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
      try {
        await paths(Buffer.concat(pieces));
      } catch (error) {
        assert.ok(error instanceof SconeError, String(error));
      }
    }),
    { numRuns: 300 },
  );
});

test('50: extended headers that never come to a member, or fill the memory, are refused', async () => {
  const big = 'x'.repeat(1 << 19);
  function* endless(): Generator<Uint8Array> {
    for (let i = 0; i < 1000; i++) yield pax(record(`SCHILY.xattr.user.a${i}`, big));
  }
  const one = async (archive: Iterable<Uint8Array>): Promise<void> => {
    for await (const { path } of untar(archive)) assert.ok(path);
  };
  await assert.rejects(one(endless()), { code: 'E_FORMAT', message: /extended headers/ });
  function* many(): Generator<Uint8Array> {
    for (let i = 0; i < 1000; i++) {
      yield pax(record('SCHILY.xattr.user.a', big));
      yield member({ name: `f${i}` });
    }
  }
  await assert.rejects(one(many()), { code: 'E_LIMIT', message: /extended headers/ });
});
