import { memories } from './cas-memories.ts';
import type { Run } from './context.ts';

/** `sconectl cas list`: what is pinned here, and the newest size seen of each ledger. */
export const run: Run = async (context) => {
  const found: {
    cas: string;
    mode: string;
    key: string;
    ledger: string;
    attested: string;
    records?: number;
    file: string;
  }[] = [];
  for (const memory of await memories(context, context.folder)) {
    const { cas, heads } = await memory.read();
    for (const mode of ['production', 'simulation'] as const) {
      for (const [address, pin] of Object.entries(cas[mode])) {
        const records = heads[pin.ledger]?.seen.at(-1)?.size;
        found.push({
          cas: address,
          mode,
          key: pin.cas_key,
          ledger: pin.ledger,
          attested: pin.attested,
          ...(records === undefined ? {} : { records }),
          file: memory.path,
        });
      }
    }
  }
  const lines = found.map(({ cas, mode, key, records = 0, file }) =>
    [cas, mode === 'production' ? mode : 'NOT CONFIDENTIAL', key, `${records} records`, file].join('  '),
  );
  return { result: found, text: lines.length === 0 ? 'no CAS was attested from here yet' : lines.join('\n') };
};
