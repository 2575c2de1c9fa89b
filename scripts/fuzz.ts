// Changes good samples of every format of hostile origin at random and reads them: nothing but our own error class may
// come out, and no changed byte that is signed may be accepted. `npm run fuzz` takes long; `npm test` has a short run.
//   npm run fuzz                       200,000 changes of each format
//   npm run fuzz -- 5000 'snp report'  so many, of the formats named
import { randomBytes } from 'node:crypto';
import { formats, mutate } from '../test/evidence/mutation.ts';

const [first, ...rest] = process.argv.slice(2);
const counted = first !== undefined && /^\d+$/.test(first);
const count = counted ? Number(first) : 200_000;
const named = counted || first === undefined ? rest : [first, ...rest];
/** How many changes lie between two lines of progress. */
const step = 20_000;

const all = formats();
const unknown = named.filter((name) => !all.some((format) => format.name === name));
if (unknown.length > 0) {
  console.error(`no format is called ${unknown.join(', ')}; there are: ${all.map(({ name }) => name).join(', ')}`);
  process.exit(2);
}
for (const format of all.filter(({ name }) => named.length === 0 || named.includes(name))) {
  const began = performance.now();
  for (let done = 0; done < count && process.exitCode !== 1; done += step) {
    for (const finding of mutate(
      format,
      Math.min(step, count - done),
      (length) => new Uint8Array(randomBytes(length)),
    )) {
      console.error(`FAILED ${finding.format}: ${finding.problem}\n${finding.bytes}`);
      process.exitCode = 1;
    }
    console.log(
      `${format.name}: ${Math.min(count, done + step)} changes, ${((performance.now() - began) / 1000).toFixed(0)} s`,
    );
  }
}
